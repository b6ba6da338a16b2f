package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// reloading is the program, whose configuration is changed as it runs.
type reloading struct {
	t     *testing.T
	file  string
	text  string // of the file at the start
	root  string
	lines <-chan string

	environ []string
}

func startReloading(t *testing.T, environ ...string) *reloading {
	t.Helper()
	r := &reloading{t: t, file: configuration(t, company(t).URL()), environ: environ}
	r.begin()
	return r
}

// begin starts it with arguments.
func (r *reloading) begin(arguments ...string) {
	r.t.Helper()
	text, err := os.ReadFile(r.file)
	if err != nil {
		r.t.Fatal(err)
	}
	r.text = string(text)
	log, stop, ended := start(r.t, r.file, r.environ, arguments...)
	r.root, r.lines = listening(r.t, log)
	ready(r.t, r.root, "ok\n")
	t := r.t
	t.Cleanup(func() {
		stop()
		go func() {
			for range r.lines {
			}
		}()
		if code := <-ended; code != exitOK {
			t.Errorf("exit code %d", code)
		}
	})
}

// replace puts another file in the place of the configuration.
func (r *reloading) replace(text string) {
	r.t.Helper()
	if err := os.WriteFile(r.file+".new", []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(r.file+".new", r.file); err != nil {
		r.t.Fatal(err)
	}
}

// put is replace, with a hang-up behind it.
func (r *reloading) put(text string) {
	r.t.Helper()
	r.replace(text)
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		r.t.Fatal(err)
	}
}

// told waits until the log tells of the configuration what holds want, and returns that.
func (r *reloading) told(want string) string {
	r.t.Helper()
	var others []string
	late := time.After(30 * time.Second)
	for {
		select {
		case line := <-r.lines:
			if strings.Contains(line, `"msg":"the configuration `) && strings.Contains(line, want) {
				return line
			}
			others = append(others, line)
		case <-late:
			r.t.Fatalf("nothing tells %s, but\n%s", want, strings.Join(others, "\n"))
		}
	}
}

func (r *reloading) taken(text string) {
	r.t.Helper()
	r.put(text)
	r.told("was taken")
	ready(r.t, r.root, "ok\n")
}

func (r *reloading) with(replacements ...string) string {
	r.t.Helper()
	text := strings.NewReplacer(replacements...).Replace(r.text)
	if text == r.text {
		r.t.Fatalf("nothing is there to be replaced by %q", replacements)
	}
	return text
}

func (r *reloading) ask(method, path, token, body string, want int) map[string]any {
	r.t.Helper()
	answer := send(r.t, method, r.root+path, token, body)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != want {
		r.t.Fatalf("%s %s: %d %s %v, want %d", method, path, answer.StatusCode, content, err, want)
	}
	var fields map[string]any
	if len(content) > 0 && json.Unmarshal(content, &fields) != nil {
		r.t.Fatalf("%s %s: %s", method, path, content)
	}
	return fields
}

