package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// program runs the program and returns what it leaves.
func program(t *testing.T, environ []string, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(&world{t.Context(), environ, &out, &err}, arguments)
	return code, out.String(), err.String()
}

const token = "alpha-0123456789abcdef"

// configuration writes a configuration for the directory, and returns its path.
func configuration(t *testing.T, url string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scimbridge.yaml")
	text := fmt.Sprintf(`
listen: {address: "127.0.0.1:0"}
directory: {urls: [%q], bind: {dn: "cn=admin,dc=example,dc=org", password: secret}}
resources:
  - type: User
    base: ou=people,dc=example,dc=org
    objectClasses: [inetOrgPerson]
    dn: '"uid=" + rdn(userName) + "," + base'
    attributes:
      - {scim: userName, ldap: uid}
      - {scim: displayName, ldap: cn, empty: userName}
      - {scim: name.familyName, ldap: sn, empty: userName}
access: {token: %s}
`, url, token)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServe(t *testing.T) {
	ldap := company(t)
	log, stop, ended := start(t, configuration(t, ldap.URL()), []string{"SCIMBRIDGE_LOG_LEVEL=debug"})
	root, lines := listening(t, log)
	ask := func(method, path, body string, want int) map[string]any {
		t.Helper()
		answer := send(t, method, root+path, token, body)
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != want {
			t.Fatalf("%s %s: %d %s, want %d", method, path, answer.StatusCode, content, want)
		}
		var fields map[string]any
		if len(content) > 0 && json.Unmarshal(content, &fields) != nil {
			t.Fatalf("%s %s: %s", method, path, content)
		}
		return fields
	}
	made := ask("POST", "/Users", `{"userName":"mara"}`, 201)
	location := made["meta"].(map[string]any)["location"].(string)
	if want := root + "/Users/" + made["id"].(string); location != want {
		t.Errorf("location %s, want %s", location, want)
	}
	if found := ask("GET", "/Users?filter=userName+eq+%22MARA%22", "", 200); found["totalResults"] != 1. {
		t.Errorf("found %v", found)
	}
	ask("GET", "/Users/nobody", "", 404)
	ask("GET", "/Users?filter=colour+eq+1", "", 400)
	ask("DELETE", "/Users/"+made["id"].(string), "", 204)
	ask("GET", "/Schemas", "", 200)

	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	journalled := 0
	for line := range lines {
		if strings.Contains(line, "changetype: add") || strings.Contains(line, "changetype: delete") {
			journalled++
		}
		if strings.Contains(line, token) || strings.Contains(line, "secret") {
			t.Errorf("the log holds a secret: %s", line)
		}
	}
	if journalled != 2 {
		t.Errorf("%d writes are in the log, not the create and the delete", journalled)
	}
}

// company is a directory with people, and what else is in it.
func company(t *testing.T, more ...*ldif.Entry) *memdir.Server {
	t.Helper()
	entries := []*ldif.Entry{entry("dc=example,dc=org", "domain"), entry("ou=people,dc=example,dc=org", "organizationalUnit")}
	ldap, err := memdir.Start(memdir.Options{
		RootDN: "cn=admin,dc=example,dc=org", RootPassword: "secret", Entries: append(entries, more...),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ldap.Close)
	return ldap
}

func entry(dn, class string, more ...ldif.Attribute) *ldif.Entry {
	return &ldif.Entry{DN: dn, Attributes: append([]ldif.Attribute{{Name: "objectClass", Values: []string{class}}}, more...)}
}

// office is a program that serves, with a store, and what commands need to look at it.
type office struct {
	directory *memdir.Server
	file      string
	environ   []string
	root      string
	stop      func()
	ended     <-chan int
}

func newOffice(t *testing.T) *office {
	t.Helper()
	d := &office{directory: company(t), environ: []string{"USER=admin", "SCIMBRIDGE_STORE_FILE=" + filepath.Join(t.TempDir(), "store.db")}}
	d.file = configuration(t, d.directory.URL())
	var log io.ReadCloser
	log, d.stop, d.ended = start(t, d.file, d.environ)
	d.root, _ = listening(t, log)
	ready(t, d.root, "ok")
	return d
}

// start runs the program as its user does, until stop. The log is read to its end, and ended gives the exit code then.
func start(t *testing.T, file string, environ []string, flags ...string) (log io.ReadCloser, stop func(), ended <-chan int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	log, written := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(&world{ctx, environ, io.Discard, written}, append([]string{"serve", "--config", file}, flags...))
		written.Close()
	}()
	return log, stop, code
}

// client waits longer than the program may take, and not for ever.
var client = &http.Client{Timeout: 5 * time.Minute}

// send sends a request with a token. The answer's body is to be closed.
func send(t *testing.T, method, url, token, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// listening waits for the log line that names the URL, and returns the lines that follow.
func listening(t *testing.T, log io.ReadCloser) (root string, lines <-chan string) {
	t.Helper()
	scanner := bufio.NewScanner(log)
	late := time.AfterFunc(time.Minute, func() { log.Close() })
	defer late.Stop()
	for scanner.Scan() {
		var line struct{ Msg, URL string }
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, scanner.Text())
		}
		if line.Msg == "listening" {
			rest := make(chan string, 1000)
			go func() {
				defer close(rest)
				for scanner.Scan() {
					rest <- scanner.Text()
				}
			}()
			return line.URL, rest
		}
	}
	t.Fatal("the program ended before it listened, or did not listen in time")
	return "", nil
}

