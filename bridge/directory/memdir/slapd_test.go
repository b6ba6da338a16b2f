package memdir_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

const (
	rootDN       = "cn=admin,dc=example,dc=org"
	rootPassword = "secret"
	people       = "ou=people,dc=example,dc=org"
	groups       = "ou=groups,dc=example,dc=org"
)

// content is what the directories of these tests start with.
const content = `dn: dc=example,dc=org
objectClass: organization
objectClass: dcObject
dc: example
o: Example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: uid=ann,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: scimbridgeUser
uid: ann
cn: Ann Example
cn;lang-de: Anna Beispiel
sn: Example
displayName: Ann
mail: ann@example.org
mail: a.example@example.org
telephoneNumber: +49 30 123-456
facsimileTelephoneNumber: +49 30 999
userAccountControl: 512
userPassword: annsecret
description: first
description: Second  Line

dn: uid=bob,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: scimbridgeUser
uid: bob
cn: Bob
sn: Example
manager: UID=ann, OU=people, DC=example, DC=org
userAccountControl: 514
userPassword: bobsecret
scimExternalId: Ext-Bob

dn: cn=staff,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: staff
member: uid=ann,ou=people,dc=example,dc=org
member: uid=bob,ou=people,dc=example,dc=org
`

func entries(t testing.TB, text string) []*ldif.Entry {
	t.Helper()
	all, err := ldif.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// start starts a directory with the content above, ready for the root DN.
func start(t testing.TB, o memdir.Options) *memdir.Server {
	t.Helper()
	o.RootDN, o.RootPassword = rootDN, rootPassword
	if o.Entries == nil {
		o.Entries = entries(t, content)
	}
	s, err := memdir.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func dial(t testing.TB, url string) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// bound returns a connection of the root DN.
func bound(t testing.TB, url string) *ldap.Conn {
	t.Helper()
	c := dial(t, url)
	if err := c.Bind(rootDN, rootPassword); err != nil {
		t.Fatal(err)
	}
	return c
}

// slapd starts a private slapd with the same schema and content, where there is one.
func slapd(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("slapd")
	if err != nil {
		program = "/usr/sbin/slapd"
	}
	if _, err := os.Stat(program); err != nil {
		dirtest.LeaveOut(t, "memdir beside OpenLDAP", "slapd is not installed", "apt-get install slapd")
	}
	dir := t.TempDir()
	schema := memdir.DefaultSchema
	own := schema[strings.LastIndex(schema, "\n# "):]
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("own.schema", own)
	write("slapd.conf", strings.ReplaceAll(`modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
include DIR/own.schema
pidfile DIR/slapd.pid
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw secret
directory DIR/db
overlay ppolicy
access to attrs=userPassword filter="(userAccountControl:1.2.840.113556.1.4.803:=2)" by * none
access to attrs=userPassword by anonymous auth by * none
access to * by * read
`, "DIR", dir))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "ldap://" + listener.Addr().String()
	listener.Close()
	process := exec.Command(program, "-f", filepath.Join(dir, "slapd.conf"), "-h", url, "-d", "0")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Kill()
		process.Wait()
	})
	var c *ldap.Conn
	for try := 0; ; try++ {
		if c, err = ldap.DialURL(url); err == nil {
			break
		}
		if try == 200 {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	defer c.Close()
	if err := c.Bind(rootDN, rootPassword); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries(t, content) {
		request := ldap.NewAddRequest(e.DN, nil)
		for _, a := range e.Attributes {
			request.Attribute(a.Name, a.Values)
		}
		if err := c.Add(request); err != nil {
			t.Fatal(err)
		}
	}
	return url
}

// outcome is an operation's result as the table below writes it.
func outcome(err error) string {
	if err == nil {
		return "0"
	}
	var e *ldap.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	text := fmt.Sprint(e.ResultCode)
	if e.Err != nil && e.Err.Error() != "" {
		text += " " + e.Err.Error()
	}
	if e.MatchedDN != "" {
		text += " (matched " + e.MatchedDN + ")"
	}
	return text
}

// attributes reads "name: value" pairs.
func attributes(lines []string) []ldap.Attribute {
	var all []ldap.Attribute
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		if n := len(all); n > 0 && all[n-1].Type == name {
			all[n-1].Vals = append(all[n-1].Vals, value)
		} else {
			all = append(all, ldap.Attribute{Type: name, Vals: []string{value}})
		}
	}
	return all
}

type step func(c *ldap.Conn) error

func add(dn string, lines ...string) step {
	return func(c *ldap.Conn) error { return c.Add(&ldap.AddRequest{DN: dn, Attributes: attributes(lines)}) }
}

func person(uid string, lines ...string) step {
	own := []string{"objectClass: inetOrgPerson", "objectClass: scimbridgeUser", "uid: " + uid, "cn: " + uid, "sn: " + uid}
	return add("uid="+uid+","+people, append(own, lines...)...)
}

func del(dn string) step {
	return func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(dn, nil)) }
}

