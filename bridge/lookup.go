package bridge

import (
	"context"
	"errors"
	"slices"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// Adopt closes in the journal what bridges that died left open, until ctx ends.
func (b *Bridge) Adopt(ctx context.Context) {
	if b.ledger != nil {
		b.ledger.Adopt(ctx, b.lookUp, b.inherits)
	}
}

// errLookedUp is why a receipt that nobody gave is not one of success.
var errLookedUp = errors.New("the bridge died before it told what became of it; this was found in the directory")

// lookUp finds out what became of an intent whose receipt never came, step by step: an entry that has the version that was read was not
// changed, nor was anything that was to come behind it; one that shows what was wanted was, unless another record tells of it: a client
// that was not answered sends its request again, to another bridge. Of any other nobody can tell. Members that were as they are to be
// before, too, leave the version as it was, and say nothing of what comes behind them.
func (b *Bridge) lookUp(ctx context.Context, i journal.Intent, others []journal.Other) (d journal.Done, err error) {
	receipt := ldif.NewReceipt(i.Plan)
	world, server, err := b.world(ctx)
	if err != nil {
		return d, err
	}
	sent, waited := 0, false // sent: all up to there were, but what had nothing to change
	for n, step := range i.Plan.Steps {
		was := step.Before.Value(server.VersionAttribute)
		var found ldif.StepReceipt
		var id string
		err = directory.Twice(ctx, func() (missing bool, err error) {
			found, id, err = b.foundOf(ctx, server, step, was, others)
			missing, waited = found.State == ldif.NotSent && !waited, waited || found.State == ldif.NotSent
			return missing, err
		})
		if err != nil {
			return d, err
		}
		if d.ID == "" && step.Change.Kind == ldif.Add && !step.Change.Place && found.State == ldif.Done {
			d.ID = id
		}
		if found.State == ldif.NotSent {
			if step.Alone { // it may have been refused
				continue
			}
			break // nor was what comes behind it
		}
		if receipt.Steps[n] = found; found.State != ldif.Done || found.Changed() {
			sent = n + 1
		}
	}
	clear(receipt.Steps[sent:])
	if slices.ContainsFunc(receipt.Steps, func(s ldif.StepReceipt) bool { return s.State != ldif.Done }) {
		receipt.Err = &directory.Error{Reason: reason.Unknown, Cause: errLookedUp}
	}
	d.Receipt = receipt
	d.Owes = owesLook(world.Type(i.Type), i.Plan, receipt)
	return d, nil
}

// foundOf is what became of a step, as far as its entry, whose version was this before ("": nobody knows), shows, and the entry's id.
func (b *Bridge) foundOf(
	ctx context.Context, server *ldif.Server, step ldif.Step, was string, others []journal.Other,
) (found ldif.StepReceipt, id string, err error) {
	c := step.Change
	e, err := b.one(ctx, lookFor(server, c))
	if err != nil {
		return found, "", err
	}
	shown := shownBy(server, c, e)
	if c.Kind == ldif.Modify && was != "" && was == e.Value(server.VersionAttribute) && !mayHide(server, c, shown) {
		if shown == ldif.Done && c.IsSettled() {
			c.Mods = nil
			found = ldif.StepReceipt{Sent: c, State: ldif.Done}
		}
		return found, "", nil
	}
	if otherwise := c.Else; shown == ldif.Done && otherwise != nil && len(otherwise.Mods) > 0 &&
		shownBy(server, *otherwise, e) == ldif.Done { // it may be the other that was made
		shown = ldif.Unknown
	}
	if step.Again && shown == ldif.Done { // as before
		shown = ldif.Unknown
	}
	mayBeSo := c.IsSettled() && step.Keeps.ID == "" || !c.Alters()
	if shown == ldif.Done && c.Kind == ldif.Modify && mayBeSo && touched(server, c, was, others) {
		shown = ldif.Unknown // it may have been so before
	}
	if state := beside(server, c, shown, server.ID(e), others); state != ldif.NotSent {
		found = ldif.StepReceipt{Sent: c, State: state}
	}
	return found, server.ID(e), nil
}

// mayHide says that a change may have been made although its entry has the version that was read: where that has a grain of a second, it
// may be of the same one.
func mayHide(server *ldif.Server, c ldif.Change, shown ldif.State) bool {
	isSecret := func(m ldif.Mod) bool { return c.Secret(m.Name) }
	return server.VersionForm == ldif.VersionDigest && (shown == ldif.Done || slices.ContainsFunc(c.Mods, isSecret))
}

// shownBy is what became of a change, as far as its entry (nil: there is none) shows.
func shownBy(server *ldif.Server, c ldif.Change, e *ldif.Entry) ldif.State {
	switch {
	case e == nil && c.Kind == ldif.Delete:
		return ldif.Done
	case e == nil && c.Kind == ldif.Add:
		return ldif.NotSent
	case e == nil:
		return ldif.Unknown // it has gone since
	case c.Kind == ldif.Delete:
		return ldif.NotSent
	case c.Kind == ldif.ModifyDN && server.SameDN(e.DN, c.NewDN()):
		return ldif.Done
	case c.Kind == ldif.ModifyDN && server.SameDN(e.DN, c.DN):
		return ldif.NotSent
	case c.Kind == ldif.ModifyDN:
		return ldif.Unknown
	case c.Place:
		return ldif.Done
	}
	c.Mods = slices.Clone(c.Mods)
	for n := range c.Mods { // whether members are as they were to be can be seen
		c.Mods[n].Settled = false
	}
	if done, told := c.ShownBy(server, e); done && told {
		return ldif.Done
	}
	return ldif.Unknown
}

// lookFor is directory.Left with what is settled by the change, too.
func lookFor(server *ldif.Server, c ldif.Change) directory.Search {
	s := directory.Left(server, c)
	mods := c.Mods
	if c.Else != nil {
		mods = slices.Concat(mods, c.Else.Mods)
	}
	for _, m := range mods {
		if m.Settled && !c.Secret(m.Name) { // of a large group the others are not read
			s.Attributes = append(s.Attributes, m.Name)
			s.Values = append(s.Values, ldif.Attribute{Name: m.Name, Values: m.Values})
		}
	}
	return s
}
