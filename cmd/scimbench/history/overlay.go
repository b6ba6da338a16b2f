package history

import (
	"slices"
	"time"
)

// LeftByOverlay says that the violation is slapo-memberof's own: it writes memberOf behind the change of a group, not with it. So where two
// changes of one membership are under way at once, the memberOf of the first may be written behind that of the second, under a name that
// the group has no more; and a slapd that is killed in between does not go on. events are those of the round, which was over at now.
func (v Violation) LeftByOverlay(events []*Event, now time.Duration, killed []time.Duration) bool {
	if !v.Overlay {
		return false
	}
	user, groups := v.Of[0], v.Of[1:]
	r := &round{now: Snapshot{At: now}}
	var own []*Event // they change the user's memberships of all groups
	of, renamed := map[int][]*Event{}, []int{}
	for _, e := range events {
		if e.Refused() {
			continue
		}
		switch op := e.Op; op.Kind {
		case Rename, SoftDelete, Restore, Delete:
			if op.User == user {
				own = append(own, e)
			}
		case CreateGroup:
			if slices.Contains(op.Members, user) {
				of[op.N] = append(of[op.N], e)
			}
		case AddMembers, RemoveMember:
			if slices.Contains(op.Members, user) {
				of[op.Group] = append(of[op.Group], e)
			}
		case RenameGroup, DeleteGroup:
			of[op.Group], renamed = append(of[op.Group], e), append(renamed, op.Group)
		case Create, Retitle, Disable, Enable, Get, Find, Bind, Bulk:
		}
	}
	torn := func(group int) bool {
		all := slices.Concat(of[group], own)
		for i, e := range all {
			during := func(at time.Duration) bool { return e.Start <= at && at <= r.end(e) }
			if slices.ContainsFunc(killed, during) || slices.ContainsFunc(all[:i], func(o *Event) bool { return r.beside(e, o) }) {
				return true
			}
		}
		return false
	}
	if len(groups) == 0 { // that group has another name by now, or has gone
		return slices.ContainsFunc(renamed, torn)
	}
	return !slices.ContainsFunc(groups, func(group int) bool { return !torn(group) })
}
