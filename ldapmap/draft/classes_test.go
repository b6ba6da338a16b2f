package draft_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
)

const staff = `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, {class: posixAccount, when: 'userType == "staff"'}, {class: shadowAccount, when: 'title == "Boss"'}]
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: userType, ldap: employeeType}
    - {scim: title, ldap: title}
    - {scim: 'urn:x:shell', ldap: loginShell}
    - {scim: 'urn:x:home', ldap: homeDirectory, empty: '"/home/" + userName'}
    - {ldap: uidNumber, on: create, allocate: {from: 20000, to: 29999, counter: 'cn=uidNext,dc=example'}}
    - {ldap: gidNumber, constant: 100}
    - {ldap: gecos, value: 'upper(userName)'}
    - {ldap: shadowFlag, value: '"7"', on: create}
  active: {by: userAccountControl}
`

// TestConditionalClass: a class, and all that it alone allows, come when what is said of the resource calls for it, and go when it does no
// more; what the entry holds besides keeps the class; and what was found stays.
func TestConditionalClass(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, staff, "")
	users := w.Map.Type("User")
	attempt := func(resource scim.Resource, change func(scim.Resource)) (ldif.Plan, error) {
		t.Helper()
		write := draft.Write{After: resource}
		if change != nil {
			write.Entry = w.Entries[0]
			write.Before = w.See(users, write.Entry)
			write.After = write.Before.Clone()
			change(write.After)
		}
		return w.Plan(users, write, false)
	}
	step := func(want string, resource scim.Resource, change func(scim.Resource)) {
		t.Helper()
		p, err := attempt(resource, change)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Steps {
			w.Apply(s.Change)
		}
		if diff := cmp.Diff(want, p.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	refused := func(want string, resource scim.Resource, change func(scim.Resource)) {
		t.Helper()
		if _, err := attempt(resource, change); err == nil || err.Error() != want {
			t.Errorf("%v, and not %s", err, want)
		}
	}
	set := func(name string, value any) func(scim.Resource) {
		return func(r scim.Resource) { r[name] = value }
	}
	const forbidden = "invalidValue: urn:x:shell: the entry's object classes (inetOrgPerson) do not allow loginShell; " +
		"one that would is posixAccount"
	refused(forbidden, scim.Resource{"userName": "ann", "urn:x": map[string]any{"shell": "/bin/sh"}}, nil)
	step(`dn: uid=ann,ou=people,dc=example
changetype: add
objectClass: inetOrgPerson
uid: ann
userAccountControl: 512
`, scim.Resource{"userName": "ann"}, nil)
	refused(forbidden, nil, set("urn:x", map[string]any{"shell": "/bin/sh"}))
	const head = "# if id=00000064-0000-0000-0000-000000000000 version=csn\ndn: uid=ann,ou=people,dc=example\nchangetype: modify\n"
	step(head+`add: objectClass
objectClass: posixAccount
-
add: employeeType
employeeType: staff
-
add: loginShell
loginShell: /bin/sh
-
add: homeDirectory
homeDirectory: /home/ann
-
add: uidNumber
uidNumber: 20000
-
add: gidNumber
gidNumber: 100
-
add: gecos
gecos: ANN
-
`, nil, func(r scim.Resource) { r["userType"], r["urn:x"] = "staff", map[string]any{"shell": "/bin/sh"} })
	step("", nil, set("userType", "staff"))
	step(head+`delete: objectClass
objectClass: posixAccount
-
add: objectClass
objectClass: shadowAccount
-
delete: employeeType
employeeType: staff
-
add: employeeType
employeeType: guest
-
add: title
title: Boss
-
add: shadowFlag
shadowFlag: 7
-
delete: loginShell
loginShell: /bin/sh
-
delete: homeDirectory
homeDirectory: /home/ann
-
delete: uidNumber
uidNumber: 20000
-
delete: gidNumber
gidNumber: 100
-
delete: gecos
gecos: ANN
-
`, nil, func(r scim.Resource) { r["userType"], r["title"] = "guest", "Boss" })

	w.Entries[0].Set("shadowMax", "90") // which is not the map's
	step(head+"delete: title\ntitle: Boss\n-\n", nil, set("title", nil))
	w.Entries[0].Set("shadowMax")
	step("", nil, set("title", nil))
	if got := w.Entries[0].Values("objectClass"); len(got) != 2 {
		t.Errorf("classes %v", got)
	}

	// One that another hand made keeps its class, with what is said of it.
	w.Entries[0].Set("objectClass", "inetOrgPerson", "posixAccount")
	for name, value := range map[string]string{"uidNumber": "7", "gidNumber": "7", "homeDirectory": "/srv", "cn": "x"} {
		w.Entries[0].Set(name, value)
	}
	w.Entries[0].Set("shadowFlag")
	step(head+"add: loginShell\nloginShell: /bin/sh\n-\n", nil, func(r scim.Resource) {
		r["urn:x"] = map[string]any{"shell": "/bin/sh", "home": "/srv"}
	})
	step(head+"delete: employeeType\nemployeeType: guest\n-\nadd: employeeType\nemployeeType: staff\n-\n", nil, set("userType", "staff"))
}

// TestConditionalClassDemands: what the class demands is demanded of those who are to have it, and of them alone; what others have for it
// is dropped where the map says so.
func TestConditionalClassDemands(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, {class: posixAccount, when: 'userType == "staff"'}]
  onForbidden: skip
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: userType, ldap: employeeType}
    - {scim: 'urn:x:home', ldap: homeDirectory}
    - {ldap: uidNumber, value: '"7"'}
    - {ldap: gidNumber, value: '"7"'}
