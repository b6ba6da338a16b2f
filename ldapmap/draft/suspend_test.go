package draft_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// TestSuspension: of one who is blocked what the map clears goes, with what is computed of it, and stays away; of several values of a SCIM
// attribute that of the one LDAP attribute goes alone; what the entry's own classes demand stays. What was written once comes again too.
func TestSuspension(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, scimbridgeUser]
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: title, ldap: title}
    - {scim: 'emails[type eq "work"].value', ldap: mail}
    - {scim: 'emails[type eq "home"].value', ldap: homePostalAddress}
    - {ldap: description, value: '"has " + string(len(emails ?? []))'}
    - {ldap: roomNumber, value: 'upper(userName)', on: create}
    - {ldap: carLicense, constant: none}
  active: {by: userAccountControl}
  onBlock:
    clear: [mail, roomNumber, carLicense, l]
    set: [{attribute: employeeType, value: left}, {attribute: employeeNumber, value: "0"}]
`, `dn: uid=old,ou=people,dc=example
objectClass: inetOrgPerson
objectClass: residentialPerson
objectClass: scimbridgeUser
uid: old
cn: old
sn: old
l: Oslo
mail: old@work
homePostalAddress: old@home
description: has 2
roomNumber: OLD
carLicense: none
employeeType: staff
employeeNumber: 77
`)
	users := w.Map.Type("User")
	says := func(names ...string) draft.Said { return saysNames(names) }
	step := func(want string, dropped []string, said draft.Said, change func(scim.Resource)) {
		t.Helper()
		e := w.Entries[0]
		before := w.See(users, e)
		after := before.Clone()
		change(after)
		write := draft.Write{Entry: e, Before: before, After: after, Said: said}
		d, _, err := w.Draft(users, write)
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.Plan(users, write, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Steps {
			w.Apply(s.Change)
		}
		if diff := cmp.Diff(want, p.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(dropped, d.Untaken()); diff != "" {
			t.Errorf("dropped (-want +got):\n%s", diff)
		}
	}
	block := func(r scim.Resource) { r["active"] = false }
	mail := func(r scim.Resource) {
		r["emails"] = []any{map[string]any{"type": "work", "value": "new@work"}, map[string]any{"type": "home", "value": "new@home"}}
	}
	step(`# if id=00000000-0000-0000-0000-000000000000 version=csn
dn: uid=old,ou=people,dc=example
changetype: modify
delete: description
description: has 2
-
add: description
description: has 1
-
delete: mail
mail: old@work
-
delete: roomNumber
roomNumber: OLD
-
delete: carLicense
carLicense: none
-
add: employeeType
employeeType: left
-
delete: employeeNumber
employeeNumber: 77
-
add: employeeNumber
employeeNumber: 0
-
replace: userAccountControl
userAccountControl: 514
-
`, nil, says("active"), block)
	step(`# if id=00000000-0000-0000-0000-000000000000 version=csn
dn: uid=old,ou=people,dc=example
changetype: modify
replace: userAccountControl
userAccountControl: 514
-
`, nil, says("active"), block)
	step(`# if id=00000000-0000-0000-0000-000000000000 version=csn
dn: uid=old,ou=people,dc=example
changetype: modify
delete: homePostalAddress
homePostalAddress: old@home
-
add: homePostalAddress
homePostalAddress: new@home
-
`, []string{`emails[type eq "work"].value`}, nil, mail)
	step(`# if id=00000000-0000-0000-0000-000000000000 version=csn
dn: uid=old,ou=people,dc=example
changetype: modify
add: roomNumber
roomNumber: OLD
-
add: carLicense
carLicense: none
-
delete: employeeType
employeeType: left
-
delete: employeeNumber
employeeNumber: 0
-
replace: userAccountControl
userAccountControl: 512
-
`, nil, says("active"), func(r scim.Resource) { r["active"] = true })
}

// TestSuspensionOfFound: what names an entry that was found stays, though the map clears it.
func TestSuspensionOfFound(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  rename: never
  attributes: [{scim: userName, ldap: uid}, {scim: 'emails[type eq "work"].value', ldap: mail}, {scim: title, ldap: title}]
  active: {attribute: employeeType, blocked: left}
  onBlock: {clear: [mail, title]}
`, "dn: mail=old@work,ou=people,dc=example\nobjectClass: inetOrgPerson\nuid: old\ncn: old\nsn: old\nmail: old@work\ntitle: Clerk\n")
	users, e := w.Map.Type("User"), w.Entries[0]
	before := w.See(users, e)
	after := before.Clone()
	after["active"] = false
	p, err := w.Plan(users, draft.Write{Entry: e, Before: before, After: after}, false)
	if err != nil {
		t.Fatal(err)
	}
	const want = `# if id=00000000-0000-0000-0000-000000000000 version=csn
dn: mail=old@work,ou=people,dc=example
changetype: modify
delete: title
title: Clerk
-
add: employeeType
employeeType: left
-
`
	if diff := cmp.Diff(want, p.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type saysNames []string

func (s saysNames) Names(ref schema.Ref) bool { return slices.Contains(s, ref.Attr.Name) }
func (s saysNames) Whole(schema.Ref) bool     { return false }
