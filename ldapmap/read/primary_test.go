package read_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/read"
	"scimbridge/ldapmap/search"
	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// A group shows those whose primary group it is beside the members that it holds, where the members are asked for; filters find it by them.
func TestPrimaryMembers(t *testing.T) {
	w := maptest.New(t, ldif.ActiveDirectory, `
- type: User
  base: OU=People,DC=shore,DC=example
  objectClasses: [user]
  dn: '"CN=" + rdn(userName) + "," + base'
  attributes: [{scim: userName, ldap: userPrincipalName}]
- type: Group
  base: OU=Groups,DC=shore,DC=example
  objectClasses: [group]
  attributes: [{scim: displayName, ldap: cn}]
  members: {attribute: member}
`, `
dn: CN=Crew,OU=Groups,DC=shore,DC=example
objectClass: group
cn: Crew
objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAUAQAAA==
member: CN=Held,OU=People,DC=shore,DC=example

dn: CN=Others,OU=Groups,DC=shore,DC=example
objectClass: group
cn: Others
objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAUQQAAA==

dn: CN=Held,OU=People,DC=shore,DC=example
objectClass: person
objectClass: user
userPrincipalName: held
objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAsQQAAA==
primaryGroupID: 513

dn: CN=Primary,OU=People,DC=shore,DC=example
objectClass: person
objectClass: user
userPrincipalName: primary
objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAsgQAAA==
primaryGroupID: 1104

dn: CN=Elsewhere,DC=shore,DC=example
objectClass: person
objectClass: user
userPrincipalName: elsewhere
objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAswQAAA==
primaryGroupID: 1104
`)
	groups := w.Map.Type("Group")
	const held, primary = 2, 3
	for crew, want := range map[int][]string{0: {maptest.ID(held), maptest.ID(primary)}, 1: nil} {
		var got []string
		e := w.Entry(groups, maptest.ID(crew))
		e.Asked = read.Attributes(groups, func(schema.Ref) bool { return true })
		members, _ := w.See(groups, e)["members"].([]any)
		for _, m := range members {
			got = append(got, m.(map[string]any)["value"].(string))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	for text, want := range map[string][]string{
		`members.value eq "` + maptest.ID(primary) + `"`: {"Crew"},
		`members[value eq "` + maptest.ID(held) + `"]`:   {"Crew"},
		`members pr`: {"Crew", "Others"}, // more than match, for the remainder to judge
	} {
		e, err := filter.Parse(text, groups.Resource, scim.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		ldapFilter, _ := search.Filter(groups, e, w.Refs(search.IDs(groups, e), nil))
		var got []string
		for _, e := range w.Search(ldapmap.Search{Base: groups.Base, Filter: ldapFilter}) {
			got = append(got, e.Value("cn"))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	all := func(schema.Ref) bool { return true }
	if slices.Contains(read.Attributes(groups, nil), "objectSid") || !slices.Contains(read.Attributes(groups, all), "objectSid") {
		t.Error("the group's SID is read where nobody asks for members, or not where somebody does")
	}
}
