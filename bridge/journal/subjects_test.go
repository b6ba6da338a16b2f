package journal_test

import (
	"slices"
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestSubjects: a record is found by the id of each entry that it changes, the keys come in order, and an entry that was read says of what
// it was read with whether it had that.
func TestSubjects(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		s := storetest.Open(t, o)
		l := open(t, s, journal.Options{})
		const group = "cn=cooks,dc=example"
		change := ldif.Change{
			Kind: ldif.Modify, DN: group, If: ldif.Condition{ID: "7F3C-group"},
			Mods: []ldif.Mod{{Op: ldif.DeleteValues, Name: "member", Values: []string{"uid=mara"}, Settled: true}},
		}
		read := &ldif.Entry{
			DN: "uid=mara", Attributes: []ldif.Attribute{{Name: "cn", Values: []string{"Mara"}}},
			Asked: []string{"*", "cn", "title", "userPassword"},
		}
		plan := ldif.Plan{Before: read, Steps: []ldif.Step{{Change: change, Before: &ldif.Entry{DN: group}}}}
		entry, err := l.Begin(t.Context(), journal.Intent{ID: "7f3c-mara", DN: "uid=mara", Plan: plan}, nil)
		if err != nil {
			t.Fatal(err)
		}
		written(t, entry.Close(journal.Done{Receipt: ldif.NewReceipt(plan)}))
		var keys []string
		for last := ""; ; {
			some, err := journal.SubjectsAfter(t.Context(), s, last, 2)
			if err != nil {
				t.Fatal(err)
			}
			if keys = append(keys, some...); len(some) == 0 {
				break
			}
			last = some[len(some)-1]
		}
		if want := []string{"7f3c-group", "7f3c-mara", group, "uid=mara"}; !slices.Equal(slices.Sorted(slices.Values(keys)), want) {
			t.Errorf("found by %q, want %q", keys, want)
		}
		var found []journal.Account
		if err := journal.Find(t.Context(), s, journal.Query{Subjects: []string{"7f3c-group"}}, func(a journal.Account) error {
			found = append(found, a)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 {
			t.Fatalf("%d records are found by the group's id", len(found))
		}
		e := found[0].Plan.Before
		for name, saw := range map[string]bool{"cn": true, "title": true, "userPassword": false, "sn": false} {
			if e.Saw(name) != saw {
				t.Errorf("%s: it was seen: %v", name, !saw)
			}
		}
	})
}
