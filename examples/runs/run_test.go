// Package runs_test starts the examples that bring a command `run`, each with that command alone.
package runs_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	_ "scimbridge/config" // `run` builds the bridge, with every room: a change there makes this test's cached result void
)

const patience = 2 * time.Minute // go build may have to compile

// example is one with a command `run`, and what it needs beside Go.
type example struct {
	folder   string
	programs []string
	remedy   string
	url      string // of the directory, where it has ports of its own
	user     string // what Mara binds as
	moved    string // and in her next department, where that is another DN

	secret       string   // of the bridge's account, where it is another one
	as, password string   // who asks, as hosts and applications do
	asked        []string // what finds one entry each: her, and the group she is in
}

var examples = []example{
	{
		folder: "openldap-untouched", programs: []string{"slapd", "ldapsearch", "curl"}, remedy: "apt-get install slapd ldap-utils curl",
		user: "uid=mara@contoso.example,ou=people,dc=example,dc=org",
	},
	{
		folder: "active-directory-by-department", programs: []string{"samba", "samba-tool", "ldapsearch", "curl"},
		remedy: "as root on Debian: apt-get install samba-ad-dc samba-ad-provision ldap-utils curl",
		url:    "ldaps://127.0.0.1:636", user: "mara@contoso.example", secret: "Bridge-secret-1",
	},
	{
		folder: "openldap-posix", programs: []string{"slapd", "ldapsearch", "curl"}, remedy: "apt-get install slapd ldap-utils curl",
		user: "uid=mara,ou=people,dc=example,dc=org", as: "cn=hosts,dc=example,dc=org", password: "hosts-secret",
		asked: []string{ // as nslcd and sssd do for getent passwd, getent group and id
			"(&(objectClass=posixAccount)(uid=mara)(gecos=Mara Lind)(gidNumber=10000)(homeDirectory=/home/mara)(loginShell=/bin/bash))",
			"(&(objectClass=posixAccount)(uidNumber=20000))",
			"(&(objectClass=posixGroup)(gidNumber=10000)(cn=people))",
			"(&(objectClass=posixGroup)(memberUid=mara)(cn=crew)(gidNumber=20000))",
		},
	},
	{
		folder: "legacy", programs: []string{"slapd", "ldapsearch", "curl"}, remedy: "apt-get install slapd ldap-utils curl",
		user:  "cn=Mara Lind,ou=Sales,ou=staff,dc=example,dc=org",
		moved: "cn=Mara Lind,ou=Research,ou=staff,dc=example,dc=org", as: "cn=scimbridge,dc=example,dc=org", password: "bridge-secret",
		asked: []string{
			"(&(uid=mara@contoso.example)(employeeType=staff)(departmentNumber=Sales))",
			"(&(objectClass=organizationalUnit)(ou=Sales))",
			"(&(cn=crew)(member=cn=Mara Lind,ou=Sales,ou=staff,dc=example,dc=org))",
		},
	},
	{
		folder: "389ds", programs: []string{"ns-slapd", "ldapsearch", "curl"}, remedy: "apt-get install 389-ds-base ldap-utils curl",
		user: "uid=mara@contoso.example,ou=people,dc=example,dc=org",
	},
}

