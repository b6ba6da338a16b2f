package guard

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"sync"

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

// Ahead is what was foreseen to be done, and to be held, before what is foreseen next. Its zero value is nothing.
type Ahead struct {
	mu     sync.Mutex
	counts map[kindOfWrite]map[string]int // by whom it is told apart by
	sums   map[kindOfWrite]int
	held   map[kindOfWrite]*Held
	totals map[string]int // of types that nobody has counted for the store
}

// Know notes how many resources a type has, where the store has no total.
func (a *Ahead) Know(typ string, total int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.totals == nil {
		a.totals = map[string]int{}
	}
	a.totals[typ] = total
}

// Did notes what would have come about of a plan.
func (a *Ahead) Did(typ string, receipt ldif.Receipt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range countsOf(receipt.Plan.Before, receipt.Standing()) {
		kind := kindOfWrite{typ, n.effect}
		if a.counts == nil {
			a.counts, a.sums = map[kindOfWrite]map[string]int{}, map[kindOfWrite]int{}
		}
		if a.counts[kind] == nil {
			a.counts[kind] = map[string]int{}
		}
		if more := n.count - a.counts[kind][n.whom]; more > 0 {
			a.counts[kind][n.whom] += more
			a.sums[kind] += more
		}
	}
}

// Held are the holds that would have been opened, one of each kind of write.
func (a *Ahead) Held() (held []*Held) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for h := range maps.Values(a.held) {
		held = append(held, h)
	}
	return held
}

// of is how much was foreseen of an effect, for others and for whom a plan is about.
func (a *Ahead) of(kind kindOfWrite, whom string) (others, own int) {
	if a == nil {
		return 0, 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	own = a.counts[kind][whom]
	return a.sums[kind] - own, own
}

func (a *Ahead) total(typ string) (n int, known bool) {
	if a == nil {
		return 0, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n, known = a.totals[typ]
	return n, known
}

// hold is what holds writes of the kind already.
func (a *Ahead) hold(kind kindOfWrite) *Held {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.held[kind]
}

// holds notes that writes of a kind are held from here on.
func (a *Ahead) holds(kind kindOfWrite, held *Held) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held == nil {
		a.held = map[kindOfWrite]*Held{}
	}
	a.held[kind] = held
}

// Foresee is what Check would refuse a plan with after what is ahead of it, in a transaction that leaves nothing behind.
func (l *Limiter) Foresee(ctx context.Context, typ string, plan ldif.Plan, ahead *Ahead) error {
	for _, n := range l.limited(typ, countsOf(plan.Before, plan.Effects)) {
		if held := ahead.hold(kindOfWrite{typ, n.effect}); held != nil {
			return held
		}
	}
	check := l.check(typ, plan, ahead)
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
