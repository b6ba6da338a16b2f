package history

import (
	"cmp"
	"slices"
)

// item is what a plan may be without: an operation of a client's, or a fault.
type item struct {
	round, client int // client: -1: a fault
	at            int
}

// Shrink leaves out of a plan what it fails without, in parts that become smaller (ddmin, Zeller and Hildebrandt), as long as it may be
// tried. What fails by chance may be kept: then it is larger than it need be.
func Shrink(p *Plan, tries int, fails func(*Plan) bool) *Plan {
	kept := p.items()
	for parts := 2; len(kept) > 1 && tries > 0; {
		size := (len(kept) + parts - 1) / parts
		smaller := false
		for from := 0; from < len(kept) && tries > 0; {
			without := slices.Concat(kept[:from], kept[min(from+size, len(kept)):])
			tries--
			if len(without) > 0 && fails(p.of(without)) {
				kept, smaller = without, true
			} else {
				from += size
			}
		}
		switch {
		case smaller:
			parts = max(2, parts-1)
		case size == 1:
			return p.of(kept)
		default:
			parts = min(2*parts, len(kept))
		}
	}
	return p.of(kept)
}

// About is what of a plan bears on the users and groups that violations are about, and its faults: where it fails as well most of the way
// is gone at once.
func (p *Plan) About(wrong []Violation) *Plan {
	about := map[int]bool{}
	for _, v := range wrong {
		for _, n := range v.Of {
			about[n] = true
		}
		for _, e := range v.Events {
			for _, n := range append([]int{cmp.Or(e.Op.User, e.Op.Group, e.Op.N)}, e.Op.Members...) {
				about[n] = true
			}
		}
	}
	named := map[int]bool{} // in groups that it is about
	for _, op := range p.Ops() {
		for _, one := range append([]*Op{op}, op.Parts...) {
			for _, n := range one.Members {
				named[n] = named[n] || about[cmp.Or(one.Group, one.N)]
			}
		}
	}
	bears := func(op *Op) bool {
		return about[op.N] || named[op.N] || about[op.User] || named[op.User] || about[op.Group] ||
			slices.ContainsFunc(op.Members, func(n int) bool { return about[n] })
	}
	return p.of(slices.DeleteFunc(p.items(), func(i item) bool {
		if i.client < 0 {
			return false
		}
		op := p.Rounds[i.round].Clients[i.client][i.at]
		return !bears(op) && !slices.ContainsFunc(op.Parts, bears)
	}))
}

// items are all of a plan; what a later one needs stands before it.
func (p *Plan) items() (all []item) {
	for n, round := range p.Rounds {
		for client, ops := range round.Clients {
			for at := range ops {
				all = append(all, item{n, client, at})
			}
		}
		for at := range round.Faults {
			all = append(all, item{n, -1, at})
		}
	}
	return all
}

// of is the plan of these items alone; rounds that are empty are not there.
func (p *Plan) of(items []item) *Plan {
	smaller := &Plan{Seed: p.Seed}
	for n, round := range p.Rounds {
		r := Round{Clients: make([][]*Op, len(round.Clients))}
		some := false
		for _, i := range items {
			switch {
			case i.round != n:
				continue
			case i.client < 0:
				r.Faults = append(r.Faults, round.Faults[i.at])
			default:
				r.Clients[i.client] = append(r.Clients[i.client], round.Clients[i.client][i.at])
			}
			some = true
		}
		if some {
			smaller.Rounds = append(smaller.Rounds, r)
		}
	}
	return smaller
}
