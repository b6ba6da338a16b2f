package guard

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/ldapmap/ldif"
)

// Limiter counts what writes do against the limits, in the transactions that record their intents, and holds them back past it.
//
//	a plan blocks a user: 49 were within the hour, and 50 may be      it is counted, and goes on
//	the next one does                                                 a hold is opened; all that block users are held from here on
//	the operator approves 20                                          the next twenty go on, and are counted
//	the directory refuses one of them                                 its receipt says so: that one may still pass
type Limiter struct {
	*counter
	bounds map[string][]bound // by resource type
	keeps  time.Duration      // counts that are older count for nothing

	recount func(typ string)
}

// counter is what limiters with other bounds share, one of which may take another's place while plans are under way.
type counter struct {
	store  *store.Store
	log    *slog.Logger
	watch  []Watch
	now    func() time.Time                     // by the store's clock
	keep   func(context.Context, *sql.Tx) error // it
	pruned atomic.Int64

	mu      sync.Mutex
	sitting *sitting             // the last
	counts  map[kindOfWrite]bool // what is bounded, or was

	// What one transaction after the other knows:
	atMost map[sumOf]int // counts within a time are no more
	others store.Others  // as it was then
	asOf   time.Time
}

// Watch is told of a hold within the transaction that opens it. Its error is the transaction's. It may run more than once.
type Watch func(ctx context.Context, tx *sql.Tx, h Hold) error

// NewLimiter has the store count for these types. What the options do not say is limited by DefaultLimits.
func NewLimiter(s *store.Store, o Options, types []string, log *slog.Logger, watch ...Watch) (*Limiter, error) {
	clock := s.Clock(time.Now)
	c := &counter{
		store: s, log: log, watch: watch, now: clock.Now, keep: clock.Keep, counts: map[kindOfWrite]bool{}, atMost: map[sumOf]int{},
	}
	return c.bounded(o, types), s.Add("guard", migrations, uses...)
}

// With is a limiter with other options, by what was counted so far. Each judges the plans of its own bridge.
func (l *Limiter) With(o Options, types []string) *Limiter { return l.bounded(o, types) }

func (c *counter) bounded(o Options, types []string) *Limiter {
	l := &Limiter{counter: c, bounds: map[string][]bound{}}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, typ := range types {
		l.bounds[typ] = boundsOf(o.Limits, typ)
		for _, b := range l.bounds[typ] {
			l.keeps = max(l.keeps, b.within)
			c.counts[kindOfWrite{typ, b.effect}] = true
		}
	}
	return l
}

// Check is what judges and counts a plan for a resource of a type, nil where nothing of it is limited. It refuses with *Held, or
// *TotalNeeded.
func (l *Limiter) Check(typ string, plan ldif.Plan) journal.Check { return l.check(typ, plan, nil) }

