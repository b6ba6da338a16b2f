package guard

import (
	"context"
	"database/sql"
	"errors"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// Counts are the effects of a plan that limits are about, as guard.limits names them.
func (l *Limiter) Counts(typ string, plan ldif.Plan) (effects []string) {
	for _, n := range l.limited(typ, countsOf(plan.Before, plan.Effects)) {
		effects = append(effects, n.effect)
	}
	return effects
}

var errForeseen = errors.New("it is only foreseen")

// Foresee is what Check would refuse a plan with, in a transaction that leaves nothing behind.
func (l *Limiter) Foresee(ctx context.Context, typ string, plan ldif.Plan) error {
	check := l.Check(typ, plan)
	if check == nil {
		return nil
	}
	err := l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		defer func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.sitting = nil
		}()
		if err := check(withoutWatch(ctx), tx, journal.Candidate{}); err != nil {
			return err
		}
		return errForeseen
	})
	if errors.Is(err, errForeseen) {
		return nil
	}
	return err
}

type unwatched struct{}

// withoutWatch is the context of a check that tells nobody.
func withoutWatch(ctx context.Context) context.Context {
	return context.WithValue(ctx, unwatched{}, true)
}