func rename(dn, rdn string, deleteOld bool, superior string) step {
	return func(c *ldap.Conn) error {
		return c.ModifyDN(ldap.NewModifyDNRequest(dn, rdn, deleteOld, superior))
	}
}

// modify reads lines "add name: value", "delete name", "replace name: value"; neighbours of one operation and name are one modification.
func modify(dn string, lines ...string) step {
	return func(c *ldap.Conn) error { return c.Modify(modifyRequest(dn, lines, nil)) }
}

var operations = map[string]uint{
	"add": ldap.AddAttribute, "delete": ldap.DeleteAttribute, "replace": ldap.ReplaceAttribute, "increment": ldap.IncrementAttribute,
}

func modifyRequest(dn string, lines []string, controls []ldap.Control) *ldap.ModifyRequest {
	request := ldap.NewModifyRequest(dn, controls)
	last := ""
	for _, line := range lines {
		head, value, valued := strings.Cut(line, ":")
		op, name, _ := strings.Cut(head, " ")
		if n := len(request.Changes); head == last && n > 0 {
			request.Changes[n-1].Modification.Vals = append(request.Changes[n-1].Modification.Vals, strings.TrimPrefix(value, " "))
			continue
		}
		last = head
		change := ldap.Change{
			Operation:    operations[op],
			Modification: ldap.PartialAttribute{Type: name},
		}
		if valued {
			change.Modification.Vals = []string{strings.TrimPrefix(value, " ")}
		}
		request.Changes = append(request.Changes, change)
	}
	return request
}

func compare(dn, attribute, value string) step {
	return func(c *ldap.Conn) error {
		is, err := c.Compare(dn, attribute, value)
		if err == nil && is {
			return &ldap.Error{ResultCode: ldap.LDAPResultCompareTrue, Err: errors.New("")}
		}
		if err == nil {
			return &ldap.Error{ResultCode: ldap.LDAPResultCompareFalse, Err: errors.New("")}
		}
		return err
	}
}

func searchRequest(base string, scope int, filter string, names ...string) *ldap.SearchRequest {
	return ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, 0, false, filter, names, nil)
}

// search fails with the DNs found, so that they show in the outcome.
func search(base string, scope int, filter string, names ...string) step {
	return func(c *ldap.Conn) error {
		found, err := c.Search(searchRequest(base, scope, filter, names...))
		if err != nil {
			return err
		}
		var lines []string
		for _, e := range found.Entries {
			line := strings.TrimSuffix(e.DN, ","+people)
			for _, a := range e.Attributes {
				line += " " + a.Name + "=" + strings.Join(a.Values, "|")
			}
			lines = append(lines, line)
		}
		slices.Sort(lines) // the order of a search's results is no promise
		return errors.New("[" + strings.Join(lines, "; ") + "]")
	}
}

func under(filter string) step { return search(people, ldap.ScopeSingleLevel, filter, "1.1") }

// bindAs binds on a connection of its own kind and goes back to the root DN.
func bindAs(dn, password string) step {
	return func(c *ldap.Conn) error {
		request := ldap.NewSimpleBindRequest(dn, password, nil)
		request.AllowEmptyPassword = true
		_, err := c.SimpleBind(request)
		if back := c.Bind(rootDN, rootPassword); back != nil {
			return back
		}
		return err
	}
}

// as runs a step bound as somebody else.
func as(dn, password string, s step) step {
	return func(c *ldap.Conn) error {
		request := ldap.NewSimpleBindRequest(dn, password, nil)
		request.AllowEmptyPassword = true
		if _, err := c.SimpleBind(request); err != nil {
			return err
		}
		err := s(c)
		if back := c.Bind(rootDN, rootPassword); back != nil {
			return back
		}
		return err
	}
}
