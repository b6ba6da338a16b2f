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

// resume finds out what became of the step that no answer came for. Where it was done, the rest of the plan follows, and the write is
// done: to plan anew would not know of references to what has its new name already, nor what a PATCH made of values that are no longer
// there. Where it was not done, the history is no longer unsure, and the write begins again; but not where it may be done yet.
func (r *request) resume(ctx context.Context, in intent, past history) (history, error) {
	last := past.last()
	at := last.receipt.At(ldif.Unknown)
	late := r.directory.Late(ctx, last.receipt.Err)
	g, err := r.resumption(ctx, last.receipt)
	switch {
	case err != nil:
		return past, err
	case g.next <= at && late: // a second would only wait behind it
		last.late = true
		return past.with(last), last.receipt.Err
	case g.next < 0:
		last.account.tell(r.notDone(ctx, last, at))
		last.receipt = last.receipt.NotDone()
		return past.with(last), nil
	}
	after := ldif.NewReceipt(g.rest)
	if after.Err = directory.ErrOvertaken; !g.overtaken() {
		if err := r.keepsPassedOn(ctx, last, g); err != nil {
			return past, err
		}
		after = r.directory.ExecuteUnless(ctx, g.rest, in.reads(), r.mayLetIn(ctx, last)) // 7
	}
	whole := last.receipt.Resumed(g.next, after)
	again := g.next == at && !g.overtaken()
	resent := again && g.rest.Steps[0].Change.Operation && after.At(ldif.Refused) == 0 && reasonOf(after.Err) != reason.Deadline
	unknown := resent
	if again && !resent {
		var asBefore bool
		if whole.Steps[at], unknown, asBefore = r.sentAgain(ctx, last, whole.Steps[at], after); asBefore {
			return past, after.Err
		}
	}
	tell := func() { // 8
		receipt := last.receipt
		if unknown {
			receipt = receipt.Unknown(at)
		}
		r.tell(last.account, receipt)
	}
	begins := !g.mingled && r.directory.DoneByAnother(ctx, whole, whole.Err)
	notLetIn := errors.Is(after.Err, errNotLetIn)
	if reasonOf(after.Err) == reason.LostRace && !g.overtaken() && !begins && !notLetIn {
		// What was done before it stands: it is read back again, and the rest tried again.
		r.record(after) // 8
		return past, after.Err
	}
	if whole.Err == nil && whole.At(ldif.Refused) >= 0 { // what was refused ahead of it is tried again
		whole.Err, begins = directory.ErrOvertaken, true
	}
	if last.receipt = whole; begins {
		tell()
		return past.with(last), whole.Err
	}
	if resent {
		last.receipt.Err = &reason.Error{Reason: reason.PartlyDone, Detail: setTwice, Cause: after.Err}
		tell()
		return past.with(last), last.receipt.Err
	}
	overtaken := false
	_, apart := last.receipt.Apart()
	if after.Err != nil && !apart && !after.Unsure() {
		last.receipt = r.directory.RollBack(ctx, last.receipt, g.made, after.Err)
		overtaken = directory.Overtaken(last.receipt.Err)
	}
	tell()
	if overtaken || last.receipt.Unsure() {
		return past.with(last), last.receipt.Err
	}
	return past.with(last), failure(last.receipt)
}

