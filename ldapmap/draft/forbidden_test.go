package draft_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
)

// TestDropsForbidden: what the classes of an entry forbid is named among what is dropped, and not what no two resources share.
func TestDropsForbidden(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  filter: (|(objectClass=inetOrgPerson)(objectClass=account))
  onForbidden: skip
  unique: [nickName]
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: title, ldap: title}
    - {scim: nickName, ldap: employeeNumber}
    - {scim: 'emails[type eq "work"].value', ldap: mail}
    - {scim: userType, ldap: description}
    - {ldap: displayName, value: 'upper(userName)'}
`, "dn: uid=old,ou=people,dc=example\nobjectClass: account\nuid: old\n")
	users, e := w.Map.Type("User"), w.Entries[0]
	before := w.See(users, e)
	change := func(name string, value any) (dropped []string, p ldif.Plan, err error) {
		mail := map[string]any{"type": "work", "value": "a@b"}
		after := scim.Resource{"title": "Clerk", "userType": "x", "userName": "old", "emails": []any{mail}}
		after[name] = value
		write := draft.Write{Entry: e, Before: before, After: after}
		d, err := draft.New(users, write)
		if err != nil {
			t.Fatal(err)
		}
		p, err = w.Plan(users, write, false)
		return d.Untaken(), p, err
	}
	dropped, p, err := change("userName", "new")
	if diff := cmp.Diff([]string{"title", `emails[type eq "work"].value`}, dropped); diff != "" || err != nil || p.Empty() {
		t.Errorf("%v, %v: %s", p, err, diff)
	}
	const want = "invalidValue: nickName: the entry's object classes (account) do not allow employeeNumber; one that would is inetOrgPerson"
	if _, _, err := change("nickName", "n"); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}
