package draft_test

import (
	"slices"
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// TestRemovedWhileRenamed: who is taken out of a group that a rename has given the new name meanwhile is taken out by that too, whatever
// stands behind it.
func TestRemovedWhileRenamed(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  attributes: [{scim: userName, ldap: uid}, {scim: name.formatted, ldap: cn}, {scim: name.familyName, ldap: sn}]
- type: Group
  base: ou=groups,dc=example
  objectClasses: [groupOfUniqueNames]
  attributes: [{scim: displayName, ldap: cn}]
  members: {attribute: uniqueMember, suffixes: true}
`, `
dn: uid=anna,ou=people,dc=example
objectClass: inetOrgPerson
uid: anna
cn: Anna
sn: Anna

dn: cn=crew,ou=groups,dc=example
objectClass: groupOfUniqueNames
cn: crew
uniqueMember: cn=no-member
uniqueMember: uid=anna,ou=people,dc=example#'0101'B
`)
	groups := w.Map.Type("Group")
	e := w.Entry(groups, maptest.ID(1))
	shown := w.See(groups, e)
	draft.TakeMembers(groups, shown)
	write := draft.Write{Entry: e, Before: shown, After: shown.Clone(), Members: draft.Members{Remove: []string{maptest.ID(0)}}}
	p, err := w.Plan(groups, write, false)
	if err != nil {
		t.Fatal(err)
	}
	d, refs, err := w.Draft(groups, write)
	if err != nil {
		t.Fatal(err)
	}
	aftermath := d.Aftermath(p, refs, nil)
	mod := func(op ldif.ModOp, uid string) ldif.Mod {
		return ldif.Mod{Op: op, Name: "uniqueMember", Values: []string{"uid=" + uid + ",ou=people,dc=example#'0101'B"}}
	}
	w.Apply(ldif.Change{Kind: ldif.ModifyDN, DN: "uid=anna,ou=people,dc=example", NewRDN: "uid=mara", DeleteOldRDN: true})
	w.Apply(ldif.Change{
		Kind: ldif.Modify, DN: "cn=crew,ou=groups,dc=example",
		Mods: []ldif.Mod{mod(ldif.AddValues, "mara"), mod(ldif.DeleteValues, "anna")},
	})
	for _, s := range p.Steps {
		w.Apply(s.Change)
	}
	amends, _ := aftermath.Amends(draft.Seen{Targets: w.Refs(aftermath.Targets(), nil)}, false)
	for _, s := range amends.Steps {
		w.Apply(s.Change)
	}
	if held := w.Entry(groups, maptest.ID(1)).Values("uniqueMember"); !slices.Equal(held, []string{"cn=no-member"}) {
		t.Errorf("the group holds %q", held)
	}
}

// TestLeavesOnceWhoIsHeldTwice: who is held by several unique identifiers, and leaves the group because he is blocked, is one member; and
// stays whole where the group may not be written.
func TestLeavesOnceWhoIsHeldTwice(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, scimbridgeUser]
  attributes: [{scim: userName, ldap: uid}]
  active: {by: userAccountControl}
  onBlock: {leaveGroups: true}
- type: Group
  base: ou=groups,dc=example
  objectClasses: [groupOfUniqueNames]
  attributes: [{scim: displayName, ldap: cn}]
  members: {attribute: uniqueMember, suffixes: true}
`, `
dn: uid=anna,ou=people,dc=example
objectClass: inetOrgPerson
objectClass: scimbridgeUser
uid: anna

dn: cn=crew,ou=groups,dc=example
objectClass: groupOfUniqueNames
cn: crew
uniqueMember: cn=no-member
uniqueMember: uid=anna,ou=people,dc=example
uniqueMember: uid=anna,ou=people,dc=example#'01'B
uniqueMember: uid=anna,ou=people,dc=example#'10'B

dn: cn=deck,ou=groups,dc=example
objectClass: groupOfUniqueNames
cn: deck
uniqueMember: cn=no-member
uniqueMember: uid=anna,ou=people,dc=example#'01'B
uniqueMember: uid=anna,ou=people,dc=example#'10'B
`)
	users, e := w.Map.Type("User"), w.Entries[0]
	write := draft.Write{Entry: e, Before: w.See(users, e)}
	write.After = write.Before.Clone()
	write.After["active"] = false
	p, err := w.Plan(users, write, false)
	if err != nil {
		t.Fatal(err)
	}
	d, _, err := w.Draft(users, write)
	if err != nil {
		t.Fatal(err)
	}
	holds := func(when string, p ldif.Plan, steps int, groups ...string) {
		t.Helper()
		var left []string
		for _, effect := range p.Effects {
			if effect.Kind == ldif.MembersRemoved {
				left = append(left, effect.DN)
			}
		}
		if slices.Sort(left); !slices.Equal(left, groups) || len(p.Steps) != steps {
			t.Errorf("%s: leaves %q\n%s", when, left, p)
		}
	}
	const crew, deck = "cn=crew,ou=groups,dc=example", "cn=deck,ou=groups,dc=example"
	holds("all", p, 1+3+2, crew, deck)
	holds("without crew", d.Staying(p, crew), 1+2, deck)
	holds("without deck", d.Staying(p, deck), 1+3, crew)
	holds("without either", d.Staying(d.Staying(p, deck), crew), 1)
	holds("without himself", d.Staying(p, e.DN), 1+3+2, crew, deck)
}
