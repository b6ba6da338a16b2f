package directory

import (
	"context"
	"errors"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// A change's condition is asserted where the server can do that (RFC 4528). slapd's overlays search and write other entries for a request:
// memberof writes memberOf of the members, unique and constraint look for values. Those operations inherit the request's controls, and
// what is asserted of a group does not hold of its members: memberOf stays as it was and nobody is told, a unique attribute cannot be
// changed (122), a value that constraint finds elsewhere is refused. So the assertion holds for the entry of this name alone:
//
//	(|(&(entryUUID=ad55a34a-…)(entryCSN=2026…))(!(entryDN=cn=Night Shift,ou=groups,dc=example,dc=org)))

// condition is the control that holds a change to its condition, none where the server has no such control. left is the entry as an earlier
// change left it.
func (r *run) condition(change ldif.Change, left *ldif.Entry) ([]ldap.Control, error) {
	holds := r.holds(change, left)
	if !r.server.Controls[controlAssertion] || holds == "" {
		return nil, nil
	}
	control, err := assertion(ldif.AnyOf(holds, "(!"+ldif.Equality(r.server.DNAttribute, change.DN)+")"))
	return []ldap.Control{control}, err
}

// holds is the condition as a filter on the entry, "" where there is none.
func (r *run) holds(change ldif.Change, left *ldif.Entry) string {
	c, version := change.If, change.If.Version
	if c.AsLeft {
		version = left.Value(r.server.VersionAttribute)
	}
	if version != "" && r.namesItself(change) {
		version = "" // an overlay that writes into the same entry finds the version that the change has given it
	}
	if c.ID == "" && version == "" && c.Shows.Type == "" {
		return ""
	}
	id, current, shows := "", "", ""
	if c.ID != "" {
		id = ldif.Equality(r.server.IDAttribute, c.ID)
	}
	if version != "" {
		current = ldif.Equality(r.server.VersionAttribute, version)
	}
	if c.Shows.Type != "" {
		shows = ldif.Equality(c.Shows.Type, c.Shows.Value)
	}
	return ldif.AllOf(id, current, shows)
}

// heldByValue is the change that holds itself to the value of its condition where the server cannot assert it: the value is deleted, which
// fails where it is not there, and added again.
func (r *run) heldByValue(change ldif.Change) ldif.Change {
	shows := change.If.Shows
	if shows.Type == "" || r.server.Controls[controlAssertion] {
		return change
	}
	mod := ldif.Mod{Op: ldif.DeleteValues, Name: shows.Type, Values: []string{shows.Value}}
	again := mod
	again.Op = ldif.AddValues
	change.Mods = slices.Concat([]ldif.Mod{mod, again}, change.Mods)
	return change
}

// namesItself says whether a modification writes the entry's own name: a group that is a member of itself.
func (r *run) namesItself(c ldif.Change) bool {
	own := r.server.NormalDN(c.DN)
	return slices.ContainsFunc(c.Mods, func(m ldif.Mod) bool {
		return slices.ContainsFunc(m.Values, func(v string) bool { return r.server.NormalDN(v) == own })
	})
}

// heldAllTheSame looks, after the server said that an assertion failed, whether the condition holds: then it failed for an operation of the
// server's own, and says nothing of a race.
func (r *run) heldAllTheSame(ctx context.Context, change ldif.Change, left *ldif.Entry) bool {
	found, err := r.client.search(ctx, Search{
		Base: r.target(change), Scope: BaseObject, Filter: r.holds(change, left), Attributes: []string{noAttributes},
	})
	if err != nil || len(found) == 0 {
		return false
	}
	if r.client.unasserted.CompareAndSwap(false, true) {
		r.client.log.Warn("directory: the server fails an assertion that holds, in an operation of its own: the change is sent without it",
			"dn", change.DN)
	}
	return true
}

// Where nothing is asserted, a value that is deleted must be there, but one that is added stands beside another client's, and one that
// replaces takes the place of it. What the change found is shown by the pre-read (RFC 4527) in the same operation: where that is not what
// the change was planned on, it is taken back, and the plan made anew.
//
//	title is to be Chief, there is none; another client makes it Clerk:    add title Chief, which finds Clerk; delete title Chief

// preRead is the control that shows what a change finds, none where it can be asserted, or the server cannot show it.
func (r *run) preRead(change ldif.Change) []ldap.Control {
	if !r.server.ShowsFound() || len(change.If.Found) == 0 {
		return nil
	}
	var names []string
	for _, a := range change.If.Found {
		names = append(names, a.Name)
	}
	return []ldap.Control{readEntry(controlPreRead, names)}
}

// overtook says whether the change found a value that it was not planned on, or brought one back that had gone. was is the entry as it
// found it, nil where nobody knows.
func (r *run) overtook(change ldif.Change, was *ldif.Entry) bool {
	return was != nil && slices.ContainsFunc(change.If.Found, func(a ldif.Attribute) bool {
		more := func(values, known []string) bool {
			among := r.among(a.Name, known)
			return slices.ContainsFunc(values, func(v string) bool { return !among(v) })
		}
		replaced := slices.ContainsFunc(change.Mods, func(m ldif.Mod) bool { return m.Name == a.Name && m.Op == ldif.ReplaceValues })
		return more(was.Values(a.Name), a.Values) || replaced && more(a.Values, was.Values(a.Name))
	})
}

// Mingles says of a change that is done, and that no answer came for, whether the entry as it is now holds a value beside those that the
// change was planned on and writes, where the server could not hold it to the first.
func Mingles(s *ldif.Server, change ldif.Change, now *ldif.Entry) bool {
	return !s.Controls[controlAssertion] && slices.ContainsFunc(change.If.Found, func(a ldif.Attribute) bool {
		known := slices.Clone(a.Values)
		for _, m := range change.Mods {
			if m.Name == a.Name {
				known = append(known, m.Values...)
			}
		}
		among := (&run{server: s}).among(a.Name, known)
		return slices.ContainsFunc(now.Values(a.Name), func(v string) bool { return !among(v) })
	})
}

// ErrOvertaken is the error of a change that another's value was found beside, and that is taken back.
var ErrOvertaken error = &Error{Reason: reason.LostRace, Cause: errors.New("another client changed the same attribute at the same time")}

// putRight takes back what the change did to the attributes that it was planned on.
func (r *run) putRight(ctx context.Context, change ldif.Change, was *ldif.Entry) (ldif.StepReceipt, error) {
	back := ldif.Change{Kind: ldif.Modify, DN: change.DN, Secrets: change.Secrets, If: ldif.Condition{ID: change.If.ID}}
	for _, m := range slices.Backward(change.Mods) {
		if !slices.ContainsFunc(change.If.Found, func(a ldif.Attribute) bool { return a.Name == m.Name }) {
			continue
		}
		m = m.TurnedRound(was)
		m.Settled = m.Op != ldif.ReplaceValues
		back.Mods = append(back.Mods, m)
	}
	if err := r.sendBack(context.WithoutCancel(ctx), back); err != nil {
		return ldif.StepReceipt{Sent: change, State: ldif.Stands, Inverse: err, MayStand: isUnknown(err)}, partlyDone(ErrOvertaken, err)
	}
	return ldif.StepReceipt{Sent: change, State: ldif.TakenBack}, ErrOvertaken
}
