package draft_test

import (
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