// TestRun starts each example, makes a user, who binds until she is disabled (and goes to another department), and can again when she is
// enabled, and stops it: nothing is left.
func TestRun(t *testing.T) {
	for _, x := range examples {
		t.Run(x.folder, func(t *testing.T) {
			x.need(t)
			if x.url != "" {
				dirtest.OwnNetwork(t)
			}
			r := x.start(t)
			made := r.ask(t, "POST", "/Users", `{"userName": "mara@contoso.example", "externalId": "5fa0a7c4", "displayName": "Mara Lind",
				"name": {"familyName": "Lind", "givenName": "Mara"}, "password": "Open-sesame-1",
				"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Sales"}}`, "201")
			id, _ := made["id"].(string)
			r.binds(t, x.user, true)
			r.ask(t, "POST", "/Groups", `{"displayName": "crew", "members": [{"value": "`+id+`"}]}`, "201")
			for _, filter := range x.asked {
				r.finds(t, x.as, x.password, filter)
			}
			r.tells(t, "scimbridge undo --since 1h --caller token", "2 can be undone")
			disabled := r.ask(t, "PATCH", "/Users/"+id, `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
				"Operations": [{"op": "Replace", "path": "active", "value": "False"}, {"op": "Replace", "value": "Research",
				"path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"}]}`, "200")
			if disabled["active"] != false {
				t.Errorf("disabled: %v", disabled)
			}
			r.tells(t, "scimbridge journal list mara@contoso.example --effect blocked", "blocked")
			r.tells(t, "scimbridge undo $(scimbridge journal list --effect blocked --limit 1 | tail -1 | cut -c 23-29)", "can be undone")
			user := cmp.Or(x.moved, x.user)
			r.binds(t, user, false)
			r.ask(t, "PATCH", "/Users/"+id, `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
				"Operations": [{"op": "Replace", "path": "active", "value": "True"}]}`, "200")
			r.binds(t, user, true)
			r.check(t, x)
			r.stop(t)
		})
	}
}

// TestRunBesideAnother: where something listens already at the port of the directory, that is not taken for it.
func TestRunBesideAnother(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	for _, x := range examples {
		if x.url != "" {
			continue // its ports are the domain's
		}
		command := exec.Command(filepath.Join("..", x.folder, "run"))
		command.Env = append(os.Environ(), "TMPDIR="+t.TempDir(), "LDAP_PORT="+port)
		if said, err := command.CombinedOutput(); err == nil || !strings.HasPrefix(string(said), address+" is in use") {
			t.Errorf("%s: %v\n%s", x.folder, err, said)
		}
	}
}

// running is an example that runs, on ports and in a folder of the test's own.
type running struct {
	dir, ldap, scim string // ldap is a URL
	process         *os.Process
	ended           chan error
	said            *bytes.Buffer
}

