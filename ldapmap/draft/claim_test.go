package draft_test

import (
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
)

// TestClaimOfAPart: a unique value is held against those of its own line alone, where several lines share an attribute.
func TestClaimOfAPart(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: dc=shore
  objectClasses: [inetOrgPerson]
  dn: '"cn=" + rdn(displayName) + "," + base'
  attributes:
    - {scim: userName, ldap: description, prefix: 'SMTP:'}
    - {scim: nickName, ldap: description, prefix: 'smtp:'}
    - {scim: displayName, ldap: cn}
    - {scim: name.familyName, ldap: sn, empty: displayName}
`, `dn: cn=Anna,dc=shore
objectClass: inetOrgPerson
cn: Anna
sn: Anna
description: SMTP:anna@x
description: smtp:mara@x
`)
	u := w.Map.Type("User")
	for name, taken := range map[string]bool{"mara@x": false, "Anna@x": true} {
		_, err := w.Plan(u, draft.Write{After: scim.Resource{"userName": name, "displayName": "Mara"}}, false)
		if (err != nil) != taken {
			t.Errorf("%s: %v", name, err)
		}
	}
}
