package draft_test

import (
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// TestLetsBehindClass: the class that what lets somebody in needs comes with the rest, which may need it too.
func TestLetsBehindClass(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson, scimbridgeUser]
  attributes: [{scim: userName, ldap: uid}, {scim: externalId, ldap: scimExternalId}]
  active: [{attribute: userAccountControl, unblocked: '512'}]
`, "dn: uid=x,dc=example\nobjectClass: inetOrgPerson\nuid: x\n")
	users, e := w.Map.Type("User"), w.Entries[0]
	before := w.See(users, e)
	after := before.Clone()
	after["active"], after["userName"], after["externalId"] = true, "y", "E1"
	p, err := w.Plan(users, draft.Write{Entry: e, Before: before, After: after}, false)
	if err != nil {
		t.Fatal(err)
	}
	first, last := p.Steps[0].Change.Mods, p.Steps[len(p.Steps)-1].Change.Mods
	if first[0].Name != "objectClass" || len(last) != 1 || last[0].Name != "userAccountControl" {
		t.Errorf("\n%s", p)
	}
}
