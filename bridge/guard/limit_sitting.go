package guard

import (
	"context"
	"database/sql"
	"time"

	"scimbridge/bridge/store"
)

// sitting is what one transaction has found so far: plans that share it need not look again.
type sitting struct {
	tx      *sql.Tx
	hasTurn bool
	holds   map[kindOfWrite]Hold
	sums    map[sumOf]int // the Limiter's
}

type kindOfWrite struct{ typ, effect string }

type sumOf struct {
	kindOfWrite
	within time.Duration
}

// in is the sitting of a transaction.
func (l *counter) in(tx *sql.Tx) *sitting {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sitting == nil || l.sitting.tx != tx {
		l.sitting = &sitting{tx: tx, sums: l.atMost, holds: map[kindOfWrite]Hold{}}
	}
	return l.sitting
}

// forget has all looked at again.
func (s *sitting) forget() {
	clear(s.holds)
	clear(s.sums)
}

// remember keeps the sums that were found before, if nobody else has counted since. What went by is in them still, and what was counted in
// a transaction that failed: they are the most that it may be, and only where that is too much is it looked at.
func (v verdict) remember(ctx context.Context) error {
	others, known, err := v.store.SinceOthers(ctx, v.tx, v.counter)
	if err != nil {
		return err
	}
	if !known || others != v.others || v.now.Before(v.asOf) {
		clear(v.sums)
	}
	v.others, v.asOf = others, v.now
	return nil
}

// turn waits until nobody else judges: on PostgreSQL transactions of several copies would else undo one another. SQLite has one writer.
func (v verdict) turn(ctx context.Context) error {
	if v.hasTurn {
		return nil
	}
	if v.store.Dialect() == store.Postgres {
		if _, err := v.tx.ExecContext(ctx, "LOCK TABLE guard_turn IN EXCLUSIVE MODE"); err != nil {
			return err
		}
	}
	v.hasTurn = true
	if err := v.remember(ctx); err != nil {
		return err
	}
	last := v.pruned.Load()
	if v.now.UnixMicro()-last < time.Minute.Microseconds() {
		return nil
	}
	v.pruned.Store(v.now.UnixMicro())
	_, err := v.tx.ExecContext(ctx, "DELETE FROM guard_counted WHERE time < $1", v.now.Add(-v.keeps).UnixMicro())
	return err
}

// holdOf is the hold that says what holds of an effect.
func (v verdict) holdOf(ctx context.Context, effect string) (Hold, error) {
	kind := kindOfWrite{v.typ, effect}
	h, known := v.holds[kind]
	if known {
		return h, nil
	}
	h, err := latest(ctx, v.store, v.tx, v.typ, effect)
	if err == nil {
		v.holds[kind] = h
	}
	return h, err
}

// once is what was counted of an effect within a time: of the same entry, or the same members, the most of it, once; of what a copy of an
// earlier version counts, which does not tell whom, all.
const once = `SELECT CAST(COALESCE(SUM(most), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN entry = $4 THEN most END), 0) AS BIGINT)
	FROM (SELECT entry, CASE WHEN entry = '' THEN SUM(count) ELSE MAX(count) END AS most FROM guard_counted
		WHERE type = $1 AND effect = $2 AND time > $3 GROUP BY entry) AS counted`

// sum is what was counted of an effect within a time, at the most: what counts twice within the sitting is not looked for.
func (v verdict) sum(ctx context.Context, b bound) (int, error) {
	of := sumOf{kindOfWrite{v.typ, b.effect}, b.within}
	sum, known := v.sums[of]
	if known {
		return sum, nil
	}
	sum, _, err := v.look(ctx, b, "")
	if err == nil {
		v.sums[of] = sum
	}
	return sum, err
}

// apart is what was counted for others, and for those themselves that a plan is about.
func (v verdict) apart(ctx context.Context, b bound, n counted) (others, own int, err error) {
	sum, own, err := v.look(ctx, b, n.whom)
	if err == nil {
		v.sums[sumOf{kindOfWrite{v.typ, b.effect}, b.within}] = sum
	}
	return sum - own, own, err
}

func (v verdict) look(ctx context.Context, b bound, whom string) (sum, own int, err error) {
	err = v.store.QueryRow(ctx, v.tx, once, v.typ, b.effect, v.now.Add(-b.within).UnixMicro(), whom).Scan(&sum, &own)
	return sum, own, err
}

// add adds to the sums what is counted.
func (v verdict) add(n counted) {
	for of := range v.sums {
		if of.kindOfWrite == (kindOfWrite{v.typ, n.effect}) {
			v.sums[of] += n.count
		}
	}
}
