package draft_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// TestStopped: a plan stopped before its last own step; whom the group holds then follows from where its member is by now, with a unique
// identifier behind the DN or without.
func TestStopped(t *testing.T) {
	t.Run("by DN", func(t *testing.T) { testStopped(t, "groupOfNames", "member", "", "") })
	t.Run("with suffix", func(t *testing.T) {
		testStopped(t, "groupOfUniqueNames", "uniqueMember", "#'0101'B", "    suffixes: true\n")
	})
}

func testStopped(t *testing.T, class, attribute, uid, more string) {
	const (
		people = ",ou=people,dc=example"
		group  = "cn=crew,ou=groups,dc=example"
	)
	plain := `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  dn: '"uid=" + rdn(userName) + "," + base'
  attributes:
    - scim: userName
      ldap: uid
    - scim: name.formatted
      ldap: cn
      empty: userName
    - scim: name.familyName
      ldap: sn
      empty: userName
- type: Group
  base: ou=groups,dc=example
  objectClasses: [` + class + `]
  dn: '"cn=" + rdn(displayName) + "," + base'
  attributes:
    - scim: displayName
      ldap: cn
  members:
    attribute: ` + attribute + `
    placeholder: cn=no-member
` + more
	rename := func(dn, to string) ldif.Change {
		return ldif.Change{Kind: ldif.ModifyDN, DN: dn, NewRDN: to, DeleteOldRDN: true}
	}
	change := func(op ldif.ModOp, who string) ldif.Change {
		mod := ldif.Mod{Op: op, Name: attribute, Values: []string{who + people + uid}, Settled: true}
		return ldif.Change{Kind: ldif.Modify, DN: group, Mods: []ldif.Mod{mod}}
	}
	add := func(dn string) ldif.Change {
		rdn, _, _ := strings.Cut(strings.TrimPrefix(dn, "uid="), ",")
		return ldif.Change{Kind: ldif.Add, DN: dn, Entry: []ldif.Attribute{
			{Name: "objectClass", Values: []string{"inetOrgPerson"}},
			{Name: "uid", Values: []string{rdn}},
			{Name: "cn", Values: []string{rdn}},
			{Name: "sn", Values: []string{rdn}},
		}}
	}
	remove := ldif.Change{Kind: ldif.Delete, DN: "uid=anna" + people}
	displaced, newcomer := rename("uid=anna"+people, "uid=2834anna"), add("uid=anna"+people)
	for name, c := range map[string]struct {
		delete  bool          // rather than rename to mara
		noop    bool          // the steps found the group as they were to leave it
		another []ldif.Change // what another does then
		members string
	}{
		"nobody was there": {members: "anna"},
		"another did the same": {
			another: []ldif.Change{rename("uid=anna"+people, "uid=mara"), change(ldif.DeleteValues, "uid=anna")}, members: "mara",
		},
		"another renamed otherwise":          {another: []ldif.Change{rename("uid=anna"+people, "uid=noor")}, members: "noor"},
		"another deleted":                    {another: []ldif.Change{remove}},
		"another has the name":               {another: []ldif.Change{add("uid=mara" + people)}, members: "anna"},
		"another took the member out":        {another: []ldif.Change{change(ldif.DeleteValues, "uid=anna")}},
		"the group has another name":         {another: []ldif.Change{rename(group, "cn=staff")}, members: "anna"},
		"the group has gone":                 {another: []ldif.Change{{Kind: ldif.Delete, DN: group}}, members: "gone"},
		"a delete":                           {delete: true, members: "anna"},
		"a delete that took nothing":         {delete: true, noop: true},
		"a delete, and another did it":       {delete: true, another: []ldif.Change{remove}},
		"a delete, and another renamed":      {delete: true, another: []ldif.Change{displaced}, members: "2834anna"},
		"a delete, and a newcomer displaced": {delete: true, another: []ldif.Change{displaced, newcomer}, members: "2834anna"},
		"a delete, and the group renamed":    {delete: true, another: []ldif.Change{rename(group, "cn=staff")}, members: "anna"},
	} {
		t.Run(name, func(t *testing.T) {
			w := maptest.New(t, ldif.OpenLDAP, plain, "dn: "+group+"\nobjectClass: "+class+"\ncn: crew\n"+attribute+": cn=no-member\n"+
				attribute+": uid=anna"+people+uid+"\n\ndn: uid=anna"+people+"\nobjectClass: inetOrgPerson\nuid: anna\ncn: anna\nsn: anna\n")
			users, e := w.Map.Type("User"), w.Entries[1]
			write := draft.Write{Entry: e, Before: w.See(users, e)}
			if !c.delete {
				write.After = write.Before.Clone()
				write.After["userName"] = "mara"
			}
			p, err := w.Plan(users, write, false)
			if err != nil {
				t.Fatal(err)
			}
			receipt := ldif.NewReceipt(p)
			receipt.Err = errors.New("it stopped")
			for i, s := range p.Steps {
				if s.Change.Kind != ldif.Modify {
					break
				}
				w.Apply(s.Change)
				receipt.Steps[i] = ldif.StepReceipt{Sent: s.Change, State: ldif.Done}
				if c.noop {
					receipt.Steps[i].Sent.Mods = nil
				}
			}
			for _, change := range c.another {
				w.Apply(change)
			}
			d, err := draft.New(users, write)
			if err != nil {
				t.Fatal(err)
			}
			settle(w, d.Stopped(receipt))
			members := "gone"
			for _, e := range w.Entries {
				if held := e.Values(attribute); len(held) > 0 {
					held = slices.DeleteFunc(slices.Clone(held), func(v string) bool { return v == "cn=no-member" })
					members = strings.NewReplacer("uid=", "", people+uid, "").Replace(strings.Join(held, " "))
				}
			}
			if members != c.members {
				t.Errorf("the group holds %q, want %q", members, c.members)
			}
		})
	}
}
