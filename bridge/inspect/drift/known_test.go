package drift

import (
	"slices"
	"testing"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// TestTeller: of members all count whom a plan was to add, whoever was in already, but nobody who was forgotten; of what no answer came for
// nothing is known; and what was refused, or never told of, changes nothing.
func TestTeller(t *testing.T) {
	server := maptest.Server(t, ldif.OpenLDAP)
	const group, dn = "5f0c1f0e-6f5c-4f0e-9d53-0f4f7a3c9b11", "cn=crew,dc=example,dc=org"
	read := &ldif.Entry{
		DN: dn, Attributes: []ldif.Attribute{{Name: "entryUUID", Values: []string{group}}, {Name: "description", Values: []string{"old"}}},
		Asked: []string{"entryUUID", "description", "o"},
	}
	modify := func(mods ...ldif.Mod) ldif.Step {
		return ldif.Step{Before: read, Change: ldif.Change{Kind: ldif.Modify, DN: dn, Mods: mods, If: ldif.Condition{ID: group}}}
	}
	replace := func(name, value string) ldif.Mod {
		return ldif.Mod{Op: ldif.ReplaceValues, Name: name, Values: []string{value}}
	}
	add := func(values ...string) ldif.Mod {
		return ldif.Mod{Op: ldif.AddValues, Name: "member", Settled: true, Values: values}
	}
	begun := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	record := func(n int64, sent ldif.State, of ldif.Change, steps ...ldif.Step) journal.Account {
		plan := ldif.Plan{Before: read, Steps: steps}
		receipt := ldif.NewReceipt(plan)
		for i := range steps {
			receipt.Steps[i] = ldif.StepReceipt{Sent: of, State: sent}
		}
		return journal.Account{
			ID: journal.ID{Writer: 1, Seq: n}, Kind: journal.KindIntent, Done: &journal.Done{Receipt: receipt},
			Intent: journal.Intent{ID: group, Type: "Group", Plan: plan, Time: begun.Add(time.Duration(n) * time.Second)},
		}
	}
	of := &teller{m: &ldapmap.Map{Server: server}, entries: map[string]*known{group: {id: group}}}
	k := of.entries[group]
	told := modify(add("uid=a", "uid=b", "(forgotten)"))
	of.tell(record(1, ldif.Done, modify(add("uid=b")).Change, told)) // uid=a was in
	if in := k.single["member"]; len(in) != 2 || !in[ldif.Key(server.Schema, "member", "uid=a")].in {
		t.Errorf("members: %+v", in)
	}
	for name, want := range map[string][]string{"description": {"old"}, "o": nil} {
		if values, _, known := k.values(server, name); !known || !slices.Equal(values, want) {
			t.Errorf("%s: %q, %v", name, values, known)
		}
	}
	if _, _, known := k.values(server, "l"); known {
		t.Error("nobody asked for l")
	}
	change := modify(replace("description", "refused"))
	of.tell(record(2, ldif.Refused, change.Change, change))
	change = modify(replace("description", "new"))
	of.tell(record(3, ldif.Done, change.Change, change))
	if values, by, _ := k.values(server, "description"); !slices.Equal(values, []string{"new"}) || by.Record.Seq != 3 || k.unsure {
		t.Errorf("%q by %v", values, by)
	}
	change = modify(replace("description", "lost"))
	of.tell(record(4, ldif.Unknown, change.Change, change))
	if _, _, known := k.values(server, "description"); known || !k.unsure || k.last.Record.Seq != 4 {
		t.Errorf("no answer came: %+v", k)
	}
	joins := modify(add("uid=c"))
	of.tell(record(6, ldif.Unknown, joins.Change, joins)) // by whomever
	if in := k.single["member"]; !in[ldif.Key(server.Schema, "member", "uid=c")].in {
		t.Errorf("members, one of them by whomever: %+v", in)
	}
	pending := record(5, ldif.Done, change.Change, modify(replace("o", "x")))
	pending.Done = nil
	of.tell(pending)
	if _, _, known := k.values(server, "o"); known {
		t.Error("nobody knows yet what became of o")
	}
}
