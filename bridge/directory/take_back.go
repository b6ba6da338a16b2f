package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

var errBehind = errors.New("a change behind it stands")

// takeBack takes back what was done before the step that failed, but where that may have been done too, or another has done the rest.
func (r *run) takeBack(ctx context.Context, receipt ldif.Receipt, failed int, failure error) error {
	if receipt.Steps[failed].State == ldif.Unknown {
		return failure
	}
	ctx = context.WithoutCancel(ctx) // the caller's deadline may be why the step failed
	if r.client.DoneByAnother(ctx, receipt, failure) {
		return failure
	}
	return r.inverses(ctx, receipt, failure)
}

// RollBack takes back what was done of a plan that was resumed and stopped (why), as Execute does where it stops, and returns the receipt
// with what became of it. made is the id of the entry that the plan made, "" where it made none, or nobody knows.
func (c *Client) RollBack(ctx context.Context, receipt ldif.Receipt, made string, why error) ldif.Receipt {
	ctx = context.WithoutCancel(ctx)
	server, err := c.Server(ctx)
	if err != nil {
		return receipt.Undone(partlyDone(why, err), err)
	}
	r := &run{client: c, server: server, id: made, lists: map[list]holds{}}
	receipt.Steps = slices.Clone(receipt.Steps)
	receipt.Err = r.inverses(ctx, receipt, why)
	return receipt
}

// inverses runs the inverses of what was done, last first, writes into the receipt what became of them, and returns the error of the plan.
func (r *run) inverses(ctx context.Context, receipt ldif.Receipt, failure error) error {
	var stands error
	lost := false
	for i := len(receipt.Steps) - 1; i >= 0; i-- {
		step, done, inverse := receipt.Plan.Steps[i], &receipt.Steps[i], receipt.Inverse(i)
		switch {
		case done.State == ldif.Stands:
			stands = cmp.Or(stands, done.Inverse)
			continue
		case done.State != ldif.Done, inverse == nil && (step.Stays || step.Change.IsSettled() || !step.Change.Alters()):
			continue
		case step.Change.Operation && Overtaken(failure): // a password, which is set again when all begins again
			continue
		case stands != nil:
			done.Inverse = errBehind
		case inverse == nil:
			done.Inverse = ldif.ErrNoInverse
		default:
			var moved bool
			if moved, done.Inverse = r.inverse(ctx, *inverse); inverse.If.Shows.Type != "" && Overtaken(done.Inverse) {
				done.Inverse = nil // what it would bring back somebody has taken away since
			}
			lost, done.MayStand = lost || moved, isUnknown(done.Inverse)
		}
		done.State = ldif.TakenBack
		if done.Inverse != nil {
			done.State = ldif.Stands
			stands = cmp.Or(stands, done.Inverse)
		}
	}
	switch e, _ := errors.AsType[*Error](failure); {
	case e.Reason == reason.PartlyDone: // it tells of that already
		return failure
	case stands != nil && !(Overtaken(failure) && Overtaken(stands)):
		return partlyDone(failure, stands)
	case lost:
		return &Error{Reason: reason.LostRace, Cause: failure}
	}
	return failure
}

// DoneByAnother says of a plan that stopped (why), as another overtook it, whether he has done what it had yet to do to its entry: the same
// request came twice. He may have been told so already, and what was done before stands.
func (c *Client) DoneByAnother(ctx context.Context, receipt ldif.Receipt, why error) bool {
	p := receipt.Plan
	if p.Before == nil || p.Yields || !Overtaken(why) {
		return false
	}
	server, err := c.Server(ctx)
	if err != nil {
		return false
	}
	var missing []ldif.Change
	id, attributes := server.ID(p.Before), []string{server.IDAttribute}
	dn, began := p.Before.DN, false // where the plan leaves it
	for i, step := range p.Steps {
		switch {
		case step.Change.If.ID != id || step.Alone:
			continue
		case receipt.Steps[i].State == ldif.Done:
			began = true
		default:
			missing, attributes = append(missing, step.Change), append(attributes, step.Change.Telling()...)
		}
		if step.Change.Kind == ldif.ModifyDN {
			dn = step.Change.NewDN()
		}
	}
	if !began || len(missing) == 0 {
		return false
	}
	e, err := c.one(ctx, dn, attributes...)
	if err != nil || server.ID(e) != id {
		return false
	}
	return !slices.ContainsFunc(missing, func(m ldif.Change) bool {
		done, _ := m.ShownBy(server, e)
		return !done
	})
}

