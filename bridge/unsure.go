package bridge

import (
	"context"
	"errors"
	"slices"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// unsure is a plan that stopped at a step which may have been done: it was sent, and no answer came.
type unsure struct {
	plan ldif.Plan
	at   int // the step
	refs ldapmap.Refs
	err  error
}

// stepsDone is how many steps of a plan stand that came to an Unknown.
func stepsDone(err error) int {
	if half, ok := errors.AsType[*directory.HalfDone](err); ok {
		return len(half.Done)
	}
	return 0
}

// resume reads back the step that no answer came for. Where it was done, the rest of the plan follows, and the write is done: to plan anew would not know
// of references to what has its new name already, nor what a PATCH made of values that are no longer there. Where it was not, the outcome is nil.
func (b *Bridge) resume(ctx context.Context, w *writing) (*outcome, error) {
	u := w.unsure
	sent := u.plan.Steps[u.at].Change
	e, err := b.leftBy(ctx, w, sent)
	if err != nil {
		return nil, err
	}
	next := u.at + 1
	done, told := shows(w.server, sent, e)
	if !told {
		switch {
		case sent.If.Version == "": // what cannot be told can be repeated: a password, and members that may be there already
			next, done = u.at, true
		case sent.If.Version != e.Value(w.server.VersionAttribute) && w.call.IfMatch != "": // changed by this write, or by another client's
			return nil, u.err
		}
	}
	if !done {
		w.unsure = nil
		w.touched = w.touched || u.plan.Before != nil && slices.ContainsFunc(u.plan.Steps[:u.at], func(s ldif.Step) bool {
			return s.Change.If.ID == w.typ.ID(u.plan.Before)
		})
		return nil, nil
	}
	rest := slices.Clone(u.plan.Steps[next:])
	if len(rest) > 0 {
		if first := &rest[0].Change.If; first.AsLeft {
			*first = ldif.Condition{ID: first.ID, Version: e.Value(w.server.VersionAttribute)}
		}
		_, err := b.execute(ctx, w, ldif.Plan{Before: u.plan.Before, Steps: rest})
		switch reason := reasonOf(err); {
		case reason == "":
		case reason == directory.Unknown:
			u.at, u.err = next+stepsDone(err), err
			return nil, err
		case reason == directory.LostRace:
			return nil, err
		case next == 0: // nothing stands
			w.unsure = nil
			return nil, err
		default:
			half := &directory.HalfDone{Failed: rest[0].Change, Cause: err}
			for _, s := range u.plan.Steps[:next] {
				half.Done = append(half.Done, s.Change)
			}
			return nil, &directory.Error{Reason: directory.Failed, Cause: half}
		}
	}
	return &outcome{plan: u.plan, refs: u.refs}, nil
}

// leftBy reads what the change leaves, where it was done: the entry under its new name; nil where there is none.
func (b *Bridge) leftBy(ctx context.Context, w *writing, c ldif.Change) (*ldif.Entry, error) {
	search := directory.Search{Base: c.DN, Scope: directory.BaseObject, Attributes: []string{w.server.IDAttribute, w.server.VersionAttribute}}
	if c.Kind == ldif.ModifyDN {
		search.Base = c.NewDN()
	}
	for _, a := range c.Entry {
		search.Attributes = append(search.Attributes, a.Name)
	}
	for _, m := range c.Mods {
		if !m.Settled { // a large group's members are not read
			search.Attributes = append(search.Attributes, m.Name)
		}
	}
	found, err := b.directory.Search(ctx, search)
	switch {
	case reasonOf(err) == directory.NotFound, err == nil && len(found) == 0:
		return nil, nil
	case err != nil:
		return nil, err
	case c.If.ID != "" && w.typ.ID(found[0]) != c.If.ID: // another has the name
		return nil, nil
	}
	return found[0], nil
}

// shows says whether what leftBy found (nil: nothing) is as the change leaves it. told is false where no reader can tell.
func shows(server *ldif.Server, c ldif.Change, e *ldif.Entry) (done, told bool) {
	switch {
	case c.Kind == ldif.Delete:
		return e == nil, true
	case e == nil:
		return false, true
	case c.Kind == ldif.ModifyDN:
		return !ldif.SameDN(c.DN, c.NewDN()), true // under the same name in other case it may not be
	}
	again := ldif.Change{Kind: ldif.Modify}
	for _, a := range c.Entry {
		if readable(server, a.Name, a.Values) && len(e.Values(a.Name)) > 0 {
			again.Mods = append(again.Mods, ldif.Mod{Op: ldif.AddValues, Name: a.Name, Values: a.Values})
		}
	}
	for _, m := range c.Mods { // all of a Modify is done, or nothing
		if readable(server, m.Name, m.Values) && !m.Settled {
			again.Mods = append(again.Mods, m)
		}
	}
	if len(again.Mods) == 0 {
		return false, false
	}
	after := ldif.Apply(e, again, server.Schema)
	return !slices.ContainsFunc(again.Mods, func(m ldif.Mod) bool {
		return !slices.Equal(e.Values(m.Name), after.Values(m.Name))
	}), true
}

// readable says whether values can be compared with what a search returns: a password cannot, nor a reference by id.
func readable(server *ldif.Server, name string, values []string) bool {
	return !ldif.Secret(name) && !slices.ContainsFunc(values, func(v string) bool { _, byID := server.IDNamed(v); return byID })
}
