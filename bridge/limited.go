package bridge

import (
	"context"
	"errors"
	"slices"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// begun has the journal record an intent, if the limits let it. What the request did not ask for is not limited: room for another, a
// number, references that are put right, and what is taken back.
func (r *request) begun(ctx context.Context, i journal.Intent, follows *journal.Entry) (*journal.Entry, error) {
	var checks []journal.Check
	asked := !slices.Contains([]journal.Why{journal.MakeRoom, journal.Number, journal.Amend, journal.TakeBack}, i.Why)
	if r.limiter != nil && asked && !r.call.PastLimits {
		if check := r.limiter.Check(i.Type, i.Plan); check != nil {
			checks = append(checks, check)
		}
	}
	for {
		entry, err := r.ledger.Begin(ctx, i, follows, checks...)
		if needed, is := errors.AsType[*guard.TotalNeeded](err); is {
			if err = r.countTotal(ctx, needed.Type); err == nil {
				continue
			}
		}
		if held, is := errors.AsType[*guard.Held](err); is {
			r.limiter.Tell(held)
			err = &reason.Error{Reason: held.Reason(), Detail: held.Error()}
		}
		return entry, err
	}
}

// counting is how long resources may take to be counted: a million take seconds.
const counting = 5 * time.Minute

// countTotal counts the resources of a type, which is read by all who wait for it, and known for a day. The caller may leave before.
func (r *request) countTotal(ctx context.Context, typ string) error {
	done := r.totals.DoChan(typ, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), counting)
		defer cancel()
		total, err := r.countAll(ctx, typ)
		if reasonOf(err) == reason.LimitExceeded {
			r.log.Warn("guard.limits: the directory does not let the bridge count, so that `of` bounds nothing", "type", typ, "error", err)
			total, err = guard.Uncounted, nil
		}
		if err != nil {
			return nil, err
		}
		return nil, r.limiter.Know(ctx, typ, total)
	})
	select {
	case result := <-done:
		return result.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *request) countAll(ctx context.Context, typ string) (total int, err error) {
	t := r.world.Type(typ)
	if t == nil { // members that are no users
		return guard.Uncounted, nil
	}
	s := directory.Search{Base: t.Base, More: t.More, Filter: t.Scope(), Attributes: []string{r.server.IDAttribute}}
	err = r.directory.Enumerate(ctx, s, func(*ldif.Entry) error {
		total++
		return nil
	})
	return total, err
}