// inverse sends an inverse to its entry, wherever that is by now. moved says that another has renamed the entry, or deleted it: a rename of
// this plan's own is no more then. Where the server holds nothing to the entry's id, another entry may have the name: it is looked for
// first.
func (r *run) inverse(ctx context.Context, inverse ldif.Change) (moved bool, err error) {
	if inverse.If.Made {
		if inverse.If.ID, err = r.made(ctx, inverse.DN); err != nil { // nobody else's entry is deleted
			return false, err
		}
	}
	id, dn := inverse.If.ID, inverse.DN
	if id == "" {
		return false, r.sendBack(ctx, inverse)
	}
	byID := inverse.Kind != ldif.ModifyDN && r.target(inverse) != dn
	if byID || r.server.Controls[controlAssertion] {
		if err = r.sendBack(ctx, inverse); !Overtaken(err) {
			return false, err
		}
	}
	found, unseen := r.client.Search(ctx, Anywhere(r.server, id, dn, r.server.IDAttribute))
	switch {
	case unseen != nil && !isGone(unseen):
		return false, unseen
	case len(found) == 0 || r.server.ID(found[0]) != id:
		return true, nil
	case !r.server.SameDN(found[0].DN, dn):
		if moved = true; inverse.Kind == ldif.ModifyDN {
			return true, nil
		}
		inverse.DN = found[0].DN
	case err != nil: // that is not why
		return false, err
	}
	return moved, r.sendBack(ctx, inverse)
}

// sendBack sends an inverse. Where no answer comes it is looked for, and sent once more where it is not done. Its error is Unknown where
// nobody knows whether it was done.
func (r *run) sendBack(ctx context.Context, inverse ldif.Change) error {
	_, err := r.change(ctx, inverse, nil, nil, nil)
	if !isUnknown(err) || r.client.Late(ctx, err) {
		return err
	}
	if !inverse.IsSettled() {
		var done, told bool
		unseen := Twice(ctx, func() (missing bool, err error) {
			done, told, err = r.shows(ctx, inverse)
			return told && !done, err
		})
		switch {
		case unseen != nil, !told:
			return err
		case done:
			return nil
		}
	}
	_, again := r.change(ctx, inverse, nil, nil, nil)
	if again == nil {
		return nil
	}
	switch done, told, unseen := r.shows(ctx, inverse); {
	case unseen != nil, !told:
		return err
	case done:
		return nil // by the first, after all
	}
	return again
}

// isUnknown says that nobody knows whether a change was made.
func isUnknown(err error) bool {
	e, _ := errors.AsType[*Error](err)
	return e != nil && e.Reason == reason.Unknown
}

// shows says whether the entry is as the change leaves it, wherever it is; told is false where no reader can tell.
func (r *run) shows(ctx context.Context, c ldif.Change) (done, told bool, err error) {
	found, err := r.client.Search(ctx, Left(r.server, c))
	if err != nil && !isGone(err) {
		return false, false, err
	}
	var e *ldif.Entry
	if len(found) > 0 && (c.If.ID == "" || r.server.ID(found[0]) == c.If.ID) {
		e = found[0]
	}
	done, told = c.ShownBy(r.server, e)
	return done, told, nil
}

// partlyDone is what a failure comes to where the steps before it stand: it keeps what the directory answered.
func partlyDone(failure, inverse error) error {
	e, _ := errors.AsType[*Error](failure)
	half := *e
	half.Reason, half.RetryAfter = reason.PartlyDone, 0
	half.Cause = fmt.Errorf("%v; it could not be taken back: %w", failure, inverse)
	return &half
}
