package draft_test

import (
	"slices"
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
)

// TestLeaverIsRenamed: a soft-deleted account gets another clean name. Wherever the plan stops its old one shows nobody, and the request
// that says the new one again leaves nothing of it; what says nothing of the name leaves what it finds.
func TestLeaverIsRenamed(t *testing.T) {
	const tombstone = "0123456789abcdef0123456789abcdefzoe@example"
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, scimbridgeUser]
  dn: '"uid=" + rdn(userName) + "," + base'
  tombstone: scimUserName
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: name.formatted, ldap: cn, empty: userName}
    - {scim: name.familyName, ldap: sn, empty: userName}
    - {scim: title, ldap: title}
  active: {by: userAccountControl}
`, `dn: uid=zoe@example,ou=people,dc=example
objectClass: inetOrgPerson
objectClass: scimbridgeUser
uid: zoe@example
cn: zoe@example
sn: zoe@example
scimUserName: `+tombstone+`
userAccountControl: 514
`)
	users := w.Map.Type("User")
	plan := func(said draft.Said, change func(scim.Resource)) ldif.Plan {
		t.Helper()
		e := w.Entries[0]
		before := w.See(users, e)
		after := before.Clone()
		change(after)
		p, err := w.Plan(users, draft.Write{Entry: e, Before: before, After: after, Said: said}, false)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	says := func(names ...string) draft.Said { return saysNames(names) }
	anna := func(r scim.Resource) { r["userName"] = "anna@example" }
	carries := func() bool { return slices.Contains(w.Entries[0].Values("scimUserName"), tombstone) }
	for n, step := range plan(says("userName"), anna).Steps {
		w.Apply(step.Change)
		if name := w.See(users, w.Entries[0])["userName"]; name == "zoe@example" {
			t.Errorf("after step %d of the plan it shows as %v", n+1, name)
		}
		if step.Change.Kind == ldif.ModifyDN {
			break // it stops here
		}
	}
	if !carries() {
		t.Error("the tombstone goes before the new name stands")
	}
	for _, step := range plan(says("title"), func(r scim.Resource) { r["title"] = "Nurse" }).Steps {
		w.Apply(step.Change)
	}
	if !carries() {
		t.Error("a request that says nothing of the name takes away what the entry held")
	}
	for _, step := range plan(says("userName"), anna).Steps {
		w.Apply(step.Change)
	}
	if name := w.See(users, w.Entries[0])["userName"]; carries() || name != "anna@example" {
		t.Errorf("in the end it is %v, with %v", name, w.Entries[0].Values("scimUserName"))
	}
}
