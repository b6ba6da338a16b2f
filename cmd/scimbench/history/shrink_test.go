package history

import (
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

// TestSeed: a seed makes one plan.
func TestSeed(t *testing.T) {
	s := Scale{Operations: 500, Clients: 4, Copies: 3, Each: 20, Faults: []string{"slow", ClientLeaves, ClientTwice}}
	if a, b := New(7, s).String(), New(7, s).String(); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	if a, b := New(7, s).String(), New(8, s).String(); a == b {
		t.Error("two seeds make one plan")
	}
}
