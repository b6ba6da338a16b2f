package draft_test

import (
	"slices"
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// TestFoundIsNoSecret: what the map makes of a password is no more among what a change was planned on than the password.
func TestFoundIsNoSecret(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  dn: '"uid=" + rdn(userName) + "," + base'
  attributes:
    - scim: userName
      ldap: uid
    - scim: title
      ldap: title
    - scim: password
      ldap: userPassword
    - ldap: description
      value: 'password'
`, "dn: uid=anna,ou=people,dc=example\nobjectClass: inetOrgPerson\nuid: anna\ncn: anna\nsn: anna\ndescription: Secret-1\n")
	users, e := w.Map.Type("User"), w.Entries[0]
	e.Asked = append(e.Asked, "title", "description") // as where the guard, or another type, needs it
	write := draft.Write{Entry: e, Before: w.See(users, e)}
	write.After = write.Before.Clone()
	write.After["title"], write.After["password"] = "Chief", "Secret-2"
	p, err := w.Plan(users, write, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Steps {
		named := func(a ldif.Attribute) bool { return a.Name != "title" }
		if !s.Change.Secret("description") || slices.ContainsFunc(s.Change.If.Found, named) {
			t.Errorf("secrets %q, planned on %q", s.Change.Secrets, s.Change.If.Found)
		}
	}
}
