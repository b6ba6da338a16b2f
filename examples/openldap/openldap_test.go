// Package openldap_test runs the README's commands, and the example's access rules against what the bridge must be able to do.
package openldap_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-ldap/ldap/v3"

	_ "scimbridge/config" // go run builds it, with every room: a change there makes this test's cached result void
	"scimbridge/examples/readmetest"
)

const (
	root    = "../.." // where the README's commands run
	people  = "ou=people,dc=example,dc=org"
	groups  = "ou=groups,dc=example,dc=org"
	account = "cn=scimbridge,dc=example,dc=org"
	token   = "try-it-yourself"
)

// TestQuickstart runs the quickstart of the README at the repository's top, as who has just cloned it: it ends with Entra's cycle.
func TestQuickstart(t *testing.T) {
	need(t)
	e := newExample(t)
	blocks := readmetest.Read(t, root+"/README.md", "Quickstart")
	e.Serve(t, blocks[0].Commands, listens(e.scim))
	e.Play(t, blocks[1:2])
}

// TestTryIt runs the section "Try it" command by command, and then asks of the same slapd and bridge what the section does not show.
func TestTryIt(t *testing.T) {
	need(t)
	e := newExample(t)
	blocks := readmetest.Read(t, "README.md", "Try it")
	e.Serve(t, blocks[0].Commands, listens(e.ldap))
	e.Serve(t, blocks[1].Commands, listens(e.scim))
	e.Play(t, blocks[2:])

	t.Run("the lifecycle", e.lifecycle)
	t.Run("a list has no limit", e.listsAll)
	t.Run("an account that was there before", e.adopts)
	t.Run("the bridge's account writes accounts and groups alone", e.fenced)
}

// TestOwnServer brings the section "On your own server" to a server set up as Debian's package does it.
func TestOwnServer(t *testing.T) {
	need(t)
	e := newExample(t)
	socket := "ldapi://" + url.PathEscape(filepath.Join(e.dir, "s"))
	e.debianServer(t, socket)
	blocks := readmetest.Read(t, "README.md", "On your own server")
	e.Run(t, strings.ReplaceAll(blocks[0].Commands, "ldapi:///", socket))
	e.Run(t, "ldapmodify -Q -Y EXTERNAL -H "+socket+" <<'END'\n"+blocks[1].Commands+"END")
	e.Serve(t, readmetest.Read(t, "README.md", "Try it")[1].Commands, listens(e.scim))
	t.Run("the lifecycle", e.lifecycle)
	t.Run("a list has no limit", e.listsAll)
	t.Run("the bridge's account writes accounts and groups alone", e.fenced)
}

// debianServer starts a slapd whose cn=config is what Debian's package sets up, with the example's tree, and listens on socket too.
func (e *example) debianServer(t *testing.T, socket string) {
	t.Helper()
	conf, config, data := filepath.Join(e.dir, "debian.conf"), filepath.Join(e.dir, "config"), filepath.Join(e.dir, "data")
	e.write(t, conf, fmt.Sprintf(`
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database config
access to * by dn.exact=gidNumber=%d+uidNumber=%d,cn=peercred,cn=external,cn=auth manage by * break
database mdb
suffix dc=example,dc=org
rootdn cn=admin,dc=example,dc=org
rootpw admin-secret
directory %s
maxsize 1073741824
index objectClass eq
index cn,uid eq
index uidNumber,gidNumber eq
index member,memberUid eq
access to attrs=userPassword by self write by anonymous auth by * none
access to attrs=shadowLastChange by self write by * read
access to * by * read
`, os.Getgid(), os.Getuid(), data))
	e.Run(t, fmt.Sprintf("mkdir %s %s; /usr/sbin/slapadd -f %[3]s -l examples/openldap/base.ldif; /usr/sbin/slaptest -f %[3]s -F %[1]s",
		config, data, conf))
	e.Serve(t, fmt.Sprintf("/usr/sbin/slapd -F %s -h 'ldap://127.0.0.1:3890 %s' -d none", config, socket), listens(e.ldap))
}

