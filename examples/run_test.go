package examples_test

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
)

// runs are the examples that one command starts, each with what its README shows besides: a user with a password, the DN that it gets, and
// what hosts or applications then ask, which finds it.
var runs = []struct {
	folder, user, dn string
	as, password     string // who asks
	asked            []string
}{
	{
		folder: "openldap-posix", user: `"userName":"Bo@contoso.example","displayName":"Bo Dahl"`,
		dn: "uid=bo,ou=people,dc=example,dc=org", as: "cn=hosts,dc=example,dc=org", password: "hosts-secret",
		asked: []string{ // as nslcd and sssd do for getent passwd, getent group and id
			"(&(objectClass=posixAccount)(uid=bo)(gecos=Bo Dahl)(gidNumber=10000)(homeDirectory=/home/bo)(loginShell=/bin/bash))",
			"(&(objectClass=posixAccount)(uidNumber=20000))",
			"(&(objectClass=posixGroup)(gidNumber=10000)(cn=people))",
			"(&(objectClass=posixGroup)(memberUid=bo)(cn=crew)(gidNumber=20000))",
		},
	},
	{
		folder: "legacy",
		user:   `"userName":"bo@contoso.example","displayName":"Bo Dahl","` + enterpriseURN + `":{"department":"Sales"}`,
		dn:     "cn=Bo Dahl,ou=Sales,ou=staff,dc=example,dc=org", as: "cn=scimbridge,dc=example,dc=org", password: "bridge-secret",
		asked: []string{
			"(&(uid=bo@contoso.example)(employeeType=staff)(departmentNumber=Sales))",
			"(&(objectClass=organizationalUnit)(ou=Sales))",
			"(&(cn=crew)(member=cn=Bo Dahl,ou=Sales,ou=staff,dc=example,dc=org))",
		},
	},
}

// TestRun starts each example by its script as it stands, with its access rules: who is made through it can bind, and cannot when disabled.
// Interrupted, the script leaves nothing behind.
func TestRun(t *testing.T) {
	for _, r := range runs {
		t.Run(r.folder, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath("/usr/sbin/slapd"); err != nil {
				dirtest.LeaveOut(t, "The example "+r.folder, "slapd is not installed", "on Debian: apt-get install slapd")
			}
			e := startRun(t, r.folder)
			const password = "open-sesame"
			user := e.made(t, "/Users", resource("/Users", r.user+`,"active":true,"password":"`+password+`"`))
			e.made(t, "/Groups", resource("/Groups", `"displayName":"crew","members":[{"value":"`+user+`"}]`))
			e.binds(t, r.dn, password, true)
			for _, filter := range r.asked {
				request := ldap.NewSearchRequest("dc=example,dc=org", ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
					filter, nil, nil)
				found, err := e.bind(t, r.as, r.password).Search(request)
				if err != nil || len(found.Entries) != 1 {
					t.Errorf("%s: %v %v", filter, found, err)
				}
			}
			for _, in := range []bool{false, true} {
				e.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("active", strconv.FormatBool(in))))
				e.binds(t, r.dn, password, in)
			}
			e.end(t)
		})
	}
}

// started is a script that runs.
type started struct {
	ldap, scim string // host:port
	temporary  string // where it puts what it makes
	script     *exec.Cmd
	ended      chan error
}

func startRun(t *testing.T, folder string) *started {
	t.Helper()
	e := &started{ldap: freeAddress(t), scim: freeAddress(t), temporary: t.TempDir(), ended: make(chan error, 1)}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		_, _ = os.ReadFile(file) // a change of one makes the cached result void; the script says what it cannot read
	}
	var said bytes.Buffer
	e.script = exec.Command(filepath.Join(folder, "run"))
	e.script.Stdout, e.script.Stderr = &said, &said
	e.script.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	e.script.Env = append(os.Environ(),
		"SCIMBRIDGE_LISTEN_ADDRESS="+e.scim, "SCIMBRIDGE_DIRECTORY_URLS=ldap://"+e.ldap, "TMPDIR="+e.temporary)
	if err := e.script.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-e.script.Process.Pid, syscall.SIGTERM) // it may have ended
		if t.Failed() {
			t.Log(said.String())
		}
	})
	go func() { e.ended <- e.script.Wait() }()
	limit := time.After(2 * time.Minute) // it compiles the bridge
	for _, address := range []string{e.ldap, e.scim} {
		for !answers(address) {
			select {
			case err := <-e.ended:
				t.Fatalf("the script ended: %v\n%s", err, &said)
			case <-limit:
				t.Fatalf("nothing listens at %s", address)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return e
}

// freeAddress is one where nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func answers(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// end interrupts the script, and it alone, as `kill -INT` does.
func (e *started) end(t *testing.T) {
	t.Helper()
	if err := e.script.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-e.ended
	if left, err := os.ReadDir(e.temporary); err != nil || len(left) > 0 {
		t.Errorf("the script leaves %v %v", left, err)
	}
	for _, address := range []string{e.ldap, e.scim} {
		if answers(address) {
			t.Errorf("something still listens at %s", address)
		}
	}
}

// want sends a request and holds its answer to a status.
func (e *started) want(t *testing.T, status int, method, path, body string) (answer object) {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+e.scim+"/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer try-it-yourself")
	request.Header.Set("Content-Type", "application/scim+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != status {
		t.Fatalf("%s %s: %d %v %v", method, path, response.StatusCode, answer, err)
	}
	return answer
}

func (e *started) made(t *testing.T, endpoint, body string) (id string) {
	t.Helper()
	return e.want(t, http.StatusCreated, http.MethodPost, endpoint, body)["id"].(string)
}

func (e *started) bind(t *testing.T, dn, password string) *ldap.Conn {
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
func (e *started) binds(t *testing.T, dn, password string, in bool) {
	t.Helper()
	conn, err := ldap.DialURL("ldap://" + e.ldap)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Bind(dn, password)
	if in && err != nil || !in && !ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
		t.Errorf("bind as %s: %v, want in: %v", dn, err, in)
	}
}