// check is Check of what comes behind what is only foreseen.
func (l *Limiter) check(typ string, plan ldif.Plan, ahead *Ahead) journal.Check {
	counts := l.limited(typ, countsOf(plan.Before, plan.Effects))
	if len(counts) == 0 {
		return nil
	}
	return func(ctx context.Context, tx *sql.Tx, c journal.Candidate) error {
		if err := l.keep(ctx, tx); err != nil {
			return err
		}
		v := verdict{Limiter: l, sitting: l.in(tx), typ: typ, now: l.now(), happens: c.Happens, ahead: ahead}
		if err := v.turn(ctx); err != nil {
			return err
		}
		draws := make([]int64, len(counts)) // from these holds' approvals
		for i, n := range counts {
			var err error
			if draws[i], err = v.judge(ctx, n); err != nil {
				return err
			}
		}
		for i, n := range counts {
			if err := v.count(ctx, c.ID, n, draws[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

// limited are those of the counts that a limit is about.
func (l *Limiter) limited(typ string, counts []counted) []counted {
	return slices.DeleteFunc(counts, func(n counted) bool {
		return !slices.ContainsFunc(l.bounds[typ], func(b bound) bool { return b.effect == n.effect })
	})
}

// Settle gives back what was counted of a plan and did not come about, or changed nothing, by whichever bounds. It is a journal.Observer.
func (l *counter) Settle(ctx context.Context, tx *sql.Tx, e journal.Event) error {
	if e.Done == nil || !l.counted(e.Intent.Type, countsOf(e.Intent.Plan.Before, e.Intent.Plan.Effects)) {
		return nil
	}
	stands := map[string]int64{}
	for _, n := range countsOf(e.Intent.Plan.Before, e.Done.Receipt.Standing()) {
		stands[n.effect] = int64(n.count)
	}
	kept, err := l.countedBy(ctx, tx, e.ID)
	if err != nil {
		return err
	}
	for _, k := range kept {
		now := stands[k.effect]
		if now == k.count {
			continue
		}
		l.in(tx).forget()
		if l.others, _, err = l.store.SinceOthers(ctx, tx, l); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE guard_counted SET count = $1 WHERE writer = $2 AND seq = $3 AND effect = $4",
			now, e.ID.Writer, e.ID.Seq, k.effect); err != nil {
			return err
		}
		if k.hold == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, "UPDATE guard_hold SET rest = rest + $1 WHERE id = $2 AND rest >= 0",
			k.count-now, k.hold); err != nil {
			return err
		}
	}
	return nil
}

// counted says whether any of these may have been.
func (l *counter) counted(typ string, counts []counted) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(counts, func(n counted) bool { return l.counts[kindOfWrite{typ, n.effect}] })
}

// kept is a row of guard_counted.
type kept struct {
	effect      string
	count, hold int64
}

func (l *counter) countedBy(ctx context.Context, tx *sql.Tx, id journal.ID) (all []kept, err error) {
	rows, err := l.store.Query(ctx, tx, "SELECT effect, count, hold FROM guard_counted WHERE writer = $1 AND seq = $2", id.Writer, id.Seq)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k kept
		if err := rows.Scan(&k.effect, &k.count, &k.hold); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// verdict is one look at what was counted.
type verdict struct {
	*Limiter
	*sitting
	typ     string
	now     time.Time
	happens bool // whatever the verdict is
	ahead   *Ahead
}

// judge says whether so much more of an effect may come about, and on which hold's approval; 0: it needs none.
func (v verdict) judge(ctx context.Context, n counted) (draw int64, err error) {
	h, err := v.holdOf(ctx, n.effect)
	if err != nil {
		return 0, err
	}
	state := h.stateAt(v.now)
	if (state == Open || state == Refused) && !v.happens {
		return 0, v.hold(ctx, h, n)
	}
	why, err := v.exceeded(ctx, n)
	if err != nil || why == "" {
		return 0, err
	}
	switch {
	case state == Approved && (h.Rest < 0 || h.Rest >= int64(n.count)):
		return h.ID, nil
	case v.happens && state != Over && state != Approved:
		return 0, nil
	}
	opened := Hold{
		Type: v.typ, Effect: n.effect, Why: why, Opened: v.now, State: Open, Told: v.now,
	}
	if err := opened.insert(ctx, v.tx); err != nil {
		return 0, err
	}
	v.holds[kindOfWrite{v.typ, n.effect}] = opened
	for _, watch := range v.watch {
		if ctx.Value(unwatched{}) != nil {
			break
		}
		if err := watch(ctx, v.tx, opened); err != nil {
			return 0, err
		}
	}
	if v.happens {
		return 0, nil
	}
	return 0, v.hold(ctx, opened, n)
}

// exceeded says which bound would be, in words; "": none.
func (v verdict) exceeded(ctx context.Context, n counted) (why string, err error) {
	for _, b := range v.bounds[v.typ] {
		if b.effect != n.effect {
			continue
		}
		sum, err := v.sum(ctx, b)
		if err != nil {
			return "", err
		}
		before, itself := v.ahead.of(kindOfWrite{v.typ, n.effect}, n.whom)
		sum += before + itself
		if over, known := b.certain(sum + n.count); known && !over {
			continue
		}
		others, own, err := v.apart(ctx, b, n)
		if err != nil {
			return "", err
		}
		others, own = others+before, max(own, itself)
		if n.count <= own { // it counts already
			continue
		}
		over, known := b.certain(others + n.count)
		most, of := b.most, ""
		if !known {
			t, err := v.total(ctx, b)
			if err != nil {
				return "", err
			}
			most, of = b.at(t), b.share(t)
			over = others+n.count > most
		}
		if over {
			return fmt.Sprintf("%s: more than %d %s within %s%s", v.typ, most, kindOf(b.effect), inWords(b.within), of), nil
		}
	}
	return "", nil
}

// hold notes that a write is held, or refused, and says so.
func (v verdict) hold(ctx context.Context, h Hold, n counted) error {
	held := &Held{First: h.Held == 0}
	held.Tell = held.First || h.State == Open && v.now.Sub(h.Told).Abs() >= time.Hour
	h.Held, h.Last = h.Held+1, v.now
	if held.Tell {
		h.Told = v.now
	}
	held.Hold, v.holds[kindOfWrite{v.typ, n.effect}] = h, h
	v.ahead.holds(kindOfWrite{v.typ, n.effect}, held)
	if _, err := v.tx.ExecContext(ctx, "UPDATE guard_hold SET held = $1, last = $2, told = $3 WHERE id = $4",
		h.Held, h.Last.UnixMicro(), h.Told.UnixMicro(), h.ID); err != nil {
		return err
	}
	if _, err := v.tx.ExecContext(ctx, `INSERT INTO guard_waiting (hold, entry, count) VALUES ($1, $2, $3)
		ON CONFLICT (hold, entry) DO UPDATE SET count = excluded.count`, h.ID, n.whom, n.count); err != nil {
		return err
	}
	return held
}

// count counts what is about to be done.
func (v verdict) count(ctx context.Context, id journal.ID, n counted, draw int64) error {
	const text = "INSERT INTO guard_counted (writer, seq, effect, type, time, count, hold, entry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
	if err := v.store.Exec(ctx, v.tx, text, id.Writer, id.Seq, n.effect, v.typ, v.now.UnixMicro(), n.count, draw, n.whom); err != nil {
		return err
	}
	v.add(n)
	if draw == 0 {
		return nil
	}
	delete(v.holds, kindOfWrite{v.typ, n.effect})
	if _, err := v.tx.ExecContext(ctx, "UPDATE guard_hold SET rest = rest - $1 WHERE id = $2 AND rest >= 0", n.count, draw); err != nil {
		return err
	}
	_, err := v.tx.ExecContext(ctx, "DELETE FROM guard_waiting WHERE hold = $1 AND entry = $2", draw, n.whom)
	return err
}

// Tell tells the log of a hold that was opened, or is open still.
func (l *Limiter) Tell(h *Held) {
	if h.Tell {
		l.log.Error("guard: writes are held", "hold", h.Hold.ID, "why", h.Hold.Why, "held", h.Hold.Held,
			"approve", fmt.Sprintf("scimbridge hold approve %d", h.Hold.ID), "refuse", fmt.Sprintf("scimbridge hold refuse %d", h.Hold.ID))
	}
}

// inWords is a duration without what is nought: 1h, 90m.
func inWords(d time.Duration) string {
	text := d.String()
	for _, nought := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, nought) {
			text = text[:len(text)-len(nought)+1]
		}
	}
	return text
}
