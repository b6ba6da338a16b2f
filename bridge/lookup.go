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
		b.ledger.Adopt(ctx, b.lookUp)
	}
}

// errLookedUp is why a receipt that nobody gave is not one of success.
var errLookedUp = errors.New("the bridge died before it told what became of it; this was found in the directory")

// lookUp finds out what became of an intent whose receipt never came, step by step: an entry that has the version that was read was not
// changed, nor was anything that was to come behind it; one that shows what was wanted was; of any other nobody can tell. What others did
// since may have been what is taken for this plan's.
func (b *Bridge) lookUp(ctx context.Context, i journal.Intent) (ldif.Receipt, error) {
	receipt := ldif.NewReceipt(i.Plan)
	_, server, err := b.world(ctx)
	if err != nil {
		return receipt, err
	}
	done := 0
	for n, step := range i.Plan.Steps {
		state, err := b.stateOf(ctx, server, step)
		if err != nil {
			return receipt, err
		}
		if state == ldif.NotSent { // nor was what comes behind it
			break
		}
		receipt.Steps[n] = ldif.StepReceipt{Sent: step.Change, State: state}
		if state == ldif.Done {
			done++
		}
	}
	if done < len(receipt.Steps) {
		receipt.Err = &directory.Error{Reason: reason.Unknown, Cause: errLookedUp}
	}
	return receipt, nil
}

// stateOf is what became of a step, as far as its entry shows.
func (b *Bridge) stateOf(ctx context.Context, server *ldif.Server, step ldif.Step) (ldif.State, error) {
	c := step.Change
	found, err := b.directory.Search(ctx, lookFor(server, c))
	if reasonOf(err) == reason.NoSuchObject {
		found, err = nil, nil
	}
	if err != nil {
		return ldif.Unknown, err
	}
	var e *ldif.Entry
	if len(found) > 0 {
		e = found[0]
	}
	switch {
	case e == nil && c.Kind == ldif.Delete:
		return ldif.Done, nil
	case e == nil && c.Kind == ldif.Add:
		return ldif.NotSent, nil
	case e == nil:
		return ldif.Unknown, nil // it has gone since
	case c.Kind == ldif.Delete:
		return ldif.NotSent, nil
	case c.Kind == ldif.ModifyDN && server.SameDN(e.DN, c.NewDN()):
		return ldif.Done, nil
	case c.Kind == ldif.ModifyDN && server.SameDN(e.DN, c.DN):
		return ldif.NotSent, nil
	case c.Kind == ldif.ModifyDN:
		return ldif.Unknown, nil
	case c.Place:
		return ldif.Done, nil
	}
	if was := step.Before.Value(server.VersionAttribute); was != "" && was == e.Value(server.VersionAttribute) {
		return ldif.NotSent, nil
	}
	c.Mods = slices.Clone(c.Mods)
	for n := range c.Mods { // whether members are as they were to be can be seen
		c.Mods[n].Settled = false
	}
	if done, told := shows(server, c, e); done && told {
		return ldif.Done, nil
	}
	return ldif.Unknown, nil
}

// lookFor is the search for the entry that a change is about, wherever it is by now, with what the change is about.
func lookFor(server *ldif.Server, c ldif.Change) directory.Search {
	s := directory.Search{
		Base: c.DN, Scope: directory.BaseObject, Attributes: []string{server.IDAttribute, server.VersionAttribute},
	}
	if filter, ok := server.IDFilter(c.If.ID); ok && len(server.Contexts) > 0 {
		s.Base, s.More, s.Scope, s.Filter = server.Contexts[0], server.Contexts[1:], directory.Subtree, filter
	}
	for _, a := range c.Entry {
		if !c.Secret(a.Name) {
			s.Attributes = append(s.Attributes, a.Name)
		}
	}
	for _, m := range c.Mods {
		if c.Secret(m.Name) {
			continue
		}
		s.Attributes = append(s.Attributes, m.Name)
		if m.Settled { // of a large group the others are not read
			s.Values = append(s.Values, ldif.Attribute{Name: m.Name, Values: m.Values})
		}
	}
	return s
}
