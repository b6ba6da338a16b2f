package history

import (
	"cmp"
	"slices"
	"strings"
)

// Changed are the writes of the last round that surely changed something, by all that was answered and all that is there. Of each set, the
// requests of one operation that were sent at once, one did. What may have found all as it wishes is not among them: an enable that
// another may have come before, or a request whose like has had no answer.
func (c *Checker) Changed() (all [][]*Event) {
	sent := map[*Op][]*Event{}
	var ops []*Op
	for _, e := range c.round.events {
		if sent[e.Op] == nil {
			ops = append(ops, e.Op)
		}
		sent[e.Op] = append(sent[e.Op], e)
	}
	tried := map[int]bool{}
	for _, op := range ops {
		if slices.Contains([]Kind{Get, Find, Bind, Bulk}, op.Kind) {
			continue
		}
		again := tried[op.N] || slices.ContainsFunc(sent[op], (*Event).Unknown)
		tried[op.N] = true
		done := slices.DeleteFunc(slices.Clone(sent[op]), func(e *Event) bool { return !e.Done() })
		if len(done) > 0 && (!op.Shared() && !again || op.Shared() && c.round.changed(done)) {
			all = append(all, done)
		}
	}
	return all
}

// Shared says that another operation may wish for the same: all others give a title or a name of their own, or make or delete what no other
// does.
func (op *Op) Shared() bool {
	return slices.Contains([]Kind{Enable, Restore, AddMembers, RemoveMember, RenameGroup}, op.Kind)
}

// changed says that the requests of one operation cannot all have found what they wish for: no order explains that.
func (r *round) changed(done []*Event) bool {
	op := done[0].Op
	is := func(wished string) func(string) bool { return func(state string) bool { return state == wished } }
	wishes := map[register]func(string) bool{}
	switch op.Kind {
	case Restore:
		wishes[register{what: userName, of: op.User}] = is(value + strings.ToLower(done[0].Name))
		fallthrough
	case Enable:
		wishes[register{what: active, of: op.User}] = is(value + "true")
	case RenameGroup:
		wishes[register{what: groupNames, of: op.Group}] = is(value + strings.ToLower(op.Name))
	default:
		for _, n := range op.Members {
			to := register{what: membership, of: op.Group, user: n}
			wishes[to] = func(state string) bool { return (state == in) == (op.Kind == AddMembers) }
		}
	}
	for to, wished := range wishes {
		initial, acts := r.state(r.before, to), slices.Clone(r.acts[to])
		if to.what == membership {
			initial, acts = r.membershipOf(to)
		}
		for i := range acts {
			if slices.Contains(done, acts[i].by) {
				acts[i].do = func(state string) (string, bool) { return state, wished(state) }
			}
		}
		if !r.shaken(to, done) && ordered(initial, acts) == impossible {
			return true
		}
	}
	return false
}

// shaken says that meanwhile another request made, deleted, renamed, blocked or let in the user or group, which may show on the way what is
// not there before and after: the name it may take back, or a member under two names.
func (r *round) shaken(to register, by []*Event) bool {
	return slices.ContainsFunc(r.events, func(e *Event) bool {
		n := cmp.Or(e.Op.User, e.Op.Group, e.Op.N)
		return (n == to.of || n == to.user) && !slices.Contains(by, e) &&
			!slices.Contains([]Kind{Retitle, AddMembers, RemoveMember, Get, Find, Bind}, e.Op.Kind) &&
			slices.ContainsFunc(by, func(one *Event) bool { return r.beside(one, e) })
	})
}
