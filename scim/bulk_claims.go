package scim

import "slices"

// Claims is what an operation of a bulk request does to the values that no two resources of a type share. Their order decides who gets
// one, and the result must be that of the order in the request (RFC 7644 §3.7).
type Claims struct {
	Type   string   // "": none
	Values []string // that it claims, each in the form that equal ones have in common
	Frees  bool     // it may free a value that it does not name, or claim one
}

// phase is operations on one type, next to one another but for those that claim nothing, that need not wait for one another: each claims
// values of its own, or there is one that frees.
type phase struct {
	frees  bool
	steps  []int
	before []int          // the steps of the phase before
	leader int            // the step that waits for all of them, and for which the others wait in their place; -1: none yet
	last   map[string]int // value -> the step that claims it last
}

// order has each step wait for those before it that claim or free what it claims or frees: before it in the order of the request, but for
// what is referred to, which goes first wherever it stands.
func (g *graph) order(claims func(BulkOperation) Claims) {
	phases := map[string]*phase{}
	for _, i := range g.inOrder() {
		if g.steps[i].Fault != nil {
			continue
		}
		c := claims(g.steps[i].BulkOperation)
		if len(c.Values) == 0 && !c.Frees {
			continue
		}
		p := phases[c.Type]
		switch {
		case p == nil:
			p = &phase{frees: c.Frees, leader: -1, last: map[string]int{}}
		case p.frees || c.Frees:
			p = &phase{frees: c.Frees, leader: -1, last: map[string]int{}, before: p.steps}
		}
		phases[c.Type] = p
		g.join(p, i, c.Values)
	}
}

// inOrder are the steps in the order of the request, those that wait behind what they wait for.
func (g *graph) inOrder() []int {
	order := make([]int, 0, len(g.steps))
	visited := make([]bool, len(g.steps))
	var visit func(i int)
	visit = func(i int) {
		if visited[i] {
			return
		}
		visited[i] = true
		for _, before := range g.steps[i].Waits {
			visit(before)
		}
		order = append(order, i)
	}
	for i := range g.steps {
		visit(i)
	}
	return order
}

// join adds a step to its phase.
func (g *graph) join(p *phase, i int, values []string) {
	if p.leader >= 0 {
		g.wait(i, p.leader)
	} else if len(p.before) > 0 {
		for _, before := range p.before {
			g.wait(i, before)
		}
		p.leader = i
	}
	for _, value := range values {
		if before, claimed := p.last[value]; claimed {
			g.wait(i, before)
		}
		p.last[value] = i
	}
	p.steps = append(p.steps, i)
}

func (g *graph) wait(step, before int) {
	if before != step && !slices.Contains(g.steps[step].Waits, before) {
		g.steps[step].Waits = append(g.steps[step].Waits, before)
	}
}
