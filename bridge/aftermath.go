package bridge

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

// looks is how often what others change meanwhile is put right. Each look but the last finds a change of somebody else's, or a rename that
// is under way.
const looks = 10 + draft.Patience

// lookAgain looks at what the last attempt, which is done, refers to, and at who refers to what it left, and puts right what others did
// meanwhile. What may not be put right has the plan told as done in part, not as refused.
func (r *request) lookAgain(ctx context.Context, past history) (history, error) {
	last := past.last()
	aftermath := last.draft.Aftermath(last.receipt.Plan, last.refs, last.back).But(last.stays)
	err := r.amend(ctx, aftermath, last.receipt.Plan, nil)
	last.settled = err == nil
	past = past.with(last)
	why := Explain(err)
	if why.Status < http.StatusBadRequest || why.Status >= http.StatusInternalServerError {
		return past, err
	}
	detail := "what was asked is done, but a reference could not be put right: "
	if why.DN != "" {
		detail += why.DN + ": "
	}
	return past, &reason.Error{Reason: reason.PartlyDone, Detail: detail + why.Detail, Cause: err}
}

// settle puts right the references that attempts which stopped were to keep true. err is why the write is not done. It is done at the end:
// what the next attempt finds as it is to be may be what another's rename to the same name has found so too. What no answer came for is
// looked at later: see debt.
func (r *request) settle(ctx context.Context, past history, err error) (history, error) {
	past = slices.Clone(past)
	for i, a := range past {
		if a.settled || a.receipt.Err == nil || a.receipt.Unsure() {
			continue
		}
		left := a.draft.Stopped(a.receipt)
		// The caller's deadline may be why the attempt stopped.
		if failure := r.amend(context.WithoutCancel(ctx), left, a.receipt.Plan, nil); failure != nil {
			return past, &reason.Error{Reason: reason.PartlyDone, Cause: errors.Join(err, failure)}
		}
		past[i].settled = true
	}
	return past, err
}

// amend looks at what the aftermath of the plan asks for, and puts it right, until there is nothing. What is owed (nil: nothing is, it is
// looked at at once) is done as far as it stood long enough.
func (r *request) amend(ctx context.Context, aftermath draft.Aftermath, plan ldif.Plan, owed *debt) error {
	if aftermath.Nothing() {
		return nil
	}
	var err error
	placeholder := false // fills a group that loses its last member
	for n := range looks {
		if err = pause(ctx, n); err != nil {
			return err
		}
		var seen draft.Seen
		if seen, err = r.seen(ctx, aftermath); err != nil {
			return err
		}
		amends, next := aftermath.Amends(seen, placeholder)
		if amends.Empty() {
			return nil
		}
		if owed != nil {
			if !owed.stood(amends, r.server, r.directory.StepTime(r.server)) {
				return errTooSoon
			}
			owed.tries++
		} else if n < draft.Patience {
			moving, err := r.moving(ctx, amends)
			switch {
			case err != nil:
				return err
			case moving:
				continue
			}
		}
		amends.Before = plan.Before
		whole := ldif.Plan{Before: plan.Before, Steps: slices.Concat(plan.Steps, amends.Steps)}
		if err = r.guard.Judge(ctx, r.world, r.server, whole); err != nil {
			if refusal, ok := errors.AsType[*guard.Refusal](err); ok {
				refusal.For = "the change stays half done"
			}
			return err
		}
		receipt := r.execute(ctx, amends, journal.Amend, nil)
		aftermath = aftermath.After(next, receipt)
		switch err = receipt.Err; {
		case err == nil && owed != nil && !slices.ContainsFunc(receipt.Steps, ldif.StepReceipt.Changed):
			return errTooSoon // somebody has the name, or the entry was changed in this moment
		case err == nil:
		case violatesClass(err) && !placeholder:
			placeholder = true
		case reasonOf(err) != reason.LostRace && reasonOf(err) != reason.NoSuchObject: // the referrer changed too: it is looked for again
			if at := receipt.At(ldif.Refused); at >= 0 {
				err = about(err, amends.Steps[at].Change.DN, "")
			}
			return err
		}
	}
	if err == nil {
		err = &directory.Error{Reason: reason.LostRace}
	}
	return err
}

// moving says that an entry is to be given a name that it holds already: the rename that gave it is about to take the old one out, and
// would take it for removed if another did.
func (r *request) moving(ctx context.Context, amends ldif.Plan) (bool, error) {
	for _, s := range amends.Steps {
		if s.Change.Else == nil {
			continue
		}
		for _, m := range s.Change.Mods {
			if m.Op != ldif.AddValues {
				continue
			}
			found, err := r.one(ctx, directory.Search{
				Base: s.Change.DN, Scope: directory.BaseObject, Filter: ldif.Equality(m.Name, m.Values[0]), Attributes: []string{"1.1"},
			})
			if found != nil || err != nil {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// seen looks at what an aftermath asks for.
func (r *request) seen(ctx context.Context, a draft.Aftermath) (s draft.Seen, err error) {
	if ids := a.Targets(); len(ids) > 0 {
		if s.Targets, err = r.refs(ctx, r.typ, nil, ids, nil, nil); err != nil {
			return s, err
		}
	}
	for _, search := range a.Referrers() {
		found, err := r.whole(ctx, search.Search, withNeeds(r.attributesOfAll(), search.Attributes))
		if err != nil {
			return s, err
		}
		s = s.Told(search, found)
	}
	if ids, names := a.Owners(s); len(ids)+len(names) > 0 {
		s.Owners, err = r.refs(ctx, r.typ, nil, ids, names, nil)
	}
	return s, err
}

// attributesOfAll are those to read of entries of any type that may be written.
func (r *request) attributesOfAll() []string {
	return withNeeds(read.AttributesOfAll(r.world), r.guard.Needs(r.world))
}

// whole finds entries with what planning and judging need to see of them.
func (r *request) whole(ctx context.Context, s ldapmap.Search, attributes []string) ([]*ldif.Entry, error) {
	return r.directory.Search(ctx, directory.Search{Base: s.Base, More: s.More, Filter: s.Filter, Attributes: attributes})
}