// setTwice is told where no answer came for a password that was set, and the directory refuses it the second time: it may hold it.
const setTwice = "the directory did not confirm the password, and refuses it now: it may be set, and no new one then"

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
	for i, s := range receipt.Steps[:at+1] {
		if steps[i].Change.If.Made && s.Sent.If.ID != "" {
			g.made = s.Sent.If.ID
		}
	}
	step := steps[at]
	if step.Change.If.Made {
		step.Change.If.ID = g.made
	}
	sent := step.Change
	var e *ldif.Entry
	var done, told bool
	err = directory.Twice(ctx, func() (missing bool, err error) {
		if e, err = r.leftBy(ctx, sent); err != nil {
			return false, err
		}
		done, told = step.ShownBy(r.server, e)
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
		if made := &rest.Steps[i].Change.If; made.Made && g.made != "" {
			*made = ldif.Condition{ID: g.made, AsLeft: made.AsLeft}
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

// keepsPassedOn has the steps behind a change that shows, and that no answer came for, leave who has the new name in a list that has let go
// of the old one already: that may be the same request, which came to another copy. But not whom somebody has on record as taken out.
//
//	anna is to become mara; the group has both; no answer; another copy renames her, and the group lets go of anna:  mara stays
func (r *request) keepsPassedOn(ctx context.Context, a attempt, g resumption) error {
	var others []journal.Other
	var err error
	asked := a.account == nil // or there is nobody to ask
	for i := range g.rest.Steps {
		step, at := &g.rest.Steps[i], g.next+i
		takes := step.Keeps.Late && step.Change.Else != nil && len(step.Change.Else.Mods) > 0
		if !takes || isAnswered(a.receipt, step.Keeps.ID, at) {
			continue
		}
		if !asked {
			if others, err = r.others(ctx, a); err != nil {
				return err
			}
			asked = true
		}
		if !tookOut(r.server, *step, a.receipt.VersionBefore(at, r.server.VersionAttribute), others) {
			nothing := *step.Change.Else
			nothing.Mods = nil
			step.Change.Else = &nothing
		}
	}
	return nil
}

// isAnswered says that an answer came, or is to come, for the change of the entry with the id that a later step follows.
func isAnswered(receipt ldif.Receipt, id string, later int) bool {
	for i := later - 1; i >= 0; i-- {
		if receipt.Plan.Steps[i].Change.If.ID == id {
			return receipt.Steps[i].State != ldif.Unknown && !receipt.Steps[i].ReadBack
		}
	}
	return true
}

// tookOut says that others have on record, the last of them, that somebody took out whom the late step lets go of, since its entry had the
// version. Who passes a name on lets go of it too, and who asks whether it is there gives it again.
func tookOut(server *ldif.Server, late ldif.Step, was string, others []journal.Other) (out bool) {
	for _, o := range others {
		gives, takes := o.Change.Gives(late.Change), late.Change.Takes(o.Change)
		switch {
		case !sameEntry(server, o.Change, late.Change), isBefore(server, o, was), o.TakenBack:
		case o.Keeps.Late, o.Change.Gives(*late.Change.Else):
		case gives != takes:
			out = takes
		}
	}
	return out
}

// sentAgain is what is told of the step that no answer came for, as of the resumed plan, given what came of sending it again with what
// follows: whether nobody knows by whom it is as it is, or whether it was done; and whether that is as unknown as before, for nothing got
// there.
func (r *request) sentAgain(
	ctx context.Context, a attempt, step ldif.StepReceipt, after ldif.Receipt,
) (_ ldif.StepReceipt, unknown, asBefore bool) {
	first := after.Steps[0]
	found := first.FoundSo()
	if !found && (first.Changed() || after.Unsure()) {
		return step, false, false
	}
	may, sure := r.mayBeFirst(ctx, a, a.receipt.At(ldif.Unknown))
	why := reasonOf(after.Err)
	switch {
	case !may && found:
		return first, false, false
	case may && !found && (why == reason.Unavailable || why == reason.Deadline):
		return step, false, true
	}
	return step, may && !(found && sure), false
}

// mayBeFirst says whether a change without a version, which was sent a second time and found so, or not done, may have been made by the
// first time: the entry has another version than when it was looked at. sure says that nobody else made it, as far as is known.
//
//	mara is to leave; no answer; again, and she is not in it:    the version is as it was: she was not in it before
//	                                                             it is another: this write took her out, or she was not in it, or
//	                                                             another took her out, and is on record with it where there is a journal
func (r *request) mayBeFirst(ctx context.Context, a attempt, at int) (may, sure bool) {
	step := a.receipt.Plan.Steps[at]
	was := a.receipt.VersionBefore(at, r.server.VersionAttribute)
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
		was := a.receipt.VersionBefore(at, r.server.VersionAttribute)
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
	search := directory.Left(r.server, c)
	anywhere := search
	switch c.Kind { // by its name, where that will do: a bridge's account may see no more than the places that the map names
	case ldif.ModifyDN:
		search.Base, search.Scope, search.Filter = c.NewDN(), directory.BaseObject, ""
	case ldif.Modify:
		search.Base, search.Scope, search.Filter = c.DN, directory.BaseObject, ""
	}
	found, err := r.directory.Search(ctx, search)
	isElsewhere := reasonOf(err) == reason.NoSuchObject || len(found) > 0 && r.typ.ID(found[0]) != c.If.ID
	if c.Kind == ldif.Modify && c.If.ID != "" && isElsewhere {
		return r.one(ctx, anywhere)
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
