package ldapmap_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// What refers elsewhere: the map's attributes and those of the configuration, each once, as the schema calls them.
func TestElsewhere(t *testing.T) {
	compiled, err := compile.Compile(maptest.Read(t, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, shipmate]
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: name.familyName, ldap: sn, empty: userName}
    - {scim: name.formatted, ldap: cn, empty: userName}
    - {scim: 'urn:example:2.0:User:boss', ldap: boss, reference: User}
- type: Group
  base: ou=groups,dc=example
  objectClasses: [groupOfNames]
  attributes: [{scim: displayName, ldap: cn}]
  members: {attribute: member, placeholder: cn=nobody}
`))
	if err != nil {
		t.Fatal(err)
	}
	compiled.Elsewhere = compile.References{
		Bases: []string{"ou=apps,dc=example"}, Attributes: []string{"OWNER", "member", "title", "keeper", "uniquemember"},
	}
	m, problems := ldapmap.For(compiled, maptest.Server(t, ldif.OpenLDAP))
	want := `references.attributes[2]: title holds no DNs in the directory's schema
references.attributes[3]: keeper is not in the directory's schema`
	if diff := cmp.Diff(want, problems.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var got []string
	for _, r := range m.Elsewhere.References {
		got = append(got, fmt.Sprint(r.Attribute, " ", r.Single, " ", r.Placeholder))
	}
	if diff := cmp.Diff([]string{
		"member false cn=nobody", "boss true ", "owner false cn=no-member", "uniqueMember false cn=no-member",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
