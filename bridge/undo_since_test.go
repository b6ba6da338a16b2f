package bridge

import (
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// What a request maybe did to an entry after a record counts as done: an account whose password was maybe set is not as it was made.
func TestMadeTo(t *testing.T) {
	set := ldif.Change{
		Kind: ldif.Modify, DN: "uid=anna", Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: "userPassword"}}, If: ldif.Condition{ID: "7"},
	}
	plan := ldif.Plan{Steps: []ldif.Step{{Change: set}}}
	for state, want := range map[ldif.State]int{
		ldif.NotSent: 0, ldif.Refused: 0, ldif.TakenBack: 0, ldif.Unknown: 1, ldif.Done: 1, ldif.Stands: 1,
	} {
		receipt := ldif.NewReceipt(plan)
		receipt.Steps[0].State = state
		if state != ldif.NotSent {
			receipt.Steps[0].Sent = set
		}
		a := journal.Account{Intent: journal.Intent{Plan: plan}, Done: &journal.Done{Receipt: receipt}}
		for id, n := range map[string]int{"7": want, "8": 0} {
			if made := madeTo(a, []string{id}); len(made) != n {
				t.Errorf("%v, of %s: %v", state, id, made)
			}
		}
	}
}