// served is what the program answers to one request, from a directory that is not there.
func served(t *testing.T, environ []string, method, path, body string) *http.Response {
	t.Helper()
	log, stop, ended := start(t, configuration(t, "ldap://127.0.0.1:1"), environ)
	root, _ := listening(t, log)
	answer := send(t, method, root+path, token, body)
	answer.Body.Close()
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	return answer
}

// TestServeStrictly: the configuration's strict reaches what reads the clients.
func TestServeStrictly(t *testing.T) {
	for strict, want := range map[string]int{"false": 503, "true": 400} { // the message is read before a directory is asked
		answer := served(t, []string{"SCIMBRIDGE_STRICT=" + strict}, "POST", "/Users/.search", `{}`)
		if answer.StatusCode != want {
			t.Errorf("strict %s: a search that does not name itself: %d, want %d", strict, answer.StatusCode, want)
		}
	}
}

func TestServeStartsWithoutADirectory(t *testing.T) {
	answer := served(t, nil, "GET", "/Users/1", "")
	if answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%d, Retry-After %q", answer.StatusCode, answer.Header.Get("Retry-After"))
	}
}

// TestWhyNothingIsServedIsLogged: what reads the log, as JSON here, reads all that serve says from when there is one.
func TestWhyNothingIsServedIsLogged(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	environ := []string{"SCIMBRIDGE_LISTEN_ADDRESS=" + taken.Addr().String()}
	code, _, stderr := program(t, environ, "serve", "--config", configuration(t, "ldap://localhost"))
	var last struct{ Level, Error string }
	for line := range strings.Lines(stderr) {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Errorf("%v: %s", err, line)
		}
	}
	if code != exitFault || last.Level != "ERROR" || !strings.Contains(last.Error, "listen.address") ||
		strings.Count(stderr, "in use") != 1 {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

func TestExitCodes(t *testing.T) {
	good := configuration(t, "ldap://localhost")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, test := range map[string]struct {
		environ        []string
		arguments      []string
		code           int
		stdout, stderr string // what they hold
	}{
		"check": {nil, []string{"check", "--config", good}, exitOK, "no faults", ""},
		"check, faulty": {
			[]string{"SCIMBRIDGE_LOG_LEVEL=loud"},
			[]string{"check", "--config", good},
			exitFault, "",
			"SCIMBRIDGE_LOG_LEVEL: log.level: is not one of",
		},
		"serve, faulty": {
			[]string{"SCIMBRIDGE_LOG_LEVEL=loud"},
			[]string{"serve", "--config", good},
			exitFault, "",
			"SCIMBRIDGE_LOG_LEVEL: log.level: is not one of",
		},
		"no such file": {
			nil,
			[]string{"serve", "--config", "/nowhere.yaml"},
			exitFault, "",
			"the configuration cannot be read: open /nowhere.yaml: no such file or directory (--config, or SCIMBRIDGE_CONFIG)\n",
		},
		"no such file, of another flag": {
			nil,
			[]string{"replay", "--config", good, "--against", "/nowhere.yaml"},
			exitFault, "",
			"the configuration cannot be read: open /nowhere.yaml: no such file or directory (--against)\n",
		},
		"no such host": {[]string{"SCIMBRIDGE_LISTEN_ADDRESS=127.0.0.1:1"}, []string{"check", "--config", good}, exitOK, "no faults", ""},
		"address in use": {
			[]string{"SCIMBRIDGE_LISTEN_ADDRESS=" + taken.Addr().String()},
			[]string{"serve", "--config", good},
			exitFault, "",
			"listen.address (or SCIMBRIDGE_LISTEN_ADDRESS): listen tcp 127.0.0.1:",
		},
		"no file":        {nil, []string{"serve"}, exitUsage, "", "--config"},
		"no command":     {nil, nil, exitUsage, "", "expected one of"},
		"unknown":        {nil, []string{"fly"}, exitUsage, "", "fly"},
		"help":           {nil, []string{"--help"}, exitOK, "serve", ""},
		"help, of serve": {nil, []string{"serve", "--help"}, exitOK, "SCIMBRIDGE_CONFIG", ""},
		"version":        {nil, []string{"version"}, exitOK, runtime.Version(), ""},
		"--version":      {nil, []string{"--version"}, exitOK, runtime.Version(), ""},
	} {
		code, stdout, stderr := program(t, test.environ, test.arguments...)
		if code != test.code || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) ||
			(test.stderr == "") != (stderr == "") {
			t.Errorf("%s: exit code %d\n%s%s", name, code, stdout, stderr)
		}
	}
}
