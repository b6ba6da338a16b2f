package search_test

import (
	"testing"

	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/search"
	"scimbridge/scim"
	"scimbridge/scim/filter"
)

// TestGroupsFilter: users are searched for by a group where the domain keeps their groups, its primary members too.
func TestGroupsFilter(t *testing.T) {
	const dn = "CN=Crew,OU=Groups,DC=shore,DC=example"
	for show, want := range map[string]string{
		"direct":     "(|(memberOf=" + dn + ")(primaryGroupID=1104))",
		"transitive": "(|(memberOf:1.2.840.113556.1.4.1941:=" + dn + ")(primaryGroupID=1104)(primaryGroupID=1105))",
	} {
		w := maptest.New(t, ldif.ActiveDirectory, `
- type: User
  base: OU=People,DC=shore,DC=example
  objectClasses: [user]
  dn: '"CN=" + rdn(userName) + "," + base'
  attributes: [{scim: userName, ldap: userPrincipalName}]
  groups: {show: `+show+`}
- type: Group
  base: OU=Groups,DC=shore,DC=example
  objectClasses: [group]
  attributes: [{scim: displayName, ldap: cn}]
  members: {attribute: member}
`, "dn: "+dn+"\nobjectClass: group\ncn: Crew\nobjectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAUAQAAA==\n\n"+
			"dn: CN=Inner,OU=Groups,DC=shore,DC=example\nobjectClass: group\ncn: Inner\n"+
			"objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAUQQAAA==\n")
		users, crew := w.Map.Type("User"), maptest.ID(0)
		refs := w.Refs([]string{crew}, nil)
		group, _ := refs.ByID(crew)
		if _, needed := users.Groups.Below(group); needed != (show == "transitive") {
			t.Errorf("%s: the groups in the group are asked for: %v", show, needed)
		} else if needed {
			refs = refs.WithBelow(group, users.Groups.Primary, w.Entries[1:])
		}
		for _, text := range []string{`groups.value eq "` + crew + `"`, `groups[value eq "` + crew + `"]`} {
			e, err := filter.Parse(text, users.Resource, scim.Dialect{})
			if err != nil {
				t.Fatal(err)
			}
			got, remainder := search.Filter(users, e, refs)
			if got != ldif.AllOf(want, users.Scope()) || (remainder == nil) != (show == "direct") {
				t.Errorf("%s: %s, remainder %v\nwant %s", text, got, remainder, want)
			}
		}
	}
}
