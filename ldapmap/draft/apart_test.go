package draft_test

import (
	"errors"
	"testing"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// TestApart: a rename to a name that the server alone tells from the old one is looked at again as any other: who was put into the group by
// the old name follows, and where the rename is refused the group does not keep the new name.
func TestApart(t *testing.T) {
	const people, group = ",ou=people,dc=example", "cn=crew,ou=groups,dc=example"
	const plain = `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  dn: '"uid=" + rdn(userName) + "," + base'
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: name.formatted, ldap: cn, empty: userName}
    - {scim: name.familyName, ldap: sn, empty: userName}
- type: Group
  base: ou=groups,dc=example
  objectClasses: [groupOfNames]
  dn: '"cn=" + rdn(displayName) + "," + base'
  attributes: [{scim: displayName, ldap: cn}]
  members: {attribute: member, placeholder: cn=no-member}
`
	for _, to := range []string{"mara", "\u0130brahim"} {
		w := maptest.New(t, ldif.DS389, plain,
			"dn: "+group+"\nobjectClass: groupOfNames\ncn: crew\nmember: cn=no-member\nmember: uid=ibrahim"+people+"\n\n"+
				"dn: uid=ibrahim"+people+"\nobjectClass: inetOrgPerson\nuid: ibrahim\ncn: x\nsn: x\n")
		users, e := w.Map.Type("User"), w.Entries[1]
		write := draft.Write{Entry: e, Before: w.See(users, e)}
		write.After = write.Before.Clone()
		write.After["userName"] = to
		d, err := draft.New(users, write)
		if err != nil {
			t.Fatal(err)
		}
		facts := draft.Facts{Again: draft.Patience}
		var p ldif.Plan
		for {
			var needs draft.Needs
			if p, needs, err = d.Plan(facts); err != nil {
				t.Fatal(err)
			}
			if needs.None() {
				break
			}
			if needs.Rounds > 0 {
				facts.Rounds = needs.Rounds
			}
			for _, n := range needs.Along {
				facts = facts.Told(n, w.Search(n.Search))
			}
			for _, dn := range needs.Places {
				facts = facts.Placed(dn, false)
			}
			for _, n := range needs.Referrers {
				var found []*ldif.Entry
				for _, e := range w.Search(n.Search) {
					if len(e.Values("member")) > 0 && e.Values("member")[1] == n.Name.Value {
						found = append(found, e)
					}
				}
				facts = facts.Told(n, found)
			}
		}
		look := func(a draft.Aftermath) (s draft.Seen) {
			s.Targets = w.Refs(a.Targets(), nil)
			for _, search := range a.Referrers() {
				var found []*ldif.Entry
				for _, e := range w.Search(search.Search) {
					for _, v := range e.Values("member") {
						if v == search.Name.Value { // the server tells the names apart
							found = append(found, e)
						}
					}
				}
				s = s.Told(search, found)
			}
			ids, dns := a.Owners(s)
			s.Owners = ldapmap.Refs{}
			if len(ids)+len(dns) > 0 {
				s.Owners = w.Refs(ids, dns)
			}
			return s
		}
		// Done: the rename; another put the old name into the group between the search for referrers and the rename.
		e.DN = "uid=" + to + people
		e.Set("uid", to)
		a := d.Aftermath(p, ldapmap.Refs{}, nil)
		amends, _ := a.Amends(look(a), false)
		if len(amends.Steps) != 1 {
			t.Errorf("%s, done, and the group holds the old name: %s", to, amends)
		}
		// Stopped: the rename was refused, the group has been given the new name.
		e.DN = "uid=ibrahim" + people
		e.Set("uid", "ibrahim")
		w.Entries[0].Set("member", "cn=no-member", "uid=ibrahim"+people, "uid="+to+people)
		receipt := ldif.NewReceipt(p)
		receipt.Err = errors.New("it stopped")
		for i, s := range p.Steps {
			if s.Change.Kind == ldif.ModifyDN {
				receipt.Steps[i] = ldif.StepReceipt{Sent: s.Change, State: ldif.Refused}
				break
			}
			receipt.Steps[i] = ldif.StepReceipt{Sent: s.Change, State: ldif.Done}
		}
		a = d.Stopped(receipt)
		amends, _ = a.Amends(look(a), false)
		if len(amends.Steps) != 1 {
			t.Errorf("%s, refused, and the group holds both names: %s", to, amends)
		}
	}
}
