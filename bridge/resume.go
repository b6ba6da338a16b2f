package bridge

import (
	"context"
	"slices"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// A step that was sent and that no answer came for may have been done. Its entry is read back:
//
//   - Done: the rest of the plan follows. A user was renamed, and the groups behind it still name the old DN: they are changed now.
//   - Done, beside another client's value of the same attribute: it is taken back, and the write begins again.
//   - Done, of an entry that another client has renamed since: likewise, unless he did what was to follow.
//   - Not done: the write begins again. Where a server that lives has not answered still, it may do it yet: nobody knows. Nor does the
//     journal where the entry is another by now: see notDone.
//   - No reader can tell: a password, or a member that may have been one before. What asserted no version is sent again, to the same end.
//     What did was not done where the entry still has that version. Where it has another, this write gave it, or another client's: the
//     write begins again, but under If-Match, which must not be satisfied by guessing, the answer stays that nobody knows.
//     What was sent again and found so was done the first time, or was so before, or another did it: see mayBeFirst.

// resumption is where an unsure plan goes on.
type resumption struct {
	next    int       // behind the step that no answer came for, or with it; -1: it was not done
	rest    ldif.Plan // from there on
	mingled bool      // it is not to go on, and what was done is to be taken back
	moved   bool      // the entry is elsewhere by now, which the rest was not made for
	made    string    // the id of the entry that the plan made; "": none, or nobody knows
}

// overtaken says that another client has done something that the rest is not made for.
func (g resumption) overtaken() bool { return g.mingled || g.moved }

// resumption finds where an unsure plan goes on.
func (r *request) resumption(ctx context.Context, receipt ldif.Receipt) (g resumption, err error) {
	steps, at := receipt.Plan.Steps, receipt.At(ldif.Unknown)
	sent := steps[at].Change
	for i, step := range receipt.Steps[:at+1] {
		if steps[i].Change.If.Made && step.Sent.If.ID != "" {
			g.made = step.Sent.If.ID
		}
	}
	if sent.If.Made {
		sent.If.ID = g.made
	}
	var e *ldif.Entry
	var done, told bool
	err = directory.Twice(ctx, func() (missing bool, err error) {
		if e, err = r.leftBy(ctx, sent); err != nil {
			return false, err
		}
		if done, told = false, false; !steps[at].Again { // what is written again was so before
			done, told = sent.ShownBy(r.server, e)
		}
		return !done && (told || sent.If.Version != ""), nil
	})
	if err != nil {
		return g, err
	}
	version := e.Value(r.server.VersionAttribute)
	next := at + 1
	if !told {
		switch {
		case sent.If.Version == "":
			next, done = at, true
		case sent.If.Version != version && r.call.IfMatch != "":
			return g, receipt.Err
		}
	}
	if !done {
		return resumption{next: -1}, nil
	}
	rest := ldif.Plan{Before: receipt.Plan.Before, Steps: slices.Clone(steps[next:]), Yields: receipt.Plan.Yields}
	if otherwise := sent.Else; next == at && otherwise != nil && len(otherwise.Mods) > 0 {
		if again := &rest.Steps[0].Change; otherwise.Takes(receipt.Steps[at].Sent) {
			*again = *otherwise // the value had gone
		} else {
			again.Else = nil // it may be this plan that took the value
		}
	}
	if sent.Kind == ldif.Add && !sent.Place {
		g.made = r.typ.ID(e)
	}
	for i := range rest.Steps {
		if rest.Steps[i].Change.If.Made && g.made != "" {
			rest.Steps[i].Change.If = ldif.Condition{ID: g.made}
		}
	}
	for i := range rest.Steps { // what comes next of the same entry
		if next := &rest.Steps[i].Change.If; next.ID == sent.If.ID {
			if next.AsLeft {
				*next = ldif.Condition{ID: next.ID, Version: version}
			}
			break
		}
	}
	g.next, g.rest, g.mingled = next, rest, told && directory.Mingles(r.server, sent, e)
	g.moved = told && sent.Kind == ldif.Modify && len(rest.Steps) > 0 && !r.server.SameDN(e.DN, sent.DN)
	return g, nil
}

// mayBeFirst says whether a change without a version, which was sent a second time and found so, or not done, may have been made by the
// first time: the entry has another version than when it was looked at. sure says that nobody else made it, as far as is known.
//
//	mara is to leave; no answer; again, and she is not in it:    the version is as it was: she was not in it before
//	                                                             it is another: this write took her out, or she was not in it, or
//	                                                             another took her out, and is on record with it where there is a journal
func (r *request) mayBeFirst(ctx context.Context, a attempt, at int) (may, sure bool) {
	step := a.receipt.Plan.Steps[at]
	was := a.receipt.Found(at, r.server.VersionAttribute)
	e, err := r.leftBy(ctx, step.Change)
	if err == nil && was != "" && was == e.Value(r.server.VersionAttribute) {
		return r.server.VersionForm == ldif.VersionDigest, false // that may be another of the same second
	}
	if a.account == nil {
		return true, true
	}
	others, err := r.others(ctx, a)
	return true, err == nil && !touched(r.server, step.Change, was, others)
}

// notDone is what is put on record of a plan whose step at does not show: that it was not sent, unless another may have turned it round.
//
//	anna is to be disabled; no answer; another enables her; she is enabled, and has another version: nobody knows
func (r *request) notDone(ctx context.Context, a attempt, at int) ldif.Receipt {
	if a.account == nil {
		return a.receipt.NotDone()
	}
	others, err := r.others(ctx, a)
	if err == nil {
		was := a.receipt.Found(at, r.server.VersionAttribute)
		var found ldif.StepReceipt
		found, _, err = r.foundOf(ctx, r.server, a.receipt.Plan.Steps[at], was, others)
		if err == nil && found.State == ldif.NotSent {
			return a.receipt.NotDone()
		}
	}
	return a.receipt
}

// others are the changes that others have on record of the entries that the attempt's plan is about.
func (r *request) others(ctx context.Context, a attempt) ([]journal.Other, error) {
	var own []journal.ID
	for _, p := range r.account.plans {
		own = append(own, p.entry.ID())
	}
	return a.account.entry.Others(ctx, own...)
}

// leftBy reads what the change leaves, where it was done: the entry under its new name; nil where there is none. What was to be deleted is
// looked for wherever it is: under its name there is nothing either where another has renamed it. So is what was to be modified, and is not
// where it was.
func (r *request) leftBy(ctx context.Context, c ldif.Change) (*ldif.Entry, error) {
	search := directory.Search{
		Base: c.DN, Scope: directory.BaseObject, Attributes: []string{r.server.IDAttribute, r.server.VersionAttribute},
	}
	switch c.Kind {
	case ldif.ModifyDN:
		search.Base = c.NewDN()
	case ldif.Delete:
		search = lookFor(r.server, c)
	}
	search.Attributes = append(search.Attributes, c.Telling()...)
	found, err := r.directory.Search(ctx, search)
	isElsewhere := reasonOf(err) == reason.NoSuchObject || len(found) > 0 && r.typ.ID(found[0]) != c.If.ID
	if c.Kind == ldif.Modify && c.If.ID != "" && isElsewhere {
		return r.one(ctx, directory.Anywhere(r.server, c.If.ID, c.DN, search.Attributes...))
	}
	switch {
	case reasonOf(err) == reason.NoSuchObject, err == nil && len(found) == 0:
		return nil, nil
	case err != nil:
		return nil, err
	case c.If.ID != "" && r.typ.ID(found[0]) != c.If.ID: // another has the name
		return nil, nil
	}
	return found[0], nil
}