`, `dn: uid=bo,ou=people,dc=example
objectClass: inetOrgPerson
uid: bo
cn: bo
sn: bo

dn: uid=cy,ou=people,dc=example
objectClass: inetOrgPerson
objectClass: posixAccount
uid: cy
cn: cy
sn: cy
employeeType: staff
uidNumber: 7
gidNumber: 7
homeDirectory: /cy
`)
	users := w.Map.Type("User")
	home := map[string]any{"home": "/bo"}
	const kept = "mutability: urn:x:home cannot be cleared: the directory demands homeDirectory"
	const demanded = "invalidValue: urn:x:home is required: the directory demands homeDirectory"
	for _, c := range []struct {
		entry   *ldif.Entry
		change  scim.Resource
		dropped []string
		want    string // of the error
	}{
		{nil, scim.Resource{"userName": "a", "userType": "staff"}, nil, demanded},
		{nil, scim.Resource{"userName": "a", "userType": "staff", "urn:x": home}, nil, ""},
		{nil, scim.Resource{"userName": "a", "urn:x": home}, []string{"urn:x:home"}, ""},
		{w.Entries[0], scim.Resource{"urn:x": home}, []string{"urn:x:home"}, ""},
		{w.Entries[0], scim.Resource{"userType": "staff"}, nil, demanded},
		{w.Entries[0], scim.Resource{"userType": "staff", "urn:x": home}, nil, ""},
		{w.Entries[1], scim.Resource{"urn:x": nil}, nil, kept},
		{w.Entries[1], scim.Resource{"userType": nil, "urn:x": home}, []string{"urn:x:home"}, ""},
		{w.Entries[1], scim.Resource{"userType": nil}, nil, ""},
	} {
		write := draft.Write{Entry: c.entry, After: c.change}
		if c.entry != nil {
			write.Before = w.See(users, c.entry)
			write.After = write.Before.Clone()
			for name, value := range c.change {
				if write.After[name] = value; value == nil {
					delete(write.After, name)
				}
			}
		}
		d, _, err := w.Draft(users, write)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, err := w.Plan(users, write, false); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v: %s, want %s", c.change, got, c.want)
		}
		if diff := cmp.Diff(c.dropped, d.Untaken()); diff != "" {
			t.Errorf("%v: dropped (-want +got):\n%s", c.change, diff)
		}
	}
}

// TestConditionalClassStays: a class stays where the entry holds something for it that the map neither wrote nor shows.
func TestConditionalClassStays(t *testing.T) {
	const single, many = "{scim: nickName, ldap: bootFile}", "{scim: roles.value, ldap: bootFile}"
	const part, computed = "{scim: nickName, ldap: bootFile, prefix: 'n:'}", "{ldap: bootFile, value: userName}"
	const mate = "{scim: 'urn:example:2.0:User:mate', ldap: mate, reference: User}"
	const coded = "{scim: roles.value, ldap: bootFile, value: '\"x:\" + value', read: 'after(value, \"x:\")'}"
	for _, c := range []struct {
		line, held string
		goes       bool
	}{
		{single, "bootFile: a", true},
		{single, "bootFile: a, b", false},
		{single, "bootFile: a\nbootFile;lang-de: a", false},
		{"{scim: nickName, ldap: bootFile;lang-de}", "bootFile;lang-de: a", true},
		{single, "bootFile;lang-de: a", false},
		{single, "bootFile: a\nbootParameter: a=b:c", false},
		{"{scim: nickName, ldap: shadowMax}", "shadowMax: 1", true},
		{"{ldap: shadowMax, value: '\"7\"'}", "shadowMax: 1", true},
		{coded, "bootFile: x:b", true},
		{coded, "bootFile: b", false},
		{"{scim: nickName, ldap: shadowMax}", "shadowMax: 1\nshadowMin: 1", false},
		{many, "bootFile: a, b", true},
		{part, "bootFile: n:a", true},
		{part, "bootFile: n:a, n:b", false},
		{part, "bootFile: n:a, b", false},
		{part, "bootFile: b", false},
		{part + ", {scim: title, ldap: bootFile, prefix: 't:'}", "bootFile: n:a, t:b", true},
		{computed, "bootFile: cy", true},
		{computed, "bootFile: cy, b", false},
		{"{ldap: bootFile, value: userName, unique: true}", "bootFile: cy2", true},
		{"{ldap: bootFile, value: userName, on: create}", "bootFile: b", true},
		{"{ldap: bootFile, value: userName, on: create}", "bootFile: cy, b", false},
		{"{ldap: bootFile, value: previous.userName}", "bootFile: a, b", true},
		{"{ldap: bootFile, constant: [a, b]}", "bootFile: a, b", true},
		{"{ldap: bootFile, constant: [a, b]}", "bootFile: a, b, c", false},
		{"{scim: nickName, ldap: bootFile, empty: userName}", "bootFile: a, cy", true},
		{"{scim: nickName, ldap: bootFile, empty: userName}", "bootFile: cy", true},
		{"{scim: nickName, ldap: bootFile, empty: userName}", "bootFile: a, b", false},
		{mate, "mate: uid=cy,ou=people,dc=example", true},
		{mate, "mate: uid=gone,ou=people,dc=example", true},
		{mate, "mate: uid=cy,ou=people,dc=example, uid=gone,ou=people,dc=example", false},
	} {
		class, attribute := "bootableDevice", "bootFile"
		if strings.Contains(c.line, "shadow") { // whose attributes have one value
			class, attribute = "shadowAccount", "shadowMax"
		}
		if c.line == mate {
			class, attribute = "shipmate", "mate"
		}
		entry := "dn: uid=cy,ou=people,dc=example\nobjectClass: inetOrgPerson\nobjectClass: " + class + "\nuid: cy\nemployeeType: staff\n"
		for line := range strings.SplitSeq(c.held, "\n") {
			name, values, _ := strings.Cut(line, ": ")
			for v := range strings.SplitSeq(values, ", ") {
				entry += name + ": " + v + "\n"
			}
		}
		w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, {class: `+class+`, when: 'userType == "staff"'}]
  attributes: [{scim: userName, ldap: uid}, {scim: userType, ldap: employeeType}, `+c.line+`]
`, entry)
		users := w.Map.Type("User")
		write := draft.Write{Entry: w.Entries[0], Before: w.See(users, w.Entries[0])}
		write.After = write.Before.Clone()
		delete(write.After, "userType")
		for _, keeps := range []bool{false, true} {
			write.KeepsClasses = keeps
			p, err := w.Plan(users, write, false)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(p.String(), "delete: objectClass\n"); got != (c.goes && !keeps) || len(p.Steps) != 1 {
				t.Errorf("%s, %q, %v:\n%s", c.line, c.held, keeps, p)
			}
			if strings.Contains(p.String(), attribute) != (c.goes && !keeps) {
				t.Errorf("%s, %q, %v: the class goes, or its values, alone\n%s", c.line, c.held, keeps, p)
			}
		}
	}
}