// TestReload: each kind of change takes effect, and what is known of clients and of the directory outlasts it.
func TestReload(t *testing.T) {
	r := startReloading(t, "SCIMBRIDGE_STORE_FILE="+filepath.Join(t.TempDir(), "s.db"))
	id := r.ask("POST", "/Users", token, `{"userName":"mara","displayName":"Mara","title":"Captain"}`, 201)["id"].(string)

	// The map.
	attribute := "      - {scim: title, ldap: title}\naccess:"
	r.taken(r.with("access:", attribute))
	r.ask("PATCH", "/Users/"+id, token, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"add","path":"title","value":"Captain"}]}`, 200)
	if shown := r.ask("GET", "/Users/"+id, token, "", 200); shown["title"] != "Captain" {
		t.Errorf("the map did not change: %v", shown)
	}

	// Tokens.
	const other = "bravo-0123456789abcdef"
	r.taken(r.with(token, other))
	r.ask("GET", "/Users/"+id, token, "", 401)
	if shown := r.ask("GET", "/Users/"+id, other, "", 200); shown["title"] != nil {
		t.Errorf("the map did not change: %v", shown)
	}

	// Limits, and how the directory is asked.
	r.taken(r.with("access:", "limits: {page: 7}\naccess:"))
	if shown := r.ask("GET", "/ServiceProviderConfig", token, "", 200); shown["filter"].(map[string]any)["maxResults"] != 7. {
		t.Errorf("the limits did not change: %v", shown)
	}
	r.taken(r.with("directory: {", "directory: {timeout: 7s, "))
	r.ask("GET", "/Users/"+id, token, "", 200)

	// The root.
	r.taken(r.with("listen: {", "listen: {basePath: /other, "))
	r.root = strings.Replace(r.root, "/scim/v2", "/other", 1)
	r.ask("GET", "/Users/"+id, token, "", 200)
	r.root = strings.Replace(r.root, "/other", "/scim/v2", 1)
	r.ask("GET", "/Users/"+id, token, "", 404)

	// What is logged: health checks are for those who ask for debug.
	r.taken(r.with("access:", "log: {level: debug}\naccess:"))
	for line := range r.lines {
		if strings.Contains(line, `"route":"/readyz"`) {
			break
		}
	}
}

// TestReloadTellsNoHintAgain: what could be better stands in the log once for as long as it is so, also behind a look at a directory that
// let nobody in just then; and what will go wrong at each reload.
func TestReloadTellsNoHintAgain(t *testing.T) {
	ldap := company(t)
	r := &reloading{t: t, file: configuration(t, ldap.URL())}
	r.begin()
	told := func(want string) {
		t.Helper()
		wanted := strings.Fields(want)
		codes := ""
		for line := range r.lines {
			_, finding, is := strings.Cut(line, `"msg":"check","code":"`)
			code, _, _ := strings.Cut(finding, `"`)
			if is {
				codes += code + " "
			}
			if is && code == wanted[len(wanted)-1] {
				break
			}
		}
		if strings.TrimSpace(codes) != want {
			t.Errorf("told of %s, want %s", codes, want)
		}
	}
	told("entra-active entra-external-id entra-emails entra-tombstone unseen-indexes unseen-rights")
	r.put(r.with("access:", "      - {scim: externalId, ldap: employeeNumber}\naccess:"))
	told("entra-active unseen-indexes") // of other attributes
	r.put(r.text)
	told("entra-active entra-external-id unseen-indexes")

	ldap.Fault(func(op, _ string) memdir.Fault {
		if op == "bind" {
			return memdir.Fault{Code: 51} // busy
		}
		return memdir.Fault{}
	})
	r.put(r.with("access:", "strict: true\naccess:"))
	told("bind entra-active entra-external-id")
	ldap.Fault(nil)
	r.put(r.text)
	told("entra-active entra-external-id")
	r.put(r.with("access:", "      - {scim: externalId, ldap: employeeNumber}\naccess:"))
	told("entra-active unseen-indexes")
}

// TestReloadOfADryRun: it stays one.
func TestReloadOfADryRun(t *testing.T) {
	r := &reloading{t: t, file: configuration(t, company(t).URL())}
	r.begin("--dry-run")
	r.taken(r.with("directory: {", "directory: {timeout: 7s, "))
	r.ask("POST", "/Users", token, `{"userName":"mara"}`, 201)
	if found := r.ask("GET", "/Users", token, "", 200); found["totalResults"] != 0. {
		t.Errorf("it was written: %v", found)
	}
}

