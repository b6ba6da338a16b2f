package openldap_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples/readmetest"
)

// example is the README's deployment on free ports, with its data in a folder of the test's own.
type example struct {
	readmetest.Reader
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
	e.Reader = readmetest.Newcomer(t, root)
	e.Environ = append(e.Environ, "SCIMBRIDGE_LISTEN_ADDRESS="+e.scim, "SCIMBRIDGE_DIRECTORY_URLS=ldap://"+e.ldap)
	e.Here = strings.NewReplacer("127.0.0.1:3890", e.ldap, "127.0.0.1:8080", e.scim,
		"/tmp/scimbridge-example", filepath.Join(e.dir, "data"), "examples/openldap/slapd.conf", e.conf).Replace
	e.write(t, e.conf, strings.ReplaceAll(string(text), "directory /tmp/scimbridge-example", "directory "+filepath.Join(dir, "data")))
	return e
}

func (e *example) write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// listens succeeds once a server does at the address.
func listens(address string) string {
	return "exec 3<>/dev/tcp/" + strings.Replace(address, ":", "/", 1)
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
