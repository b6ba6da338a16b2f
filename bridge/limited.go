package bridge

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"golang.org/x/sync/singleflight"

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
	if r.limiter != nil && isLimited(i.Why) && !r.call.PastLimits {
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
			err = heldBack(held)
		}
		return entry, err
	}
}

// isLimited says that limits are about plans that are made for such a reason.
func isLimited(why journal.Why) bool {
	return !slices.Contains([]journal.Why{journal.MakeRoom, journal.Number, journal.Amend, journal.TakeBack}, why)
}

// heldBack is what a client hears of a hold.
func heldBack(held *guard.Held) error {
	return &reason.Error{Reason: held.Reason(), Detail: held.Error()}
}

// counting is how long resources may take to be counted: a million take seconds.
var counting = 5 * time.Minute

// errCounting is told to whom the time does not suffice for the first count.
func errCounting(typ string) error {
	return &reason.Error{Reason: reason.Deadline, Detail: "guard.limits: how many resources of type " + typ + " there are is being " +
		"counted in the directory, which takes longer than a request may; send it again"}
}

// countTotal counts the resources of a type, which is done once for all who wait for it. The caller may leave before.
func (b *Bridge) countTotal(ctx context.Context, typ string) error {
	select {
	case result := <-b.counted(typ):
		return result.Err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return errCounting(typ)
		}
		return ctx.Err()
	}
}

// counted has the resources of a type counted, beside whatever asks for it.
func (b *Bridge) counted(typ string) <-chan singleflight.Result {
	return b.totals.DoChan(typ, func() (any, error) {
		ctx := context.Background()
		seen, err := b.countAll(ctx, typ)
		switch {
		case err == nil:
			return nil, b.limiter.Know(ctx, typ, seen)
		case errors.Is(err, net.ErrClosed): // the bridge ends
			return nil, err
		}
		b.log.Error("guard.limits: how many resources there are could not be counted to the end. What was counted before holds; where "+
			"that is nothing, most alone bounds, and a limit that has none holds writes past its share of those seen, ten at the least",
			"type", typ, "seen", seen, "error", err, "todo", "say most in guard.limits, or let the bridge's account list them")
		return nil, b.limiter.KnowPart(ctx, typ, seen)
	})
}

func (b *Bridge) countAll(ctx context.Context, typ string) (seen int, err error) {
	ctx, cancel := context.WithTimeout(ctx, counting)
	defer cancel()
	m, server, err := b.world(ctx)
	if err != nil {
		return 0, err
	}
	t := m.Type(typ)
	if t == nil { // members that are no users
		return guard.Uncounted, nil
	}
	s := directory.Search{Base: t.Base, More: t.More, Filter: t.Scope(), Attributes: []string{server.IDAttribute}}
	err = b.directory.Enumerate(ctx, s, func(*ldif.Entry) error {
		seen++
		return nil
	})
	return seen, err
}