// lifecycle is what happens to a leaver and a newcomer of the same name.
func (e *example) lifecycle(t *testing.T) {
	const name, tombstone = "noor@contoso.example", "283405f5aa11bb22cc33dd44ee55ff66noor@contoso.example"
	dn, buried := "uid="+name+","+people, "uid="+tombstone+","+people
	rename := func(to, active string) string {
		return patch(`{"op": "Replace", "path": "userName", "value": "` + to + `"}, ` +
			`{"op": "Replace", "path": "active", "value": "` + active + `"}`)
	}
	user := func(password string) string {
		return fmt.Sprintf(`{"userName": %q, "name": {"familyName": "Haan"}, "password": %q}`, name, password)
	}
	first := e.made(t, "/Users", user("first-secret"))
	e.binds(t, dn, "first-secret", true)
	group := e.made(t, "/Groups", `{"displayName": "Night Shift", "members": [{"value": "`+first+`"}]}`)

	e.ask(t, "PATCH", "/Users/"+first, rename(tombstone, "False"), 200)
	e.binds(t, dn, "first-secret", false)
	e.ask(t, "PATCH", "/Users/"+first, patch(`{"op": "Replace", "path": "password", "value": "reset-secret"}`), 200)
	e.binds(t, dn, "reset-secret", false) // a new password does not let a blocked user in

	second := e.made(t, "/Users", user("second-secret"))
	e.binds(t, dn, "second-secret", true)
	e.binds(t, buried, "reset-secret", false)
	e.ask(t, "PATCH", "/Groups/"+group, patch(`{"op": "Add", "path": "members", "value": [{"value": "`+second+`"}]}`), 204)
	e.holds(t, group, 2)
	e.ask(t, "DELETE", "/Users/"+second, "", 204)
	e.holds(t, group, 1)

	e.ask(t, "PATCH", "/Users/"+first, rename(name, "True"), 200)
	e.binds(t, dn, "reset-secret", true)
	e.ask(t, "PATCH", "/Users/"+first, patch(`{"op": "Replace", "path": "userName", "value": "noor.haan@contoso.example"}`), 200)
	e.holds(t, group, 1)
	e.ask(t, "DELETE", "/Users/"+first, "", 204)
	e.holds(t, group, 0)
	e.ask(t, "DELETE", "/Groups/"+group, "", 204)
}

// listsAll makes more users than slapd's usual limit of 500 lets one search return.
func (e *example) listsAll(t *testing.T) {
	const users, workers = 600, 8
	before := e.ask(t, "GET", "/Users?count=1", "", 200)["totalResults"].(float64)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < users; i += workers {
				body := fmt.Sprintf(`{"userName": "user%d@contoso.example"}`, i)
				if status, _, err := e.try("POST", "/Users", body); err != nil || status != 201 {
					t.Errorf("%s: %d %v", body, status, err)
				}
			}
		})
	}
	group.Wait()
	if total := e.ask(t, "GET", "/Users?count=1", "", 200)["totalResults"]; total != before+users {
		t.Errorf("%v users, want %v", total, before+users)
	}
}

// adopts blocks an account that was made by other means, without the example's class.
func (e *example) adopts(t *testing.T) {
	conn := e.bound(t, "cn=admin,dc=example,dc=org", "admin-secret")
	dn := "uid=old," + people
	request := ldap.NewAddRequest(dn, nil)
	for name, value := range map[string]string{
		"objectClass": "inetOrgPerson", "uid": "old", "cn": "Old", "sn": "One", "userPassword": "old-secret",
	} {
		request.Attribute(name, []string{value})
	}
	if err := conn.Add(request); err != nil {
		t.Fatal(err)
	}
	found := e.ask(t, "GET", "/Users?filter="+url.QueryEscape(`userName eq "OLD"`), "", 200)["Resources"].([]any)
	id := found[0].(map[string]any)["id"].(string)
	e.binds(t, dn, "old-secret", true)
	e.ask(t, "PATCH", "/Users/"+id, patch(`{"op": "replace", "value": {"active": false}}`), 200)
	e.binds(t, dn, "old-secret", false)
	e.ask(t, "PATCH", "/Users/"+id, patch(`{"op": "replace", "value": {"active": true}}`), 200)
	e.binds(t, dn, "old-secret", true)
}

// fenced tries what the bridge's account must not do, and what a user must not do to itself.
func (e *example) fenced(t *testing.T) {
	denied := func(who, password, dn, attribute, value string) {
		t.Helper()
		request := ldap.NewModifyRequest(dn, nil)
		request.Replace(attribute, []string{value})
		if err := e.bound(t, who, password).Modify(request); !ldap.IsErrorWithCode(err, ldap.LDAPResultInsufficientAccessRights) {
			t.Errorf("%s writes %s of %s: %v", who, attribute, dn, err)
		}
	}
	denied(account, "bridge-secret", account, "description", "x")
	denied(account, "bridge-secret", "dc=example,dc=org", "o", "x")
	e.made(t, "/Users", `{"userName": "tess", "password": "tess-secret"}`)
	denied("uid=tess,"+people, "tess-secret", "uid=tess,"+people, "userAccountControl", "512")
	found, err := e.bound(t, account, "bridge-secret").Search(ldap.NewSearchRequest("uid=tess,"+people, ldap.ScopeBaseObject,
		ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"userPassword", "entryUUID"}, nil))
	if err != nil || len(found.Entries) != 1 {
		t.Fatal(err)
	}
	if e := found.Entries[0]; e.GetAttributeValue("userPassword") != "" || e.GetAttributeValue("entryUUID") == "" {
		t.Error("the bridge's account reads passwords, or no ids")
	}
	stored, err := e.bound(t, "cn=admin,dc=example,dc=org", "admin-secret").Search(ldap.NewSearchRequest("uid=tess,"+people,
		ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"userPassword"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if hash := stored.Entries[0].GetAttributeValue("userPassword"); !strings.HasPrefix(hash, "{SSHA}") {
		t.Error("the password is stored in clear text")
	}
}
