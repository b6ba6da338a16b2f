package draft_test

import (
	"slices"
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
)

// What is written once stays, is told as dropped, and nothing is computed of what was sent.
func TestWrittenOnce(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  dn: '"uid=" + rdn(userName) + "," + base'
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: name.familyName, ldap: sn, empty: userName}
    - {scim: displayName, ldap: cn, empty: userName}
    - {scim: title, ldap: title, on: create}
    - {scim: roles.value, ldap: employeeType, on: create}
    - {scim: 'emails[type eq "work"].value', ldap: mail, on: create}
    - {ldap: description, value: title}
    - {ldap: businessCategory, value: previous.title}
`, `
dn: uid=anna,ou=people,dc=example
objectClass: inetOrgPerson
uid: anna
sn: Lind
cn: Anna
title: Boss
employeeType: cook
mail: a@x
`)
	users, e := w.Map.Type("User"), w.Entries[0]
	before := w.See(users, e)
	for _, after := range []scim.Resource{
		{
			"userName": "anna", "title": "Chief", "roles": []any{map[string]any{"value": "mate"}},
			"emails": []any{map[string]any{"type": "work", "value": "b@x"}},
		},
		{"userName": "anna"},
	} {
		after["name"], after["displayName"] = before["name"], before["displayName"]
		write := draft.Write{Entry: e, Before: before, After: after}
		p, err := w.Plan(users, write, false)
		if err != nil || !p.Empty() {
			t.Fatalf("%v\n%s", err, p)
		}
		d, err := draft.New(users, write)
		if err != nil {
			t.Fatal(err)
		}
		dropped := d.Untaken()
		for _, path := range []string{"title", "roles.value", `emails[type eq "work"].value`} {
			if !slices.Contains(dropped, path) {
				t.Errorf("%s is not among what is dropped, %q", path, dropped)
			}
		}
	}
}

// A value that stands in the directory as it is there already is no change, however it was sent: what was before stays what it was.
func TestSameForm(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  dn: '"uid=" + rdn(userName) + "," + base'
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: name.familyName, ldap: sn, empty: userName}
    - {scim: displayName, ldap: cn, empty: userName}
    - {scim: title, ldap: title, value: lower(value), read: value}
    - {ldap: description, value: previous.title}
`, `
dn: uid=anna,ou=people,dc=example
objectClass: inetOrgPerson
uid: anna
sn: Lind
cn: Anna
title: chief
description: clerk
`)
	users, e := w.Map.Type("User"), w.Entries[0]
	before := w.See(users, e)
	after := before.Clone()
	after["title"] = "Chief"
	p, err := w.Plan(users, draft.Write{Entry: e, Before: before, After: after}, false)
	if err != nil || !p.Empty() {
		t.Errorf("%v\n%s", err, p)
	}
}
