package draft_test

import (
	"strings"
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
)

// TestLeaverMakesRoom: a leaver whose name the directory holds in a form of its own gives it up all the same.
func TestLeaverMakesRoom(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: dc=shore
  objectClasses: [inetOrgPerson]
  active: {by: nsAccountLock}
  delete: {mode: block, marker: {attribute: employeeType, value: deleted}}
  dn: '"cn=" + rdn(displayName) + "," + base'
  attributes:
    - {scim: userName, ldap: description, prefix: 'SMTP:'}
    - {scim: displayName, ldap: cn}
    - {scim: name.familyName, ldap: sn, empty: displayName}
`, `dn: cn=Anna,dc=shore
objectClass: inetOrgPerson
cn: Anna
sn: Anna
description: SMTP:anna@x
employeeType: deleted
nsAccountLock: true

dn: cn=Mara,dc=shore
objectClass: inetOrgPerson
cn: Mara
sn: Mara
description: SMTP:mara@x
`)
	u := w.Map.Type("User")
	mara := w.Entries[1]
	shown := w.See(u, mara)
	after := shown.Clone()
	after["userName"] = "anna@x"
	p, err := w.Plan(u, draft.Write{Entry: mara, Before: shown, After: scim.Resource(after)}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Steps {
		w.Apply(s.Change)
	}
	for i, want := range []string{"SMTP:00000000", "SMTP:anna@x"} {
		if got := w.Entries[i].Values("description"); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s is called %q", w.Entries[i].DN, got)
		}
	}
}
