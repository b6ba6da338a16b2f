package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/store/storetest"
)

// stable takes what differs from run to run out of an output; what takes its place is as long.
type stable struct{ ids map[string]string }

var (
	aToken = regexp.MustCompile(`scimbridge_[A-Z2-7]{26}`)
	anID   = regexp.MustCompile(`\b[0-9a-f]{8}\b`)
	aTime  = regexp.MustCompile(`\d{4}-\d\d-\d\d([T ])\d\d:\d\d(:\d\d)?Z`)
)

func (s *stable) text(output string) string {
	output = aToken.ReplaceAllString(output, "scimbridge_ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	output = anID.ReplaceAllStringFunc(output, func(id string) string {
		if s.ids[id] == "" {
			s.ids[id] = fmt.Sprintf("%08d", len(s.ids)+1)
		}
		return s.ids[id]
	})
	return aTime.ReplaceAllStringFunc(output, func(moment string) string {
		if strings.HasPrefix(moment, "2099") { // as it was asked for
			return moment
		}
		return map[int]string{17: "2026-11-27 12:00Z", 20: "2026-11-27T12:00:00Z"}[len(moment)]
	})
}

// TestTokenCommand holds each command's help, text and JSON to testdata/token.txtar.
func TestTokenCommand(t *testing.T) {
	config, o := configuration(t, "ldap://127.0.0.1:1"), storetest.SQLite(t)
	environ := []string{"USER=admin", "SCIMBRIDGE_STORE_FILE=" + o.File}
	code, _, stderr := program(t, environ, "token", "new", "entra", "--config", config)
	if _, err := os.Stat(o.File); code != exitFault || !strings.Contains(stderr, "serve makes it") || !os.IsNotExist(err) {
		t.Errorf("a store that is root's is made: exit code %d, %s, %v", code, stderr, err)
	}
	storetest.Open(t, o)
	normal := &stable{ids: map[string]string{}}
	golden(t, "testdata/token.txtar", func(section string) string {
		line, storeless := strings.CutSuffix(section, " (without a store)")
		arguments, env := strings.Fields(line), environ
		if storeless {
			env = environ[:1]
		}
		for i, argument := range arguments { // the first, the second … token's id
			if n, isID := strings.CutPrefix(argument, "#"); isID {
				for id, stands := range normal.ids {
					if strings.TrimLeft(stands, "0") == n {
						arguments[i] = id
					}
				}
			}
		}
		return prints(t, env, config, normal.text, append([]string{"token"}, arguments...)...)
	})
}

// TestTokensAreOnRecord: who made a token, and who revoked it, stands in the journal, without the token; what was refused does not.
func TestTokensAreOnRecord(t *testing.T) {
	file := configuration(t, "ldap://127.0.0.1:1")
	o := storetest.SQLite(t)
	storetest.Open(t, o)
	environ := []string{"USER=admin", "SCIMBRIDGE_STORE_FILE=" + o.File}
	command := func(want int, line string) string {
		t.Helper()
		code, stdout, stderr := program(t, environ, append(strings.Fields(line), "--config", file)...)
		if code != want {
			t.Fatalf("%s: exit code %d: %s", line, code, stderr)
		}
		return stdout
	}
	made := command(exitOK, "token new entra --role reader --user mara --address 20.0.0.0/8 --expires 2099-01-31")
	secret, _, _ := strings.Cut(made, "\n")
	command(exitFault, "token new entra --role operator")
	command(exitFault, "token revoke nobody")
	command(exitOK, "token revoke entra")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	listed := command(exitOK, "journal list entra --type token")
	const detail = "role reader, user mara, from 20.0.0.0/8, expires 2099-02-01 00:00Z"
	for n, operation := range []string{"revoke token", "make token  "} {
		want := "written       admin       " + operation + "  entra                     " + detail
		if lines := strings.Split(listed, "\n"); len(lines) != 4 || !strings.HasSuffix(lines[n+1], want) {
			t.Errorf("%s\nwant %s", listed, want)
		}
	}
	shown := command(exitOK, "journal show "+strings.Fields(strings.Split(listed, "\n")[2])[2])
	for _, want := range []string{": make token entra\n", "  what       " + detail + "\n", "  caller     admin, from " + host + "\n"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%s\nwant %q", shown, want)
		}
	}
	if strings.Contains(listed+shown+command(exitOK, "journal export"), strings.TrimPrefix(secret, "scimbridge_")) {
		t.Error("the token stands in the journal")
	}
	if code, _, stderr := program(t, environ, "journal", "forget", "entra", "--config", file); code != exitFault {
		t.Errorf("a token is taken for a person: %d %s", code, stderr)
	}
	command(exitOK, "journal forget mara --apply")
	shown = command(exitOK, "journal list")
	if strings.Contains(shown, "mara") || strings.Count(shown, "entra                     (forgotten)") != 2 {
		t.Errorf("of who is forgotten there is\n%s", shown)
	}
	if verified := command(exitOK, "journal verify"); !strings.HasPrefix(verified, "records 3,") ||
		!strings.Contains(verified, "erased 2, faults 0") {
		t.Error(verified)
	}
}

// TestStoredTokensAreServed: a token that is made while the bridge runs is valid, and one that is revoked is not, within a moment.
func TestStoredTokensAreServed(t *testing.T) {
	ldap := company(t)
	file := configuration(t, ldap.URL())
	environ := []string{"SCIMBRIDGE_STORE_FILE=" + filepath.Join(t.TempDir(), "store.db")}
	log, stop, ended := start(t, file, environ)
	root, told := listening(t, log)
	ready(t, root, "ok")
	command := func(arguments ...string) string {
		t.Helper()
		code, stdout, stderr := program(t, environ, append(append([]string{"token"}, arguments...), "--config", file)...)
		if code != exitOK {
			t.Fatal(stderr)
		}
		return stdout
	}
	comes := func(method, token string, want int) {
		t.Helper()
		got := 0
		for until := time.Now().Add(time.Minute); got != want && time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
			answer := send(t, method, root+"/Users", token, `{"userName":"u"}`)
			answer.Body.Close()
			got = answer.StatusCode
		}
		if got != want {
			t.Fatalf("%s: %d, want %d", method, got, want)
		}
	}
	secret := aToken.FindString(command("new", "hr", "--role", "reader"))
	comes(http.MethodGet, secret, 200)
	comes(http.MethodPost, secret, 403)
	command("revoke", "hr")
	comes(http.MethodGet, secret, 401)
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if list := command("list", "--all"); !strings.Contains(list, "from 127.0.0.1") || strings.Contains(list, secret) {
		t.Error(list)
	}
	for line := range told {
		if strings.Contains(line, secret) {
			t.Errorf("a token in %s", line)
		}
	}
}

// TestLasts: a token whose end is that of a day is shown with the day, as it was asked for.
func TestLasts(t *testing.T) {
	for until, want := range map[time.Time]string{
		time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC):                                       "end of 2027-01-31",
		time.Date(2027, 2, 1, 1, 0, 0, 0, time.FixedZone("", int(time.Hour/time.Second))): "end of 2027-01-31",
		time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC):                                     "2027-01-31 12:00Z",
		time.Date(2027, 2, 1, 0, 0, 1, 0, time.UTC):                                       "2027-02-01 00:00Z",
		{}: "never",
	} {
		if got := lasts(until); got != want {
			t.Errorf("%v: %s, want %s", until, got, want)
		}
	}
}