// TestReloadOfABadFile: the configuration before it holds, and what is wrong is told with its place, until the file is right. Who may call
// is as the file says all the same, where it can be told what it says of that.
func TestReloadOfABadFile(t *testing.T) {
	r := startReloading(t)
	const other = "bravo-0123456789abcdef"
	for name, c := range map[string]struct {
		text, want string
		unreadable bool // who may call cannot be told
	}{
		"a misspelt key": {
			text: r.with(token, other, "base:", "bass:"), want: `"place":"` + r.file + `:6:5","key":"resources[0].bass"`,
		},
		"no YAML":         {text: r.with(token, other+"}"), want: r.file + `:2:1","key":"","problem":"is not YAML`, unreadable: true},
		"no YAML above":   {text: r.with(token, other, "base: ", "base: ["), want: `"problem":"is not YAML`},
		"no key of these": {text: r.with("token: "+token, "tokn: "+other), want: `"key":"access.tokn"`, unreadable: true},
		"nothing":         {text: " ", want: `"key":"directory`, unreadable: true},
		"another address": {
			text: r.with(token, other, "127.0.0.1:0", "127.0.0.1:1"),
			want: `:2:10","key":"listen.address","problem":"takes a restart"`,
		},
		"a store": {
			text: r.with(token, other, "access:", "store: {file: s.db}\naccess:"),
			want: `"key":"store.file","problem":"takes a restart"`,
		},
		"no such place": {
			text: r.with(token, other, "ou=people", "ou=nobody"), want: "ou=nobody,dc=example,dc=org: the place is missing",
		},
		"no such attribute": {text: r.with(token, other, "ldap: cn,", "ldap: nothing,"), want: r.file + ":11:"},
		"a wrong password":  {text: r.with(token, other, "password: secret", "password: wrong"), want: "directory.bind"},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			r.put(c.text)
			if told := r.told(c.want); !strings.Contains(told, `"level":"ERROR"`) || strings.Contains(told, other) {
				t.Error(told)
			}
			ready(t, r.root, "ok, but untaken: ")
			valid, invalid := other, token
			if c.unreadable {
				valid, invalid = token, other
			}
			r.ask("GET", "/Users", valid, "", 200)
			r.ask("GET", "/Users", invalid, "", 401)
			r.taken(r.text)
			r.ask("GET", "/Users", token, "", 200)
			r.ask("GET", "/Users", other, "", 401)
		})
	}
}

