package history

import (
	"slices"
	"strings"
	"testing"
)

// TestShrink: what is left of a plan is what it fails for.
func TestShrink(t *testing.T) {
	plan := New(7, Scale{Operations: 400, Clients: 4, Copies: 3, Each: 20, Faults: []string{"slow", "reset", "hangs"}})
	fails := func(p *Plan) bool {
		found := 0
		for _, op := range p.Ops() {
			if op.N == 31 || op.N == 222 {
				found++
			}
		}
		return found == 2 && strings.Contains(p.String(), "hangs")
	}
	if !fails(plan) {
		t.Fatal(plan)
	}
	tried := 0
	small := Shrink(plan, 10_000, func(p *Plan) bool { tried++; return fails(p) })
	if len(small.items()) != 3 || !fails(small) {
		t.Errorf("after %d tries: %s", tried, small)
	}
	tried = 0
	if small := Shrink(plan, 30, func(p *Plan) bool { tried++; return fails(p) }); tried > 30 || !fails(small) {
		t.Errorf("after %d tries: %s", tried, small)
	}
}

// TestAbout: what is left is what bears on the user.
func TestAbout(t *testing.T) {
	plan := New(7, Scale{Operations: 400, Clients: 4, Copies: 3, Each: 20, Faults: []string{"slow"}})
	of := plan.Ops()[0].N
	about := plan.About([]Violation{{Of: []int{of}}})
	kept, faults := about.Ops(), 0
	for _, op := range plan.Ops() {
		bears := op.N == of || op.User == of || slices.Contains(op.Members, of) ||
			slices.ContainsFunc(op.Parts, func(part *Op) bool { return part.User == of || slices.Contains(part.Members, of) })
		if bears != slices.Contains(kept, op) {
			t.Errorf("%s: kept: %t", op, !bears)
		}
	}
	for _, round := range about.Rounds {
		faults += len(round.Faults)
	}
	if len(kept) < 2 || len(kept) > 100 || faults == 0 {
		t.Errorf("%d operations and %d faults are kept of user %d", len(kept), faults, of)
	}
}
