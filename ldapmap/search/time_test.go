package search_test

import (
	"testing"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/search"
	"scimbridge/scim"
	"scimbridge/scim/filter"
)

// TestFilterOfNeverModified: where an entry that nobody has changed tells no time of a change, it is found by when it was created.
func TestFilterOfNeverModified(t *testing.T) {
	for kind, row := range map[ldif.ServerKind][]struct{ filter, want string }{
		ldif.Generic: {
			{
				`meta.lastModified gt "2026-01-01T00:00:00Z"`,
				`(|(modifyTimestamp>=20260101000000Z)(&(!(modifyTimestamp=*))(createTimestamp>=20260101000000Z)))`,
			},
			{
				`meta.lastModified eq "2026-01-01T00:00:00Z"`,
				`(|(&(modifyTimestamp>=20260101000000Z)(modifyTimestamp<=20260101000000Z))` +
					`(&(!(modifyTimestamp=*))(&(createTimestamp>=20260101000000Z)(createTimestamp<=20260101000000Z))))`,
			},
			{`meta.lastModified ne "2026-01-01T00:00:00Z"`, ``},
			{`meta.created lt "2026-01-01T00:00:00Z"`, `(createTimestamp<=20260101000000Z)`},
		},
		ldif.OpenLDAP: {{`meta.lastModified gt "2026-01-01T00:00:00Z"`, `(modifyTimestamp>=20260101000000Z)`}},
	} {
		w := maptest.New(t, kind, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  attributes: [{scim: userName, ldap: uid}]
`, "")
		traits := *w.Server.Traits
		traits.OrdersTimes = true
		w.Server.Traits = &traits
		users := w.Map.Type("User")
		for _, c := range row {
			parsed, err := filter.Parse(c.filter, users.Resource, scim.Dialect{})
			if err != nil {
				t.Fatal(err)
			}
			got, remainder := search.Filter(users, parsed, ldapmap.Refs{})
			if want := ldif.AllOf(c.want, users.Scope()); got != want || remainder == nil {
				t.Errorf("%s: %s becomes %s, remainder %v, want %s", kind, c.filter, got, remainder, want)
			}
		}
	}
}
