//go:build linux

// Package active_directory_test runs the README's commands on a Samba AD DC, and the rights that it grants against what the bridge must be
// able to do.
package active_directory_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	_ "scimbridge/config" // go run builds it, with every room: a change there makes this test's cached result void
	"scimbridge/examples/readmetest"
)

const root = "../.." // where the README's commands run

// TestTryIt runs the section "Try it on Samba" command by command, as who has just cloned the repository, and then asks of the same domain
// and bridge what the section does not show.
func TestTryIt(t *testing.T) {
	need(t)
	e := newExample(t)
	blocks := readmetest.Read(t, "README.md", "Try it on Samba")
	e.Serve(t, blocks[0].Commands, "[ -s "+e.dir+"/domain/private/tls/ca.pem ] && exec 3<>/dev/tcp/127.0.0.1/636")
	e.Run(t, blocks[1].Commands)
	e.Serve(t, blocks[2].Commands, "exec 3<>/dev/tcp/"+strings.Replace(e.scim, ":", "/", 1))
	e.Play(t, blocks[3:])

	e.lifecycle(t)
	e.passwords(t)
	e.privileged(t)
}

// example is the README's deployment: in a network of its own, or, where that is not allowed, with the machine's ports 389 and 636.
type example struct {
	readmetest.Reader
	dir, scim string
}

// newExample moves the test's thread, which forks every command, into the network.
func newExample(t *testing.T) *example {
	t.Helper()
	dirtest.OwnNetwork(t)
	dir, err := os.MkdirTemp("", "samba")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	scim := dirtest.FreeAddress(t)
	e := &example{dir: dir, scim: scim}
	e.Reader = readmetest.Newcomer(t, root)
	e.Environ = append(e.Environ, "SCIMBRIDGE_LISTEN_ADDRESS="+scim)
	e.Here = strings.NewReplacer("127.0.0.1:8080", scim, "/tmp/samba-example", dir+"/domain").Replace
	return e
}

// lifecycle is what happens to a leaver and a newcomer of the same name.
func (e *example) lifecycle(t *testing.T) {
	const name, tombstone = "noor@contoso.example", "283405f5aa11bb22cc33dd44ee55ff66noor@contoso.example"
	rename := func(to, active string) string {
		return patch(`{"op": "Replace", "path": "userName", "value": "` + to + `"}, ` +
			`{"op": "Replace", "path": "active", "value": "` + active + `"}`)
	}
	user := `{"userName": "` + name + `", "displayName": "Noor Haan"}`
	first := e.made(t, "/Users", user)
	group := e.made(t, "/Groups", `{"displayName": "Night Shift", "members": [{"value": "`+first+`"}]}`)
	e.ask(t, "PATCH", "/Users/"+first, rename(tombstone, "False"), 200)
	second := e.made(t, "/Users", user)
	e.ask(t, "PATCH", "/Groups/"+group, patch(`{"op": "Add", "path": "members", "value": [{"value": "`+second+`"}]}`), 204)
	e.holds(t, group, 2)
	e.ask(t, "PATCH", "/Users/"+second, patch(`{"op": "Add", `+
		`"path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": "`+first+`"}`), 200)
	e.ask(t, "DELETE", "/Users/"+second, "", 204)
	e.holds(t, group, 1)
	e.ask(t, "PATCH", "/Users/"+first, rename(name, "True"), 200)
	e.ask(t, "PATCH", "/Users/"+first, patch(`{"op": "Replace", "path": "displayName", "value": "Noor Haan-Oke"}`), 200)
	entry := e.show(t, "noor", "dn,userPrincipalName")
	if !strings.Contains(entry, "CN=Noor Haan-Oke,OU=People,") || !strings.Contains(entry, ": "+name+"\n") {
		t.Error(entry)
	}
	e.ask(t, "DELETE", "/Users/"+first, "", 204)
	e.holds(t, group, 0)
	e.ask(t, "DELETE", "/Groups/"+group, "", 204)
}

// passwords looks for accounts without one, which Windows would not enable.
func (e *example) passwords(t *testing.T) {
	for name, more := range map[string]string{"plain": "", "disabled": `, "active": false`, "okta": `, "password": "Sent-by-Okta-1"`} {
		e.made(t, "/Users", `{"userName": "`+name+`@contoso.example"`+more+`}`)
		if entry := e.show(t, name, "pwdLastSet"); !regexp.MustCompile(`(?m)^pwdLastSet: [1-9]`).MatchString(entry) {
			t.Errorf("%s has no password:\n%s", name, entry)
		}
	}
}

// privileged tries what the bridge refuses, and what its account may not do anyway.
func (e *example) privileged(t *testing.T) {
	id := e.made(t, "/Users", `{"userName": "chief@contoso.example"}`)
	e.Run(t, "samba-tool group addmembers 'Domain Admins' chief --configfile=/tmp/samba-example/etc/smb.conf")
	e.ask(t, "PATCH", "/Users/"+id, patch(`{"op": "replace", "value": {"title": "x"}}`), 403)
	e.ask(t, "DELETE", "/Users/"+id, "", 403)

	denied := e.Command(`printf 'dn: CN=Administrator,CN=Users,DC=ad,DC=test\nchangetype: modify\nreplace: title\ntitle: x\n' |
		LDAPTLS_REQCERT=never ldapmodify -x -H ldaps://127.0.0.1 -D scimbridge@ad.test -w Bridge-secret-1`)
	out, err := denied.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 50 { // insufficientAccessRights
		t.Errorf("%v\n%s", err, out)
	}
}

// show reads attributes of an account.
func (e *example) show(t *testing.T, name, attributes string) string {
	t.Helper()
	return e.Run(t, fmt.Sprintf("samba-tool user show %s --attributes=%s --configfile=/tmp/samba-example/etc/smb.conf", name, attributes))
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

// ask sends a request from inside the test's network.
func (e *example) ask(t *testing.T, method, path, body string, want int) map[string]any {
	t.Helper()
	command := e.Command(`curl -s -X ` + method + ` http://127.0.0.1:8080/scim/v2` + path + ` -w '\n%{http_code}' --data-binary @- \
		-H 'Authorization: Bearer try-it-yourself' -H 'Content-Type: application/scim+json'`)
	command.Stdin = strings.NewReader(body)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	content, status, _ := strings.Cut(string(out), "\n")
	if status != fmt.Sprint(want) {
		t.Fatalf("%s %s: %s %s, want %d", method, path, status, content, want)
	}
	var answer map[string]any
	if content != "" {
		if err := json.Unmarshal([]byte(content), &answer); err != nil {
			t.Fatal(err)
		}
	}
	return answer
}

func patch(operations string) string {
	return `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [` + operations + `]}`
}

// need leaves the test out where it lacks what the README names, and fails it in CI, where everything is installed.
func need(t *testing.T) {
	t.Helper()
	const install = "on Debian: apt-get install samba-ad-dc samba-ad-provision ldap-utils curl"
	for _, program := range []string{"samba", "samba-tool", "ldapsearch", "curl", "bash", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			dirtest.LeaveOut(t, "The Active Directory example", program+" is not installed", install)
		}
	}
	if _, err := os.Stat("/usr/share/samba/setup/provision.ldif"); err != nil {
		dirtest.LeaveOut(t, "The Active Directory example", "samba-ad-provision is not installed", install)
	}
	if os.Geteuid() != 0 {
		dirtest.LeaveOut(t, "The Active Directory example", "it starts a domain controller", "run it as root")
	}
}
