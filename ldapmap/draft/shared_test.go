package draft_test

import (
	"slices"
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
)

// Two spellings of one value are no contradiction: Entra sends a userName and an email that differ in case.
func TestSharedSpellings(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  dn: '"mail=" + rdn(userName) + "," + base'
  attributes:
    - {scim: userName, ldap: mail}
    - {scim: 'emails[type eq "work"].value', ldap: mail, shares: userName}
    - {scim: name.familyName, ldap: sn, empty: userName}
    - {scim: displayName, ldap: cn, empty: userName}
`, "")
	typ := w.Map.Type("User")
	d, err := draft.New(typ, draft.Write{After: scim.Resource{
		"userName": "mara@x", "emails": []any{map[string]any{"type": "work", "value": "Mara@X"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := d.Plan(draft.Facts{Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	add := ldif.Entry{Attributes: p.Steps[0].Change.Entry}
	if got := add.Values("mail"); !slices.Equal(got, []string{"mara@x"}) {
		t.Errorf("mail is %q", got)
	}
}