// TestLockHasItsClass: what blocks comes first, with the object class that an entry which the bridge did not make lacks for it, and for
// nothing else.
func TestLockHasItsClass(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, scimbridgeUser, bootableDevice]
  dn: '"uid=" + rdn(userName) + "," + base'
  attributes: [{scim: userName, ldap: uid}, {scim: nickName, ldap: bootFile}]
  active: {by: userAccountControl}
`, `
dn: uid=cy,ou=people,dc=example
objectClass: inetOrgPerson
uid: cy
`)
	users := w.Map.Type("User")
	write := draft.Write{Entry: w.Entries[0], Before: w.See(users, w.Entries[0])}
	for nickname, want := range map[string][]string{
		"":  {"add objectClass [scimbridgeUser]; replace userAccountControl [514]"},
		"c": {"add objectClass [scimbridgeUser]; replace userAccountControl [514]", "add objectClass [bootableDevice]; add bootFile [c]"},
	} {
		write.After = write.Before.Clone()
		write.After["active"], write.After["userName"] = false, "cyrus"
		if nickname != "" {
			write.After["nickName"] = nickname
		}
		p, err := w.Plan(users, write, false)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range p.Steps {
			var mods []string
			for _, m := range s.Change.Mods {
				mods = append(mods, fmt.Sprint(m.Op, " ", m.Name, " ", m.Values))
			}
			if len(mods) > 0 {
				got = append(got, strings.Join(mods, "; "))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s\n%s", nickname, diff, p)
		}
	}
}
