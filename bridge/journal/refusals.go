package journal

import (
	"context"
	"database/sql"
	"time"
)

// This file is about the chain of refusals. Anybody who may ask for something can be refused as often as he likes; in one chain with
// writes, so many would push the records of writes out of a journal that is bounded by its size: a chain is cut at its beginning alone.

// refusing is the ledger that has refusals, which begins with the first; where the journal is shut, which takes none, this one.
func (l *Ledger) refusing() *Ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusals == nil && l.shut {
		return l
	}
	if l.refusals == nil {
		l.refusals = &Ledger{
			store: l.store, log: l.log.With("chain", "refusals"), settings: l.settings, lease: l.lease, observers: l.observers,
			now: l.now, clock: l.clock, ofRefusals: true,
		}
		l.refusals.begin()
	}
	return l.refusals
}

// refusalsShare is which part of maxSize, a tenth, refusals may take before they are cut in the place of writes.
const refusalsShare = 10

// limits are the times from which records stay: of writes, and of refusals.
type limits struct{ writes, refusals time.Time }

// of is the limit of a chain.
func (l limits) of(c chain) time.Time {
	if c.refusals {
		return l.refusals
	}
	return l.writes
}

// oldest are the times from which records stay: where the journal is too large, so many of the oldest refusals go, as long as these take
// more than their share, and else so many of the oldest of all.
func (l *Ledger) oldest(ctx context.Context, tx *sql.Tx) (limits, error) {
	age := l.clock.Now().Add(-time.Duration(l.retention.Load())).Truncate(day)
	limit := limits{age, age}
	most := l.maxSize.Load()
	if most == 0 {
		return limit, nil
	}
	var all, refusals int64
	if err := tx.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT),
			CAST(COALESCE(SUM(CASE WHEN refusals <> 0 THEN size END), 0) AS BIGINT)
		FROM (SELECT refusals, CASE WHEN written > cut THEN written - cut ELSE 0 END AS size FROM journal_writers) AS chains`).
		Scan(&all, &refusals); err != nil || all <= most {
		return limit, err
	}
	if refusals > most/refusalsShare {
		at, err := l.sliceOf(ctx, tx, " AND writer IN (SELECT writer FROM journal_writers WHERE refusals <> 0)")
		if err != nil || at.After(age) {
			return limits{age, at}, err
		}
	}
	at, err := l.sliceOf(ctx, tx, "")
	if at.After(age) {
		limit = limits{at, at}
	}
	return limit, err
}

// sliceOf is the time behind the oldest slice of records, or behind half of them where there are fewer, which are large: the zero time of
// one, or none.
func (l *Ledger) sliceOf(ctx context.Context, tx *sql.Tx, where string) (time.Time, error) {
	of := "FROM journal_records WHERE kind <> 'receipt'" + where
	n := 0
	err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT 1 "+of+" LIMIT $1) AS few", 2*l.slice).Scan(&n)
	if err != nil || n < 2 {
		return time.Time{}, err
	}
	var at int64
	err = tx.QueryRowContext(ctx, "SELECT time "+of+" ORDER BY time LIMIT 1 OFFSET $1", n/2).Scan(&at)
	return time.UnixMicro(at), err
}
