package ldif

import (
	"fmt"
	"strings"
	"testing"
)

// The words of a plan are what it would do, those of a receipt what was done: of each step what was sent, if it stands.
func TestWords(t *testing.T) {
	const anna, maria, night = "uid=anna,dc=x", "uid=maria,dc=x", "cn=Night,dc=x"
	modify := func(dn string, mods ...Mod) Change { return Change{Kind: Modify, DN: dn, Mods: mods} }
	replace := func(name, value string) Mod { return Mod{Op: ReplaceValues, Name: name, Values: []string{value}} }
	members := func(op ModOp, values ...string) Mod {
		return Mod{Op: op, Name: "member", Values: values, Settled: true}
	}
	rename := Change{Kind: ModifyDN, DN: anna, NewRDN: "uid=maria"}
	var many []string
	for i := range 7 {
		many = append(many, fmt.Sprint("uid=", i))
	}
	changed := Effect{Kind: Changed, DN: anna, Attributes: []string{"title", "mail"}}
	for name, c := range map[string]struct {
		effects []Effect
		changes []Change
		sent    []Change // nil: as they are; of a step that is left out, nothing was done
		plan    string
		receipt string
	}{
		"attributes, no values": {
			[]Effect{{Kind: PasswordSet, DN: anna, Attributes: []string{"userPassword"}}, changed},
			[]Change{modify(anna, replace("title", "v"), replace("mail", "v"), replace("userPassword", "v"))},
			nil,
			"password set uid=anna,dc=x; changed uid=anna,dc=x (title, mail)", "=",
		},
		"no attributes named": {
			[]Effect{{Kind: Changed, DN: anna}},
			[]Change{modify(anna, replace("manager", "v"), replace("unicodePwd", "v"))},
			nil,
			"changed uid=anna,dc=x (manager)", "=",
		},
		"a rename": {
			[]Effect{{Kind: Renamed, DN: anna}, changed},
			[]Change{modify(anna, replace("title", "v")), rename, modify(maria, replace("mail", "v"))},
			nil, "renamed uid=anna,dc=x to uid=maria,dc=x; changed uid=maria,dc=x (title, mail)", "=",
		},
		"a rename that was refused": {
			[]Effect{{Kind: Renamed, DN: anna}, changed},
			[]Change{modify(anna, replace("title", "v")), rename},
			[]Change{modify(anna, replace("title", "v"))},
			"renamed uid=anna,dc=x to uid=maria,dc=x; changed uid=maria,dc=x (title)", "changed uid=anna,dc=x (title)",
		},
		"a soft delete": {
			[]Effect{{Kind: SoftDeleted, DN: anna, Attributes: []string{"description"}, Values: []string{"0123anna"}}},
			[]Change{modify(anna, replace("description", "0123anna"))},
			nil, "soft-deleted uid=anna,dc=x (0123anna)", "=",
		},
		"members, some there": {
			[]Effect{
				{Kind: MembersAdded, DN: night, Values: []string{"uid=a", "uid=b"}},
				{Kind: MembersRemoved, DN: night, Values: []string{"uid=c"}},
			},
			[]Change{modify(night, members(AddValues, "uid=a", "uid=b")), modify(night, members(DeleteValues, "uid=c"))},
			[]Change{modify(night, members(AddValues, "uid=b")), modify(night)},
			"members added 2 cn=Night,dc=x (uid=a | uid=b); members removed 1 cn=Night,dc=x (uid=c)",
			"members added 1 cn=Night,dc=x (uid=b)",
		},
		"a leaver, as the group spells it": {
			[]Effect{{Kind: MembersRemoved, DN: night, Values: []string{anna}}},
			[]Change{modify(night, members(DeleteValues, "UID=anna, dc=x"))},
			nil,
			"members removed 1 cn=Night,dc=x (UID=anna, dc=x)", "=",
		},
		"a leaver, as the group composes its letters": {
			[]Effect{{Kind: MembersRemoved, DN: night, Values: []string{"uid=zo\u00eb,dc=x"}}},
			[]Change{modify(night, members(DeleteValues, "uid=zoe\u0308,dc=x"))},
			nil,
			"members removed 1 cn=Night,dc=x (uid=zoe\u0308,dc=x)", "=",
		},
		"many members": {
			[]Effect{{Kind: MembersAdded, DN: night, Values: many}},
			[]Change{modify(night, members(AddValues, many[:4]...)), modify(night, members(AddValues, many[4:]...))},
			nil,
			"members added 7 cn=Night,dc=x (uid=0 | uid=1 | uid=2 | uid=3 | uid=4 | …)", "=",
		},
		"a new group": {
			[]Effect{{Kind: Created, DN: night}, {Kind: MembersAdded, DN: night, Values: []string{"uid=a"}}},
			[]Change{{Kind: Add, DN: night, Entry: []Attribute{{Name: "member", Values: []string{"cn=nobody", "uid=a"}}}}},
			[]Change{},
			"created cn=Night,dc=x; members added 1 cn=Night,dc=x (uid=a)", "",
		},
	} {
		plan := Plan{Effects: c.effects}
		for _, change := range c.changes {
			plan.Steps = append(plan.Steps, Step{Change: change})
		}
		if c.sent == nil {
			c.sent = c.changes
		}
		receipt := NewReceipt(plan)
		for i, change := range plan.Steps {
			receipt.Steps[i] = StepReceipt{Sent: change.Change, State: Refused}
			if i < len(c.sent) {
				receipt.Steps[i] = StepReceipt{Sent: c.sent[i], State: Done}
			}
		}
		if c.receipt == "=" {
			c.receipt = c.plan
		}
		if got := plan.Words(); got != c.plan {
			t.Errorf("%s: %s\nwant %s", name, got, c.plan)
		}
		if got := receipt.Words(); got != c.receipt {
			t.Errorf("%s: done: %s\nwant %s", name, got, c.receipt)
		}
		for i := range receipt.Steps {
			receipt.Steps[i].State = TakenBack
		}
		if got := receipt.Words(); got != "" || strings.Contains(plan.Words(), "(v") {
			t.Errorf("%s: taken back: %s", name, got)
		}
	}
}
