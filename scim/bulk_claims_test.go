package scim_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"scimbridge/scim"
)

// TestBulkClaims: of two operations of a type that claim one value, or of which one frees what nobody knows, the later waits for the
// earlier, through however many others; unless that refers to what the later makes. No two wait for one another.
func TestBulkClaims(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		request := &scim.BulkRequest{}
		claims := map[string]scim.Claims{}
		n := rapid.IntRange(1, 8).Draw(t, "operations")
		for i := range n {
			id := fmt.Sprint(i)
			var references []any
			for _, other := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 1).Draw(t, "references") {
				references = append(references, fmt.Sprintf("bulkId:%d", other))
			}
			request.Operations = append(request.Operations, scim.BulkOperation{
				Method: "POST", Path: "/Users",
				BulkID: id, Data: references,
			})
			claims[id] = scim.Claims{
				Type:   rapid.SampledFrom([]string{"User", "Group"}).Draw(t, "type"),
				Values: rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 2).Draw(t, "values"),
				Frees:  rapid.IntRange(0, 3).Draw(t, "frees") == 0,
			}
		}
		steps := request.Steps(func(o scim.BulkOperation) scim.Claims { return claims[o.BulkID] })
		referring := request.Steps(func(scim.BulkOperation) scim.Claims { return scim.Claims{} })
		for later := range steps {
			if waits(steps, later, later) {
				t.Fatalf("%d waits for itself: %+v", later, steps)
			}
			for earlier := range later {
				a, b := claims[fmt.Sprint(earlier)], claims[fmt.Sprint(later)]
				if conflict(a, b) && !waits(steps, later, earlier) && !waits(steps, earlier, later) {
					t.Fatalf("%d does not wait for %d: %+v %+v", later, earlier, a, b)
				}
				if conflict(a, b) && !forwards(referring) && !waits(steps, later, earlier) {
					t.Fatalf("%d goes before %d: %+v %+v", later, earlier, a, b)
				}
			}
		}
	})
}

func conflict(a, b scim.Claims) bool {
	something := func(c scim.Claims) bool { return c.Frees || len(c.Values) > 0 }
	if a.Type != b.Type || !something(a) || !something(b) {
		return false
	}
	return a.Frees || b.Frees || slices.ContainsFunc(a.Values, func(v string) bool { return slices.Contains(b.Values, v) })
}

// waits says whether a step waits for another, through any number of others.
func waits(steps []scim.BulkStep, step, other int) bool {
	seen := map[int]bool{}
	var leads func(i int) bool
	leads = func(i int) bool {
		return slices.ContainsFunc(steps[i].Waits, func(before int) bool {
			if before == other {
				return true
			}
			known := seen[before]
			seen[before] = true
			return !known && leads(before)
		})
	}
	return leads(step)
}

func forwards(steps []scim.BulkStep) bool {
	for i, s := range steps {
		if slices.ContainsFunc(s.Waits, func(before int) bool { return before > i }) {
			return true
		}
	}
	return false
}

// TestBulkClaimsLeaveTheRestAlone: what claims other values, or none, does not wait.
func TestBulkClaimsLeaveTheRestAlone(t *testing.T) {
	claims := []scim.Claims{
		{Type: "User", Values: []string{"a"}},
		{Type: "User", Values: []string{"b"}},
		{},
		{Type: "Group", Values: []string{"a"}},
		{Type: "User"},
		{Type: "User", Values: []string{"a"}},
	}
	request := &scim.BulkRequest{}
	for i := range claims {
		request.Operations = append(request.Operations, scim.BulkOperation{Method: "POST", Path: "/Users", BulkID: fmt.Sprint(i)})
	}
	next := 0
	for i, step := range request.Steps(func(scim.BulkOperation) scim.Claims { next++; return claims[next-1] }) {
		if want := map[int][]int{5: {0}}[i]; !slices.Equal(step.Waits, want) {
			t.Errorf("operation %d waits for %v, want %v", i, step.Waits, want)
		}
	}
}