func (x example) start(t *testing.T) *running {
	t.Helper()
	// Not t.TempDir: with a test's name in it the path is too long for a socket.
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		t.Fatal(err)
	}
	address := dirtest.FreeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	r := &running{
		dir: dir, ldap: cmp.Or(x.url, "ldap://"+address), scim: dirtest.FreeAddress(t), ended: make(chan error, 1), said: &bytes.Buffer{},
	}
	command := exec.Command(filepath.Join("..", x.folder, "run"))
	command.Env = append(os.Environ(), "TMPDIR="+dir, "LDAP_PORT="+port, "SCIMBRIDGE_LISTEN_ADDRESS="+r.scim)
	command.Stdout, command.Stderr = r.said, r.said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	r.process = command.Process
	go func() { r.ended <- command.Wait() }()
	t.Cleanup(func() {
		r.stop(t)
		os.RemoveAll(dir)
		if t.Failed() {
			t.Log(r.said)
		}
	})
	limit := time.After(patience)
	for exec.Command("curl", "-sf", "http://"+r.scim+"/readyz").Run() != nil {
		select {
		case err := <-r.ended:
			r.ended <- err
			t.Fatalf("%s/run ended: %v", x.folder, err)
		case <-limit:
			t.Fatalf("%s/run is not ready", x.folder)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return r
}

// stop is Ctrl-C, after which nothing of the example is left.
func (r *running) stop(t *testing.T) {
	t.Helper()
	if r.process == nil {
		return
	}
	_ = r.process.Signal(syscall.SIGINT) // it may have ended
	r.process = nil
	select {
	case <-r.ended:
	case <-time.After(patience):
		t.Fatal("Ctrl-C does not end it")
	}
	if left, err := os.ReadDir(r.dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	_, address, _ := strings.Cut(r.ldap, "://")
	if exec.Command("bash", "-c", "exec 3<>/dev/tcp/"+strings.Replace(address, ":", "/", 1)).Run() == nil {
		t.Error("the directory still listens")
	}
}

// check finds nothing to be mended, in the file or in the directory, and who is blocked cannot bind there.
func (r *running) check(t *testing.T, x example) {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(r.dir, "scimbridge.*"))
	if err != nil || len(folders) != 1 {
		t.Fatal(folders, err)
	}
	command := exec.Command(filepath.Join(folders[0], "scimbridge"), "check", "--probe", "--fail-on", "warning",
		"--config", filepath.Join("..", x.folder, "scimbridge.yaml"))
	command.Env = append(os.Environ(), "SCIMBRIDGE_DIRECTORY_URLS="+r.ldap, "SCIMBRIDGE_ACCESS_TOKEN=try-it-yourself",
		"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD="+cmp.Or(x.secret, "bridge-secret"))
	if strings.HasPrefix(r.ldap, "ldaps:") {
		command.Env = append(command.Env, "SCIMBRIDGE_DIRECTORY_TLS_SERVERNAME=dc1.ad.test",
			"SCIMBRIDGE_DIRECTORY_TLS_CA="+filepath.Join(folders[0], "private", "tls", "ca.pem"))
	}
	if out, err := command.CombinedOutput(); err != nil || !strings.Contains(string(out), "no faults") {
		t.Errorf("check: %v\n%s", err, out)
	}
}

// tells runs a command line as the example says to, in another terminal and another folder.
func (r *running) tells(t *testing.T, line, want string) {
	t.Helper()
	command := exec.Command("bash", "-c", `. "$0"/scimbridge.*/environment; cd /; `+line, r.dir)
	if said, err := command.CombinedOutput(); err != nil || !strings.Contains(string(said), want) {
		t.Errorf("%s: %v\n%s", line, err, said)
	}
}

// ask sends a request from inside the test's network, if it has one: a command is forked there.
func (r *running) ask(t *testing.T, method, path, body, want string) (answer map[string]any) {
	t.Helper()
	command := exec.Command("curl", "-s", "-X", method, "http://"+r.scim+"/scim/v2"+path, "-w", "\n%{http_code}", "--data-binary", "@-",
		"-H", "Authorization: Bearer try-it-yourself", "-H", "Content-Type: application/scim+json")
	command.Stdin = strings.NewReader(body)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	content, status, _ := strings.Cut(string(out), "\n")
	if status != want {
		t.Fatalf("%s %s: %s %s, want %s", method, path, status, content, want)
	}
	if err := json.Unmarshal([]byte(content), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func (r *running) binds(t *testing.T, dn string, want bool) {
	t.Helper()
	command := exec.Command("ldapsearch", "-x", "-H", r.ldap, "-D", dn, "-w", "Open-sesame-1", "-s", "base", "-b", "")
	command.Env = append(os.Environ(), "LDAPTLS_REQCERT=never") // Samba's certificate is for dc1.ad.test
	out, err := command.CombinedOutput()
	if (err == nil) != want {
		t.Errorf("%s binds: %v, want %v\n%s", dn, err == nil, want, out)
	}
}

// finds has who asks find one entry.
func (r *running) finds(t *testing.T, as, password, filter string) {
	t.Helper()
	command := exec.Command("ldapsearch", "-LLL", "-x", "-H", r.ldap, "-D", as, "-w", password, "-b", "dc=example,dc=org", filter, "1.1")
	out, err := command.Output()
	if err != nil || strings.Count(string(out), "dn:") != 1 {
		t.Errorf("%s: %v\n%s", filter, err, out)
	}
}

// need leaves the test out where a program is missing, and fails it in CI, where everything is installed.
func (x example) need(t *testing.T) {
	t.Helper()
	if x.url != "" && os.Geteuid() != 0 {
		dirtest.LeaveOut(t, "The example "+x.folder, "it needs root", x.remedy)
	}
	for _, program := range x.programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if _, err := os.Stat("/usr/sbin/" + program); err != nil {
			dirtest.LeaveOut(t, "The example "+x.folder, program+" is not installed", x.remedy)
		}
	}
}
