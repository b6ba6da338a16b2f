package guard

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"
)

// This file is about how many resources a type has, which a share is of. They are counted when it first matters, and whoever asks waits.
// From then on the last count holds, and is renewed beside the writes. Where they could never be counted to the end, no write fails for
// that: the limit's `most` bounds alone, and where it has none, a share of as many as were seen, ten at the least, past which an operator
// decides as of any hold.

const (
	// totalAge is how old a total may be before it is counted again.
	totalAge = 24 * time.Hour
	// countAgain is how long after an attempt in vain there is another.
	countAgain = 30 * time.Minute
	// Uncounted is the total of a type that is none: its shares bound nothing.
	Uncounted = math.MaxInt32
)

// TotalNeeded says that a plan can be judged once it is known how many resources the type has: Know is to be told, or KnowPart.
type TotalNeeded struct{ Type string }

func (n *TotalNeeded) Error() string {
	return "it is not known how many resources there are of type " + n.Type
}

// CountBy has what is old counted again: count is called within a transaction, and is to begin it alone.
func (l *Limiter) CountBy(count func(typ string)) { l.recount = count }

// Know keeps how many resources a type has.
func (l *Limiter) Know(ctx context.Context, typ string, total int) error {
	return l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO guard_total (type, total, time) VALUES ($1, $2, $3)
			ON CONFLICT (type) DO UPDATE SET total = excluded.total, time = excluded.time, partly = 0, tried = 0`,
			typ, total, l.now().UnixMicro())
		return err
	})
}

// KnowPart keeps that a type could not be counted to the end, and how many there are at the least. What was known before holds on.
func (l *Limiter) KnowPart(ctx context.Context, typ string, seen int) error {
	return l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO guard_total (type, total, time, partly, tried) VALUES ($1, $2, $3, 1, $3)
			ON CONFLICT (type) DO UPDATE SET tried = excluded.tried, total = CASE
				WHEN guard_total.partly <> 0 AND excluded.total > guard_total.total THEN excluded.total ELSE guard_total.total END`,
			typ, seen, l.now().UnixMicro())
		return err
	})
}

// total is how many resources a type has.
type total struct {
	count  int
	partly bool // there are so many at the least
}

// total is how many resources the share of a bound is of.
func (v verdict) total(ctx context.Context, b bound) (t total, err error) {
	typ, counted, tried := b.countedType(v.typ), int64(0), int64(0)
	if n, known := v.ahead.total(typ); known {
		return total{count: n}, nil
	}
	err = v.tx.QueryRowContext(ctx, "SELECT total, partly <> 0, time, tried FROM guard_total WHERE type = $1", typ).
		Scan(&t.count, &t.partly, &counted, &tried)
	switch {
	case errors.Is(err, sql.ErrNoRows) && v.happens:
		return total{count: Uncounted}, nil
	case errors.Is(err, sql.ErrNoRows):
		return t, &TotalNeeded{typ}
	case err != nil:
		return t, err
	}
	old := t.partly || v.now.Sub(time.UnixMicro(counted)).Abs() > totalAge // the clock may have been set back since
	if old && v.now.Sub(time.UnixMicro(tried)).Abs() > countAgain && v.recount != nil && ctx.Value(unwatched{}) == nil {
		v.recount(typ)
	}
	return t, nil
}

// share is what the total makes of a bound, in words, where that is what bounds: (5% of 400).
func (b bound) share(t total) string {
	switch {
	case b.at(t) == b.most:
		return ""
	case t.partly:
		return fmt.Sprintf(" (%.4g%% of at least %d: they could not be counted to the end; most, in guard.limits, needs no count)",
			b.of*100, t.count)
	}
	return fmt.Sprintf(" (%.4g%% of %d)", b.of*100, t.count)
}
