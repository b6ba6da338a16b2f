package openldap_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/directory/dirtest"
)

// example is the README's deployment on free ports, with its data in a folder of the test's own.
type example struct {
	dir        string
	ldap, scim string // host:port
	conf       string // a slapd.conf for that folder
}

func newExample(t *testing.T) *example {
	// Not t.TempDir: with a test's name in it the path is too long for a socket.
	dir, err := os.MkdirTemp("", "openldap")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	e := &example{dir: dir, ldap: dirtest.FreeAddress(t), scim: dirtest.FreeAddress(t), conf: filepath.Join(dir, "slapd.conf")}
	text, err := os.ReadFile("slapd.conf")
	if err != nil {
		t.Fatal(err)
	}
	e.write(t, e.conf, strings.ReplaceAll(string(text), "directory /tmp/scimbridge-example", "directory "+filepath.Join(dir, "data")))
	return e
}

func (e *example) write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// here puts this test's addresses and folders into the README's commands.
func (e *example) here(commands string) string {
	return strings.NewReplacer("127.0.0.1:3890", e.ldap, "127.0.0.1:8080", e.scim,
		"/tmp/scimbridge-example", filepath.Join(e.dir, "data"), "examples/openldap/slapd.conf", e.conf).Replace(commands)
}

// block is a block of commands in the README, and what they print.
type block struct{ commands, prints string }

var fence = regexp.MustCompile("(?ms)^ *```(sh|ldif)\n(.*?)^ *```\n(?: *```text\n(.*?)^ *```\n)?")

func readBlocks(t *testing.T, section string) []block {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## "+section+"\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	var blocks []block
	for _, found := range fence.FindAllStringSubmatch(rest, -1) {
		indent := found[2][:len(found[2])-len(strings.TrimLeft(found[2], " "))]
		blocks = append(blocks, block{
			regexp.MustCompile("(?m)^"+indent).ReplaceAllString(found[2], ""), found[3],
		})
	}
	if len(blocks) < 2 {
		t.Fatalf("README.md has no commands under %q", section)
	}
	return blocks
}

// serve runs commands of which the last is a server, until the test ends, and returns when the server listens at address.
func (e *example) serve(t *testing.T, commands, address string) {
	t.Helper()
	var log bytes.Buffer
	server := exec.Command("bash", "-e", "-c", e.here(commands))
	server.Dir, server.Stdout, server.Stderr = root, &log, &log
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	server.Env = append(os.Environ(), "SCIMBRIDGE_LISTEN_ADDRESS="+e.scim, "SCIMBRIDGE_DIRECTORY_URLS=ldap://"+e.ldap)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-server.Process.Pid, syscall.SIGTERM) // it may have ended
		<-ended
		if t.Failed() {
			t.Log(log.String())
		}
	})
	const patience = 2 * time.Minute // go run may have to compile
	limit := time.After(patience)
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s\nended: %v", commands, err)
		case <-limit:
			t.Fatalf("%s\ndoes not listen at %s", commands, address)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// play runs blocks in one shell, as a reader types them, and holds what each prints to the README.
func (e *example) play(t *testing.T, blocks []block) {
	t.Helper()
	const end = "\x1e"
	script := ""
	for _, b := range blocks {
		script += b.commands + "printf '" + end + "'\n"
	}
	shell := exec.Command("bash", "-c", e.here(script))
	shell.Dir = root
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	printed := strings.Split(string(out), end)
	for i, b := range blocks {
		if i < len(printed) {
			// ldapsearch ends an entry with an empty line.
			if diff := cmp.Diff(b.prints, strings.Replace(printed[i], "\n\n", "\n", 1)); diff != "" {
				t.Errorf("%s(-README +printed):\n%s", b.commands, diff)
			}
		}
	}
}

// run runs commands that must succeed.
func run(t *testing.T, commands, input string) {
	t.Helper()
	shell := exec.Command("bash", "-e", "-o", "pipefail", "-c", commands)
	shell.Dir, shell.Stdin = root, strings.NewReader(input)
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", commands, err, out)
	}
}

// bound returns a connection, bound for the test's duration.
func (e *example) bound(t *testing.T, dn, password string) *ldap.Conn {
	t.Helper()
	conn, err := ldap.DialURL("ldap://" + e.ldap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.Bind(dn, password); err != nil {
		t.Fatal(err)
	}
	return conn
}

// binds holds a bind to what it should come to: in, or invalid credentials.
func (e *example) binds(t *testing.T, dn, password string, in bool) {
	t.Helper()
	conn, err := ldap.DialURL("ldap://" + e.ldap)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Bind(dn, password)
	if in && err != nil || !in && !ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
		t.Errorf("bind as %s: %v", dn, err)
	}
}

// holds counts a group's members.
func (e *example) holds(t *testing.T, group string, want int) {
	t.Helper()
	members, _ := e.ask(t, "GET", "/Groups/"+group, "", 200)["members"].([]any)
	if len(members) != want {
		t.Errorf("members %v, want %d", members, want)
	}
}

// made creates a resource and returns its id.
func (e *example) made(t *testing.T, endpoint, body string) string {
	t.Helper()
	return e.ask(t, "POST", endpoint, body, 201)["id"].(string)
}

func (e *example) ask(t *testing.T, method, path, body string, want int) map[string]any {
	t.Helper()
	status, answer, err := e.try(method, path, body)
	if err != nil || status != want {
		t.Fatalf("%s %s: %d %v %v, want %d", method, path, status, answer, err, want)
	}
	return answer
}

func (e *example) try(method, path, body string) (status int, answer map[string]any, err error) {
	request, err := http.NewRequest(method, "http://"+e.scim+"/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/scim+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil && !errors.Is(err, io.EOF) {
		return response.StatusCode, nil, err
	}
	return response.StatusCode, answer, nil
}

func patch(operations string) string {
	return `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [` + operations + `]}`
}

// need leaves the test out where a program that the README names is missing, and fails it in CI, where everything is installed.
func need(t *testing.T) {
	t.Helper()
	const install = "on Debian: apt-get install slapd ldap-utils curl"
	for _, program := range []string{"/usr/sbin/slapd", "ldapwhoami", "curl", "bash", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			dirtest.LeaveOut(t, "The OpenLDAP example", program+" is not installed", install)
		}
	}
	if _, err := os.Stat("/etc/ldap/schema/inetorgperson.schema"); err != nil {
		dirtest.LeaveOut(t, "The OpenLDAP example", "Debian's inetorgperson.schema is not installed", install)
	}
}
