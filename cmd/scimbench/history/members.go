package history

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// judgeMembers looks for an order of the acts on each user who may be in a group.
func (r *round) judgeMembers() {
	all := map[register]bool{}
	groups := map[int]bool{}
	for _, known := range []iter.Seq[int]{maps.Keys(r.before.Groups), maps.Keys(r.now.Groups), maps.Keys(r.groups)} {
		for of := range known {
			groups[of] = true
		}
	}
	for of := range groups {
		users := map[int]bool{}
		for _, s := range []Snapshot{r.before, r.now} {
			if t := s.Groups[of]; t != nil {
				for _, n := range t.Members {
					users[n] = true
				}
			}
		}
		for _, e := range r.groups[of] {
			for _, n := range e.Op.Members {
				users[n] = true
			}
		}
		for user := range users {
			to := register{what: membership, of: of, user: user}
			all[to] = true
		}
	}
	for _, to := range sorted(all) {
		initial, acts := r.membershipOf(to)
		r.judgeOne(to, initial, acts)
	}
}

// membershipOf is whether a user was in a group, and all acts on it with the look at what is.
func (r *round) membershipOf(to register) (initial string, acts []act) {
	initial, there := r.before.state(to)
	if !there {
		initial = out
	}
	read, there := r.now.state(to)
	if !there {
		read = out
	}
	return initial, append(r.membership(to), act{
		start: r.now.At, end: r.now.At, must: true, say: fmt.Sprintf("the directory has %s: %q", to, strings.TrimPrefix(read, value)),
		do: func(state string) (string, bool) { return state, (state == in) == (read == in) },
	})
}

// membership are the acts on whether a user is in a group.
func (r *round) membership(to register) (acts []act) {
	add := func(e *Event, must bool, do func(string) (string, bool)) {
		acts = append(acts, act{start: e.Start, end: r.end(e), must: must, do: do, by: e})
	}
	become := func(next string, from ...string) func(string) (string, bool) {
		return func(state string) (string, bool) { return next, len(from) == 0 || slices.Contains(from, state) }
	}
	for _, e := range r.groups[to.of] {
		if e.Refused() {
			continue
		}
		named := slices.Contains(e.Op.Members, to.user)
		switch {
		case e.Op.Kind == CreateGroup && named:
			add(e, e.Done(), become(in))
		case e.Op.Kind == CreateGroup:
			add(e, false, become(out, gone))
		case e.Op.Kind == AddMembers && named:
			add(e, e.Done(), become(in, in, out))
		case e.Op.Kind == RemoveMember && named:
			add(e, e.Done(), func(state string) (string, bool) {
				if state == gone {
					return gone, true
				}
				return out, true
			})
		case e.Op.Kind == DeleteGroup:
			add(e, e.Done(), become(gone))
		}
	}
	for _, e := range r.lives[to.user] {
		switch {
		case e.Refused():
		case e.Op.Kind == Create:
			add(e, false, become(out, gone))
		default:
			add(e, e.Done(), become(gone))
			if e.Unknown() { // it may have stopped before the entry went
				add(e, false, become(out, in))
			}
		}
	}
	return acts
}
