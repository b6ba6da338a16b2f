package read_test

import (
	"testing"

	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/read"
)

// TestVersionOfASet: a version made of what was read is one for each set of values, in whichever order the server gives them.
func TestVersionOfASet(t *testing.T) {
	const mapText = `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  attributes: [{scim: userName, ldap: uid}, {scim: emails.value, ldap: mail}]
`
	w := maptest.New(t, ldif.Generic, mapText,
		"dn: uid=a,ou=people,dc=example\nobjectClass: inetOrgPerson\ncn: a\nsn: a\nuid: a\nmail: b@example\nmail: a@example\n")
	users, e := w.Map.Type("User"), w.Entries[0]
	was := read.Version(users, e)
	for _, c := range []struct {
		same bool
		mail []string
	}{{true, []string{"a@example", "b@example"}}, {false, []string{"a@example"}}, {false, []string{"a@example", "c@example"}}} {
		e.Set("mail", c.mail...)
		if got := read.Version(users, e); (got == was) != c.same {
			t.Errorf("%q: %s, it was %s", c.mail, got, was)
		}
	}
}
