package scim

import (
	"net/http"
	"slices"
	"strings"
)

// BulkStep is an operation of a bulk request with its place among the others (RFC 7644 §3.7, §3.7.1).
type BulkStep struct {
	BulkOperation
	Waits []int // the operations, by their place in the request, that must be done before: what they lead to never leads back

	circle map[string]bool // bulkIds that it refers to and cannot wait for: their operations wait for it in turn
}

// Steps are the operations in the order of the request, each with what it waits for: the POST that makes what it refers to, what comes
// before it on the same resource, and what comes before it on the values that it claims. Of references in a circle one is not waited for
// but left out of its POST, and added later (Closing).
//
// POST a refers to b, and POST b to a: a waits for b, and b is made without a.
func (r *BulkRequest) Steps(claims func(BulkOperation) Claims) []BulkStep {
	g := graph{steps: make([]BulkStep, len(r.Operations)), makers: map[string]int{}}
	for i, o := range r.Operations {
		g.steps[i].BulkOperation = o
		if o.Method == http.MethodPost && o.Fault == nil {
			g.makers[o.BulkID] = i
		}
	}
	last := map[string]int{} // by resource
	for i, o := range r.Operations {
		if o.Fault != nil {
			continue
		}
		if o.Method != http.MethodPost {
			resource := strings.ToLower(strings.Trim(o.Path, "/"))
			if before, ok := last[resource]; ok {
				g.steps[i].Waits = append(g.steps[i].Waits, before)
			}
			last[resource] = i
		}
		g.link(i)
	}
	g.order(claims)
	return g.steps
}

// graph is the steps while they are linked.
type graph struct {
	steps  []BulkStep
	makers map[string]int // bulkId -> the POST that makes it
}

// link has a step wait for what makes the resources that it refers to.
func (g *graph) link(i int) {
	step := &g.steps[i]
	leads := map[int]bool{i: true} // whether a step waits for this one: what this one waits for cannot change that
	for _, id := range step.References() {
		maker, ok := g.makers[id]
		switch {
		case !ok: // Missing tells
		case g.waits(maker, leads):
			if step.circle == nil {
				step.circle = map[string]bool{}
			}
			step.circle[id] = true
		default:
			step.Waits = append(step.Waits, maker)
		}
	}
}

// waits says whether a step waits, through any number of others, for one that leads holds as true. leads takes what is found.
func (g *graph) waits(step int, leads map[int]bool) bool {
	if found, known := leads[step]; known {
		return found
	}
	leads[step] = slices.ContainsFunc(g.steps[step].Waits, func(before int) bool { return g.waits(before, leads) })
	return leads[step]
}
