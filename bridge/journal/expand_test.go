package journal_test

import (
	"slices"
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// tell records that something was done to somebody.
func tell(t *testing.T, l *journal.Ledger, request, id, made, name string, body string, effects []ldif.Effect, changes ...ldif.Change) {
	t.Helper()
	plan := ldif.Plan{Effects: effects}
	for _, c := range changes {
		plan.Steps = append(plan.Steps, ldif.Step{Change: c, Before: &ldif.Entry{DN: c.DN}})
	}
	i := journal.Intent{
		RequestID: request, Caller: "entra", ID: id, Name: name, DN: changes[0].DN, Plan: plan, Body: []byte(body),
	}
	for _, c := range changes {
		for _, m := range c.Mods {
			if m.Settled {
				i.Subjects = append(i.Subjects, m.Values...)
			}
		}
	}
	entry, err := l.Begin(t.Context(), i, nil)
	if err != nil {
		t.Fatal(err)
	}
	receipt := ldif.NewReceipt(plan)
	for n, c := range changes {
		receipt.Steps[n] = ldif.StepReceipt{Sent: c, State: ldif.Done}
	}
	written(t, entry.Close(journal.Done{Receipt: receipt, ID: made, Status: 200}))
}

// lives are those of two people and a group: mara is made, becomes maria, is a member; another gets the name that she had.
func lives(t *testing.T, s *store.Store) *journal.Ledger {
	t.Helper()
	l := open(t, s, journal.Options{})
	const people = ",ou=people,dc=example"
	add := func(name string) ldif.Change {
		return ldif.Change{Kind: ldif.Add, DN: "uid=" + name + people, Entry: []ldif.Attribute{{Name: "uid", Values: []string{name}}}}
	}
	member := func(op ldif.ModOp, names ...string) (ldif.Change, []ldif.Effect) {
		m := ldif.Mod{Op: op, Name: "member", Settled: true}
		for _, name := range names {
			m.Values = append(m.Values, "uid="+name+people)
		}
		const group = "cn=cooks,dc=example"
		return ldif.Change{Kind: ldif.Modify, DN: group, Mods: []ldif.Mod{m}},
			[]ldif.Effect{{Kind: ldif.MembersAdded, DN: group, Values: m.Values}}
	}
	both, added := member(ldif.AddValues, "Mara", "tom")
	removed, gone := member(ldif.DeleteValues, "maria")
	const mara, tom, heir = "7f3c51d0-aaaa", "7f3c51d0-bbbb", "7f3c51d0-cccc"
	tell(t, l, "create", "", mara, "mara", `{"userName":"mara"}`, nil, add("mara"))
	tell(t, l, "tom", "", tom, "tom", `{"userName":"tom"}`, nil, add("tom"))
	tell(t, l, "join", "g-1", "", "Cooks",
		`{"Operations":[{"op":"add","path":"members","value":[{"value":"`+mara+`","display":"Mara Koch"},{"value":"`+tom+`"}]}]}`,
		added, both)
	tell(t, l, "rename", mara, "", "maria", `{"userName":"maria"}`, nil,
		ldif.Change{Kind: ldif.ModifyDN, DN: "uid=mara" + people, NewRDN: "uid=maria", DeleteOldRDN: true})
	tell(t, l, "leave", "g-1", "", "Cooks", `{"Operations":[{"op":"remove","path":"members[value eq \"`+mara+`\"]"}]}`, gone, removed)
	tell(t, l, "manager", tom, "", "tom", `{"manager":{"value":"`+mara+`","displayName":"Mara Koch"}}`, nil, ldif.Change{
		Kind: ldif.Modify, DN: "uid=tom" + people,
		Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: "manager", Values: []string{"UID=maria, ou=people, dc=example"}}},
	})
	tell(t, l, "heir", "", heir, "mara", `{"userName":"mara"}`, nil, ldif.Change{Kind: ldif.Add, DN: "uid=mara2" + people})
	return l
}

// requests are those whose records are found by a name.
func requests(t *testing.T, s *store.Store, subject string) (found []string) {
	t.Helper()
	if err := journal.Find(t.Context(), s, journal.Query{Subject: subject}, func(a journal.Account) error {
		found = append(found, a.RequestID)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

// A search by a name leads on to the ids and DNs of who has or had it, and so to the groups.
func TestWho(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		lives(t, s).Shut()
		for subject, want := range map[string][]string{
			"maria":                            {"create", "join", "rename", "leave"},
			"Mara":                             {"create", "join", "rename", "leave", "heir"},
			"7F3C51D0-AAAA":                    {"create", "join", "rename", "leave"},
			"uid=maria,ou=people,dc=example":   {"create", "join", "rename", "leave"},
			"uid=mara, ou=people, dc=example":  {"create", "join", "rename", "leave"},
			"uid=mara2, ou=people, dc=example": {"heir"},
			"Cooks":                            {"join", "leave"},
			"nobody":                           nil,
		} {
			if got := requests(t, s, subject); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", subject, got, want)
			}
		}
	})
}

// Who was deleted and added again by an undo has two ids, and is one: by either all is found, and all forgotten.
func TestAddedAgain(t *testing.T) {
	const was, is, dn = "7f3c51d0-aaaa", "7f3c51d0-dddd", "uid=mara,ou=people,dc=example"
	all := []string{"create", "delete", "undo", "rename"}
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := open(t, s, journal.Options{})
		defer l.Shut()
		for n, by := range []string{was, is, "maria"} {
			add := ldif.Change{Kind: ldif.Add, DN: dn}
			tell(t, l, "create", "", was, "mara", "", nil, add)
			tell(t, l, "delete", was, "", "mara", "", nil, ldif.Change{Kind: ldif.Delete, DN: dn})
			i := journal.Intent{
				RequestID: "undo", Caller: "admin", ID: was, Name: "mara", DN: dn, Why: journal.Undo,
				Plan: ldif.Plan{Steps: []ldif.Step{{Change: add}}},
			}
			entry, err := l.Begin(t.Context(), i, nil)
			if err != nil {
				t.Fatal(err)
			}
			receipt := ldif.NewReceipt(i.Plan)
			receipt.Steps[0] = ldif.StepReceipt{Sent: add, State: ldif.Done}
			written(t, entry.Close(journal.Done{Receipt: receipt, ID: is}))
			if got := requests(t, s, is); !slices.Equal(got, all[:3]) {
				t.Errorf("by the new id %q is found, want %q", got, all[:3])
			}
			tell(t, l, "rename", is, "", "maria", "", nil, ldif.Change{Kind: ldif.ModifyDN, DN: dn, NewRDN: "uid=maria"})
			for _, subject := range []string{was, is, "maria"} {
				if got := requests(t, s, subject); !slices.Equal(got, all) {
					t.Errorf("%s: %q, want %q", subject, got, all)
				}
			}
			f, err := forget(t, s, by)
			if err != nil || f.Erased != 8 || f.Blanked != 0 {
				t.Errorf("%d: %+v, %v", n, f, err)
			}
		}
	})
}
