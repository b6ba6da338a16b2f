package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/memdir"
)

// recorded are the files of requests that TestReplayCommand plays, in the folder `recorded`.
var recorded = map[string]string{
	"cycle.txtar": `What a client sent.
-- request create --
POST /Users

{"userName":"nora@corp.example","displayName":"Nora","title":"Clerk"}
-- plan --
which is not read
-- request disable --
PATCH /Users/{nora}

{"Operations":[{"op":"replace","path":"displayName","value":"Nora L"}]}
-- request delete --
DELETE /Users/{mara}
`,
	"pages.http": `GET /Users/{mara} HTTP/1.1

### another
POST /Users HTTP/1.1

{"userName":"mara"}
`,
	"empty.txtar": "Nothing.\n",
}

// TestReplayCommand holds the command's help, text and JSON to testdata/replay.txtar: each section is a command line, or a request of a
// client's with its body behind a bar. new.yaml keeps displayName elsewhere and has a title, narrow.yaml takes nobody whose name is short.
func TestReplayCommand(t *testing.T) {
	directory := company(t)
	file := configuration(t, directory.URL())
	folder := t.TempDir()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) string {
		name = filepath.Join(folder, name)
		if err := errorsOf(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for name, text := range recorded {
		put("recorded/"+name, text)
	}
	put("new.yaml", strings.Replace(string(text), "      - {scim: displayName, ldap: cn, empty: userName}\n",
		"      - {scim: displayName, ldap: displayName}\n      - {ldap: cn, value: userName}\n      - {scim: title, ldap: title}\n", 1))
	put("narrow.yaml", strings.Replace(string(text), "access:", "guard: {protected: ['uid=mara,ou=people,dc=example,dc=org']}\naccess:", 1))
	environ := []string{"USER=admin", "SCIMBRIDGE_STORE_FILE=" + filepath.Join(folder, "store.db")}
	log, stop, ended := start(t, file, environ)
	root, _ := listening(t, log)
	ready(t, root, "ok")
	var ids []string // names and ids
	normal := normalizer{}
	golden(t, "testdata/replay.txtar", func(section string) string {
		verb, rest, _ := strings.Cut(strings.NewReplacer(ids...).Replace(section), " ")
		switch verb {
		case http.MethodPost, http.MethodPatch, http.MethodDelete:
			path, body, _ := strings.Cut(rest, " | ")
			answer := send(t, verb, root+path, token, body)
			var made struct{ ID, UserName string }
			if verb == http.MethodPost && json.NewDecoder(answer.Body).Decode(&made) == nil {
				ids = append(ids, "{"+made.UserName+"}", made.ID)
			}
			answer.Body.Close()
			return answer.Status + "\n"
		}
		arguments := strings.Fields(section)
		for i, argument := range arguments {
			if strings.HasSuffix(argument, ".yaml") || strings.HasPrefix(argument, "recorded") {
				arguments[i] = filepath.Join(folder, argument)
			}
		}
		return strings.ReplaceAll(prints(t, environ, file, normal.text, arguments...), folder+"/", "")
	})
	stop()
	<-ended
	before := len(directory.Operations())
	if code, out, _ := program(t, environ, "replay", "--config", file, "--all"); code != exitOK && code != exitDiffers {
		t.Error(out)
	}
	if n := len(directory.Operations()); n != before {
		t.Errorf("%d operations were done", n-before)
	}
}

// TestReplayOfWhatNoMapRefused: an outage and a body of another kind say nothing of the map, which would not answer otherwise now.
func TestReplayOfWhatNoMapRefused(t *testing.T) {
	directory := company(t)
	file := configuration(t, directory.URL())
	environ := []string{"SCIMBRIDGE_STORE_FILE=" + filepath.Join(t.TempDir(), "store.db")}
	log, stop, ended := start(t, file, environ)
	root, _ := listening(t, log)
	ready(t, root, "ok")
	plain, err := http.NewRequestWithContext(t.Context(), http.MethodPost, root+"/Users", strings.NewReader(`{"userName":"mara"}`))
	if err != nil {
		t.Fatal(err)
	}
	plain.Header.Set("Authorization", "Bearer "+token)
	plain.Header.Set("Content-Type", "text/plain")
	if answer, err := http.DefaultClient.Do(plain); err != nil || answer.StatusCode != http.StatusUnsupportedMediaType {
		t.Fatal(answer, err)
	}
	directory.Fault(func(string, string) memdir.Fault { return memdir.Fault{Code: ldap.LDAPResultBusy} })
	if answer := send(t, http.MethodPost, root+"/Users", token, `{"userName":"nora"}`); answer.StatusCode != http.StatusServiceUnavailable {
		t.Fatal(answer.Status)
	}
	directory.Fault(nil)
	stop()
	<-ended
	code, out, _ := program(t, environ, "replay", "--config", file, "--all")
	if code != exitOK || !strings.HasPrefix(out, "Of 2: 2 are passed over.") || !strings.Contains(out, "than the map: media-type") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func errorsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}