// TestRemovedTokens: a token that is taken out of the file is refused, and who stays is served, whatever else changes with it: the
// directory is away and the map another one, or the directory another one that does not answer, and all at once while that is waited for.
func TestRemovedTokens(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	const stays = "bravo-0123456789abcdef"
	tokens := filepath.Join(t.TempDir(), "tokens.yaml")
	if err := os.WriteFile(tokens, []byte("- {name: stays, token: "+stays+"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	ldap := company(t)
	r := &reloading{t: t, file: configuration(t, ldap.URL()), environ: []string{"SCIMBRIDGE_ACCESS_TOKENSFILE=" + tokens}}
	r.begin()
	refused := func(token string) {
		t.Helper()
		for until := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			answer := send(t, "GET", r.root+"/ServiceProviderConfig", token, "")
			answer.Body.Close()
			if answer.StatusCode == http.StatusUnauthorized {
				break
			}
			if time.Now().After(until) {
				t.Fatalf("a token that was taken out: %s", answer.Status)
			}
		}
		r.ask("GET", "/ServiceProviderConfig", stays, "", 200)
	}
	ldap.Close()
	const second = "charlie-0123456789abcdef"
	away := []string{"access:", "      - {scim: title, ldap: title}\naccess:"}
	r.replace(r.with(append(away, token, second)...))
	refused(token)
	r.ask("GET", "/ServiceProviderConfig", second, "", 200)

	const third = "delta-0123456789abcdef" // an answer is waited for meanwhile
	elsewhere := []string{ldap.URL(), "ldap://" + silent.Addr().String(), "directory: {", "directory: {timeout: 5m, "}
	r.replace(r.with(append(elsewhere, token, third)...))
	refused(second)
	r.replace(r.with(append(elsewhere, token, "echo-0123456789abcdef")...))
	refused(third)
}

// TestReloadShowsInReadiness: the operator's listener says what is wrong with the file, and where, and goes on with what takes its place.
func TestReloadShowsInReadiness(t *testing.T) {
	r := startReloading(t, "SCIMBRIDGE_ADMIN_ADDRESS=127.0.0.1:0")
	var listens struct{ Msg, URL string }
	for line := range r.lines {
		if err := json.Unmarshal([]byte(line), &listens); err == nil && listens.Msg == "the admin listener listens" {
			break
		}
	}
	parts := func() string {
		t.Helper()
		answer, err := http.Get(listens.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		said, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatal(answer.Status, err)
		}
		return string(said)
	}
	r.put(r.with("base:", "bass:"))
	r.told("resources[0].bass")
	for _, want := range []string{`"part": "configuration"`, `"reason": "untaken"`, r.file + ":6:5: resources[0].bass: "} {
		if said := parts(); !strings.Contains(said, want) {
			t.Errorf("%s\nwant %s", said, want)
		}
	}
	r.taken(r.with("directory: {", "directory: {timeout: 7s, "))
	if said := parts(); strings.Contains(said, "untaken") || !strings.HasPrefix(said, "{\n  \"status\": \"ok\"") {
		t.Error(said)
	}
}

// TestReloadOfAFileThatIsReplaced: as editors and Kubernetes do, and by a change in place.
func TestReloadOfAFileThatIsReplaced(t *testing.T) {
	folder := t.TempDir()
	r := startReloading(t)
	tokens := []string{"bravo-0123456789abcdef", "charlie-0123456789abcdef", "delta-0123456789abcdef"}
	version := func(n int, text string) string {
		t.Helper()
		at := filepath.Join(folder, strconv.Itoa(n))
		if err := os.Mkdir(at, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "scimbridge.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, name+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name+".new", name); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(folder, "..data")
	link(version(0, r.with(token, tokens[0])), data)
	link(filepath.Join(data, "scimbridge.yaml"), r.file) // a link to a file behind a link
	r.told("was taken")
	r.ask("GET", "/Users", tokens[0], "", 200)
	link(version(1, r.with(token, tokens[1])), data)
	r.told("was taken")
	r.ask("GET", "/Users", tokens[1], "", 200)
	r.ask("GET", "/Users", tokens[0], "", 401)
	if err := os.WriteFile(r.file, []byte(r.with(token, tokens[2])), 0o600); err != nil { // in place
		t.Fatal(err)
	}
	r.told("was taken")
	r.ask("GET", "/Users", tokens[2], "", 200)
	r.ask("GET", "/Users", tokens[1], "", 401)
}

// TestReloadOfAFileThatIsGone: while there is no file the configuration before it holds, and then the file that is there again.
func TestReloadOfAFileThatIsGone(t *testing.T) {
	r := startReloading(t)
	const other = "bravo-0123456789abcdef"
	if err := os.Rename(r.file, r.file+"~"); err != nil {
		t.Fatal(err)
	}
	if told := r.told("no such file"); !strings.Contains(told, `"level":"ERROR"`) {
		t.Error(told)
	}
	ready(t, r.root, "ok, but untaken: ")
	r.ask("GET", "/Users", token, "", 200)
	if err := os.Rename(r.file+"~", r.file); err != nil { // the same
		t.Fatal(err)
	}
	r.told("was taken")
	ready(t, r.root, "ok\n")
	if err := os.Rename(r.file, r.file+"~"); err != nil { // as an editor does that keeps the one before, and is slow
		t.Fatal(err)
	}
	r.told("no such file")
	r.replace(r.with(token, other))
	r.told("was taken")
	r.ask("GET", "/Users", other, "", 200)
	r.ask("GET", "/Users", token, "", 401)
}

// TestTokensOfALinkedFolder: Kubernetes has the link ..data name another folder, all at once: a token that is not in it any more is
// nobody's with the next request.
func TestTokensOfALinkedFolder(t *testing.T) {
	folder := t.TempDir()
	data := filepath.Join(folder, "..data")
	put := func(n int) string {
		t.Helper()
		token, version := fmt.Sprintf("golf-%016d", n), fmt.Sprint("..", n)
		if err := errors.Join(
			os.Mkdir(filepath.Join(folder, version), 0o700),
			os.WriteFile(filepath.Join(folder, version, "token"), []byte(token), 0o600),
			os.Symlink(version, data+"_tmp"), os.Rename(data+"_tmp", data),
		); err != nil {
			t.Fatal(err)
		}
		return token
	}
	if err := os.Symlink(filepath.Join("..data", "token"), filepath.Join(folder, "token")); err != nil {
		t.Fatal(err)
	}
	before := put(0)
	r := startReloading(t, "SCIMBRIDGE_ACCESS_TOKENFILE="+filepath.Join(folder, "token"))
	for n := 1; n < 4; n++ {
		r.ask("GET", "/ServiceProviderConfig", before, "", 200)
		now := put(n)
		r.ask("GET", "/ServiceProviderConfig", before, "", 401)
		r.ask("GET", "/ServiceProviderConfig", now, "", 200)
		before = now
	}
}

// TestReloadsUnderLoad: while the configuration is read again, in one way after another, no request is dropped, a token that was taken out
// is nobody's, and of what a configuration needed nothing is left.
func TestReloadsUnderLoad(t *testing.T) {
	const lasting = "echo-0123456789abcdef"
	tokens := filepath.Join(t.TempDir(), "tokens.yaml")
	if err := os.WriteFile(tokens, []byte("- {name: lasting, token: "+lasting+"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startReloading(t, "SCIMBRIDGE_STORE_FILE="+filepath.Join(t.TempDir(), "s.db"), "SCIMBRIDGE_ACCESS_TOKENSFILE="+tokens)
	r.text = r.with("access:", "guard: {limits: [{effect: deleted, off: true}]}\naccess:")
	forms := []string{
		r.text,
		r.with("access:", "limits: {page: 500}\naccess:"),
		r.with("guard:", "      - {scim: title, ldap: title}\nguard:"),
		r.with("directory: {", "directory: {timeout: 20s, "),
		r.with("off: true}", "off: true}, {effect: blocked, most: 7}"),
	}
	r.taken(r.text)
	var goroutines int
	var load sync.WaitGroup
	ctx, end := context.WithCancel(t.Context())
	defer end()
	var asked atomic.Int64
	for worker := range 4 {
		load.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for n := 0; ctx.Err() == nil; n++ {
				if err := provision(client, r.root, lasting, fmt.Sprintf("u%d-%d", worker, n)); err != nil {
					t.Error(err)
					return
				}
				asked.Add(1)
			}
		})
	}
	before := token
	for n := range dirtest.Number(t, "SCIMBRIDGE_TEST_RELOADS", 50) {
		now := fmt.Sprintf("foxtrot-%016d", n)
		r.put(strings.Replace(forms[n%len(forms)], token, now, 1))
		r.told("was taken")
		r.ask("GET", "/ServiceProviderConfig", now, "", 200)
		answer := send(t, "GET", r.root+"/ServiceProviderConfig", before, "")
		answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized && answer.StatusCode != http.StatusTooManyRequests { // these were many
			t.Fatalf("a token that was taken out: %d", answer.StatusCode)
		}
		before = now
		if n == 9 {
			goroutines = runtime.NumGoroutine()
		}
	}
	end()
	load.Wait()
	t.Logf("%d cycles of requests", asked.Load())
	http.DefaultClient.CloseIdleConnections()
	for until := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, after ten reloads and under load %d\n%s", n, goroutines, stacks[:runtime.Stack(stacks, true)])
	}
}

// provision makes a user, finds and changes and deletes it.
func provision(client *http.Client, root, token, name string) error {
	ask := func(method, path, body string, want int) (map[string]any, error) {
		request, err := http.NewRequest(method, root+path, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != want {
			return nil, fmt.Errorf("%s %s: %d %s %v, want %d", method, path, answer.StatusCode, content, err, want)
		}
		var fields map[string]any
		if len(content) > 0 {
			err = json.Unmarshal(content, &fields)
		}
		return fields, err
	}
	made, err := ask("POST", "/Users", fmt.Sprintf(`{"userName":%q,"displayName":"A"}`, name), 201)
	if err != nil {
		return err
	}
	at := "/Users/" + made["id"].(string)
	found, err := ask("GET", "/Users?filter=userName+eq+%22"+name+"%22", "", 200)
	if err != nil {
		return err
	}
	if found["totalResults"] != 1. {
		return fmt.Errorf("%s is not found: %v", name, found)
	}
	if _, err := ask("GET", "/Users?count=2", "", 200); err != nil {
		return err
	}
	const change = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"replace","path":"displayName","value":"B"}]}`
	if _, err := ask("PATCH", at, change, 200); err != nil {
		return err
	}
	_, err = ask("DELETE", at, "", 204)
	return err
}

// TestFirstContactEndsWithItsHouse: nothing waits for a directory any more that another has taken the place of, and nothing is told of it.
func TestFirstContactEndsWithItsHouse(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ldap := company(t)
	r := &reloading{t: t, file: configuration(t, "ldap://"+silent.Addr().String())}
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	r.text = string(text)
	r.replace(r.with("directory: {", "directory: {timeout: 5m, "))
	log, stop, ended := start(t, r.file, nil)
	r.root, r.lines = listening(t, log)
	conn, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r.put(r.with(silent.Addr().String(), strings.TrimPrefix(ldap.URL(), "ldap://")))
	r.told("was taken")
	ready(t, r.root, "ok\n")
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil { // until the bridge closes it
		t.Error(err)
	}
	stop()
	for line := range r.lines {
		if strings.Contains(line, "cannot be used yet") {
			t.Error(line)
		}
	}
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestReloadOfTheBooks: a webhook is switched on, sent elsewhere and switched off, and the journal kept otherwise, by a changed file alone.
func TestReloadOfTheBooks(t *testing.T) {
	folder := t.TempDir()
	key := filepath.Join(folder, "webhook.key")
	if err := os.WriteFile(key, []byte("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="), 0o600); err != nil {
		t.Fatal(err)
	}
	told := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Error(err)
		}
		told <- request.URL.Path + " " + string(body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()
	hears := func(path, name string) {
		t.Helper()
		select {
		case said := <-told:
			if !strings.HasPrefix(said, path+" ") || !strings.Contains(said, `"name":"`+name+`"`) {
				t.Errorf("%s, want %s of %s", said, path, name)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s is not told of %s", path, name)
		}
	}
	r := startReloading(t, "SCIMBRIDGE_STORE_FILE="+filepath.Join(folder, "s.db"))
	webhook := func(path, more string) string {
		return r.with("access:", fmt.Sprintf("webhook: {url: %q, keyFile: %q%s}\naccess:", receiver.URL+path, key, more))
	}
	r.ask("POST", "/Users", token, `{"userName":"anna"}`, 201) // of which nobody is to hear
	r.taken(webhook("/one", ""))
	r.ask("POST", "/Users", token, `{"userName":"bo"}`, 201)
	hears("/one", "bo")
	r.taken(webhook("/two", ", events: [deleted]"))
	r.ask("POST", "/Users", token, `{"userName":"mara"}`, 201)
	found := r.ask("GET", "/Users?filter=userName+eq+%22bo%22", token, "", 200)["Resources"].([]any)
	r.ask("DELETE", "/Users/"+found[0].(map[string]any)["id"].(string), token, "", 204)
	hears("/two", "bo")
	r.taken(strings.Replace(r.text, "access:", "journal: {onFailure: continue, retention: 48h}\naccess:", 1))
	r.ask("POST", "/Users", token, `{"userName":"noor"}`, 201)
	r.put(strings.Replace(r.text, "access:", "journal: {lease: 5s}\naccess:", 1))
	r.told(`"key":"journal.lease","problem":"takes a restart"`)
	r.taken(webhook("/three", ""))
	r.ask("POST", "/Users", token, `{"userName":"omar"}`, 201)
	hears("/three", "omar")
}
