package ldapmap_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// numbered is a map whose users get a number of a counter.
func numbered(t *testing.T, counter string) (*ldapmap.Map, compile.Faults) {
	t.Helper()
	compiled, err := compile.Compile(maptest.Read(t, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, posixAccount]
  attributes:
    - {scim: userName, ldap: uid}
    - {ldap: gidNumber, constant: 100}
    - {ldap: uidNumber, allocate: {from: 100, to: 199, counter: 'CN=next,dc=example', `+counter+`}}
`))
	if err != nil {
		t.Fatal(err)
	}
	return ldapmap.For(compiled, maptest.Server(t, ldif.OpenLDAP))
}

// What the directory's schema does not take for a counter.
func TestCounterProblems(t *testing.T) {
	const at = "[0].attributes[2].allocate."
	lacks := func(what string) string {
		return at + "counter: device, posixGroup demands " + what + ", which neither names the counter nor counts: name it by " + what +
			", or say `objectClasses`"
	}
	for counter, want := range map[string]string{
		"": "",
		"attribute: serialNumber, objectClasses: [device, posixGroup]": lacks("gidNumber"),
		"attribute: gidNumber, objectClasses: [device, posixGroup]":    "",
		"attribute: gidNumber": "",
		"attribute: jpegPhoto": at + "attribute: jpegPhoto has no equality rule in the directory's schema: " +
			"no number can be taken out of it",
		"attribute: nope": at + "attribute: nope is not in the directory's schema",
		"objectClasses: [devise]": at +
			"objectClasses[0]: devise is not in the directory's schema; did you mean device?",
		"attribute: mail, objectClasses: [device]":           at + "attribute: device do not allow mail",
		"attribute: description, objectClasses: [device]":    "",
		"attribute: serialNumber, objectClasses: ['device']": "",
	} {
		_, problems := numbered(t, counter)
		var got []string
		for _, p := range problems {
			got = append(got, p.Path+": "+p.Problem)
		}
		if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", counter, diff)
		}
	}
}

// A counter that a client could change as a resource is none, nor is an attribute by which nobody finds who has a number.
func TestCounterWithin(t *testing.T) {
	compiled, err := compile.Compile(maptest.Read(t, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson]
  attributes:
    - {scim: userName, ldap: uid}
    - {ldap: jpegPhoto, allocate: {from: 1, to: 9, counter: 'cn=next,dc=example', objectClasses: [inetOrgPerson], attribute: title}}
`))
	if err != nil {
		t.Fatal(err)
	}
	_, problems := ldapmap.For(compiled, maptest.Server(t, ldif.OpenLDAP))
	const counter = "resources[0].attributes[1].allocate.counter: "
	want := "resources[0].attributes[1].ldap: jpegPhoto has no equality rule in the directory's schema: nobody can find out whether a " +
		"value is taken\n" +
		counter + "the counter would be a User, which clients may change: it stands elsewhere, or is of another class\n" +
		counter + "inetOrgPerson demands sn, which neither names the counter nor counts: name it by sn, or say `objectClasses`"
	if diff := cmp.Diff(want, problems.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a counter's entry holds, how it counts, and that nothing else of it is written.
func TestCounter(t *testing.T) {
	m, problems := numbered(t, "")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c := m.Counters[0]
	const made = "dn: CN=next,dc=example\nchangetype: add\nobjectClass: device\ncn: next\nserialNumber: 107\n"
	if got := c.Made(107).Steps[0].Change.String(); got != made {
		t.Error(got)
	}
	for held, want := range map[string]string{
		"": "100 false", "x": "100 false", "-1": "100 false",
		"7": "100 true", "150": "150 true", "199": "199 true", "200": "200 true", "900": "200 true",
	} {
		e := &ldif.Entry{DN: c.DN}
		e.Set("serialNumber", held)
		if n, ok := c.Next(e); fmt.Sprint(n, ok) != want {
			t.Errorf("%q: %d %v, want %s", held, n, ok, want)
		}
	}
	e := &ldif.Entry{DN: "cn=Next,dc=example"}
	e.Set("serialNumber", "150")
	e.Set("uidNumber", "150")
	if held := c.Held(e); held != nil {
		t.Errorf("the counter has %v", held)
	}
	taken := c.Taken(e, 153)
	const counted = "delete: serialNumber\nserialNumber: 150\n-\nadd: serialNumber\nserialNumber: 154\n"
	if got := taken.Steps[0].Change.String(); !strings.Contains(got, counted) {
		t.Error(got)
	}
	change := func(dn string, edit func(*ldif.Change)) ldif.Change {
		c := taken.Steps[0].Change
		c.DN = dn
		edit(&c)
		return c
	}
	for _, c := range []struct {
		change ldif.Change
		want   bool
	}{
		{change(e.DN, func(*ldif.Change) {}), true},
		{change("cn=other,dc=example", func(*ldif.Change) {}), false},
		{change("cn=below,"+e.DN, func(*ldif.Change) {}), false},
		{change(e.DN, func(c *ldif.Change) {
			c.Mods = append(c.Mods, ldif.Mod{Op: ldif.AddValues, Name: "cn", Values: []string{"x"}})
		}), false},
		{change(e.DN, func(c *ldif.Change) { c.Kind = ldif.Delete }), false},
		{change(e.DN, func(c *ldif.Change) { c.Kind = ldif.ModifyDN }), false},
		{c.Made(5).Steps[0].Change, true},
		{ldif.Change{Kind: ldif.Add, DN: e.DN, Entry: []ldif.Attribute{{Name: "objectClass", Values: []string{"inetOrgPerson"}}}}, false},
	} {
		if got := m.Counts(c.change); got != c.want {
			t.Errorf("%v:\n%s", got, c.change)
		}
	}
}
