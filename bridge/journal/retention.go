package journal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"scimbridge/bridge/store"
)

// Needs are records that somebody still needs: neither they nor what their writers recorded after them is cut.
type Needs func(ctx context.Context, tx *sql.Tx) ([]ID, error)

const (
	// cutAgain is the time from one look for what is old to the next.
	cutAgain = time.Hour
	// cutMost is how many records of a chain one anchor cuts.
	cutMost = 5000
	// cutTogether is how many records are deleted in one transaction: a few milliseconds, for which others wait.
	cutTogether = 100
	// slice is how many writes are cut at once where the journal is too large.
	slice = 2000
	// day is to what the age is rounded, so that there is an anchor a day, and how long a writer that has ended is waited for.
	day = 24 * time.Hour
)

// Retain cuts what is too old, and the oldest of what is too much, until ctx ends. What needs names stays, and so does an intent whose
// receipt has not come.
func (l *Ledger) Retain(ctx context.Context, needs ...Needs) {
	tick := time.NewTicker(cutAgain)
	defer tick.Stop()
	for {
		select {
		case <-l.cuts: // this look is what was asked for
		default:
		}
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = l.cutOnce(ctx, needs); err != nil && ctx.Err() == nil {
				l.log.Warn("what is old in the journal could not be cut", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-l.cuts:
		case <-ctx.Done():
			return
		}
	}
}

// cutOnce cuts some of what is too old or too much. It says whether there may be more.
func (l *Ledger) cutOnce(ctx context.Context, needs []Needs) (more bool, err error) {
	var before, next anchor
	cut := false
	if err := l.store.View(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if before, err = newestAnchor(ctx, tx); err != nil {
			return err
		}
		limit, err := l.oldest(ctx, tx)
		if err != nil {
			return err
		}
		next, cut, err = l.plan(ctx, tx, before, limit, needs)
		return err
	}); err != nil {
		return false, err
	}
	if !cut { // but what an anchor says may be left to do
		_, err := l.prune(ctx, before)
		return false, err
	}
	if err := l.anchor(before, next); err != nil {
		if errors.Is(err, errOtherCuts) {
			return false, nil
		}
		return false, err
	}
	pruned, err := l.prune(ctx, next)
	return pruned > 0, err
}

// plan is the anchor of what may be cut: of each chain the records before the first that is to stay.
func (l *Ledger) plan(ctx context.Context, tx *sql.Tx, before anchor, limit limits, needs []Needs) (next anchor, cut bool, err error) {
	var needed []ID
	for _, need := range needs {
		ids, err := need(ctx, tx)
		if err != nil {
			return next, false, err
		}
		needed = append(needed, ids...)
	}
	chains, err := l.chains(ctx, tx)
	if err != nil {
		return next, false, err
	}
	next = anchor{Number: before.Number + 1, Gone: slices.Clone(before.Gone)}
	for _, c := range chains {
		last, err := c.cutTo(ctx, tx, limit.of(c), needed)
		if err != nil {
			return next, false, err
		}
		at := cutAt{Writer: c.writer, Seq: c.first - 1, Hash: c.before}
		if planned, is := before.of(c.writer); is && planned.Seq > at.Seq {
			at = planned
		}
		if last > at.Seq {
			at.Seq = last
			err := tx.QueryRowContext(ctx, "SELECT hash FROM journal_records WHERE writer = $1 AND seq = $2", c.writer, last).Scan(&at.Hash)
			if err != nil {
				return next, false, err
			}
			cut = true
		}
		if at.Seq > 0 {
			next.Cuts = append(next.Cuts, at)
		}
		if c.ended && at.Seq == c.head && l.clock.Now().Sub(c.beat) > day && !before.isGone(c.writer) {
			next.gone(c.writer)
			cut = true
		}
	}
	return next, cut, nil
}

// chain is what the store says of a writer.
type chain struct {
	writer, first, head int64
	before              []byte
	beat                time.Time
	ended, refusals     bool
}

func (l *Ledger) chains(ctx context.Context, tx *sql.Tx) (chains []chain, err error) {
	const query = "SELECT writer, first, head, before, beat, ended <> 0, refusals <> 0 FROM journal_writers ORDER BY writer"
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c chain
		var beat int64
		if err := rows.Scan(&c.writer, &c.first, &c.head, &c.before, &beat, &c.ended, &c.refusals); err != nil {
			return nil, err
		}
		c.beat = time.UnixMicro(beat)
		chains = append(chains, c)
	}
	return chains, rows.Err()
}

// cutTo is the last record of the chain that may be cut, all before it included. What stays is the first that is young, that somebody
// needs, or that is an intent without a receipt; and the receipt of another writer's intent, and what says of a record that it is erased,
// for as long as that is there.
func (c chain) cutTo(ctx context.Context, tx *sql.Tx, limit time.Time, needed []ID) (last int64, err error) {
	end := c.first + cutMost
	var stays sql.NullInt64
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(
		(SELECT MIN(seq) FROM journal_records WHERE writer = $1 AND seq >= $2 AND seq < $3 AND time >= $4),
		(SELECT MAX(seq) + 1 FROM journal_records WHERE writer = $1 AND seq >= $2 AND seq < $3))`,
		c.writer, c.first, end, limit.UnixMicro()).Scan(&stays)
	if err != nil || !stays.Valid {
		return 0, err
	}
	end = stays.Int64
	for _, id := range needed {
		if id.Writer == c.writer && id.Seq >= c.first {
			end = min(end, id.Seq)
		}
	}
	if end <= c.first {
		return 0, nil
	}
	err = tx.QueryRowContext(ctx, `SELECT MIN(x.seq) FROM journal_records x WHERE x.writer = $1 AND x.seq >= $2 AND x.seq < $3 AND (
		x.kind = 'intent' AND x.payload IS NOT NULL AND NOT EXISTS (
			SELECT 1 FROM journal_records r WHERE r.kind = 'receipt' AND r.of_writer = x.writer AND r.of_seq = x.seq)
		OR x.kind = 'receipt' AND x.of_writer <> x.writer AND EXISTS (
			SELECT 1 FROM journal_records i WHERE i.writer = x.of_writer AND i.seq = x.of_seq)
		OR x.kind = 'forget' AND EXISTS (SELECT 1 FROM journal_erased e WHERE e.by_writer = x.writer AND e.by_seq = x.seq))`,
		c.writer, c.first, end).Scan(&stays)
	if stays.Valid {
		end = min(end, stays.Int64)
	}
	return end - 1, err
}

// errOtherCuts says that another copy was first, or that it is not known.
var errOtherCuts = errors.New("another copy cuts the journal")

// anchor records what is to be cut, unless another copy has done so meanwhile.
func (l *Ledger) anchor(before, next anchor) error {
	now := l.now()
	r, err := newRow(KindAnchor, now, &payload{Salt: newSalt(), Operation: "cut", Outcome: Written, Anchor: &next})
	if err != nil {
		return err
	}
	r.of.Seq = next.Number
	o := &op{row: r, event: Event{Time: now, Intent: &Intent{}}, done: make(chan error, 1)}
	o.checks = []Check{func(ctx context.Context, tx *sql.Tx, _ Candidate) error {
		if newest, err := newestAnchor(ctx, tx); err != nil || newest.Number != before.Number {
			return cmp.Or(err, errOtherCuts)
		}
		return nil
	}}
	l.enqueue(o)
	if err = <-o.done; err == nil && o.seq.Load() == 0 { // writes go on without the journal, and it waits: nothing is deleted before
		return errOtherCuts
	}
	return err
}

// cutLock is the key of PostgreSQL's lock: "cuts" in ASCII. One copy deletes at a time.
const cutLock = 0x63757473

// prune deletes what an anchor says, in small transactions. It says how many records it deleted.
func (l *Ledger) prune(ctx context.Context, a anchor) (pruned int, err error) {
	for _, cut := range a.Cuts {
		for more := true; more; {
			n := 0
			if err := l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
				n, more = 0, false
				if l.store.Dialect() == store.Postgres {
					mine := false
					if err := tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock($1)", cutLock).Scan(&mine); err != nil || !mine {
						return err
					}
				}
				n, err = l.pruneSome(ctx, tx, cut, a.isGone(cut.Writer))
				more = n == cutTogether
				return err
			}); err != nil {
				return pruned, err
			}
			pruned += n
		}
	}
	return pruned, nil
}

// pruneSome deletes the next records of a chain, and what they are found by.
func (l *Ledger) pruneSome(ctx context.Context, tx *sql.Tx, cut cutAt, gone bool) (n int, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT seq, kind, of_writer, of_seq, payload, hash FROM journal_records
		WHERE writer = $1 AND seq <= $2 ORDER BY seq LIMIT $3`, cut.Writer, cut.Seq, cutTogether)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	r := row{id: ID{Writer: cut.Writer}}
	var head []byte
	var found [][]any
	octets := int64(0)
	for rows.Next() {
		if err := rows.Scan(&r.id.Seq, &r.kind, &r.of.Writer, &r.of.Seq, &r.payload, &head); err != nil {
			return 0, err
		}
		n++
		keys, of := r.found()
		for _, key := range keys {
			found = append(found, []any{key, of.Writer, of.Seq})
		}
		octets += sizeOf(&r, keys)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, err
	}
	if n > 0 {
		if err := l.unfind(ctx, tx, found); err != nil {
			return 0, err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM journal_records WHERE writer = $1 AND seq <= $2", cut.Writer, r.id.Seq); err != nil {
			return 0, err
		}
		for _, table := range []string{"journal_erased", "journal_owed"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE writer = $1 AND seq <= $2", cut.Writer, r.id.Seq); err != nil {
				return 0, err
			}
		}
		if _, err := tx.ExecContext(ctx, "UPDATE journal_writers SET first = $1, before = $2, cut = cut + $3 WHERE writer = $4",
			r.id.Seq+1, head, octets, cut.Writer); err != nil {
			return 0, err
		}
	}
	if gone && n < cutTogether {
		_, err = tx.ExecContext(ctx, "DELETE FROM journal_writers WHERE writer = $1", cut.Writer)
	}
	return n, err
}

// found are the keys by which a stored record makes another, or itself, to be found.
func (r *row) found() (keys []string, of ID) {
	if r.payload == nil {
		return nil, r.id
	}
	p, err := decode(r.payload)
	if err != nil { // it was changed; what is left of it names nobody's record
		return nil, r.id
	}
	switch r.kind {
	case KindIntent, KindRefusal, KindAct:
		i := p.intent(ID{})
		return i.subjects(), r.id
	case KindReceipt:
		if p.ID != "" {
			return []string{Subject(p.ID)}, r.of
		}
	case KindAnchor, KindForget:
	}
	return nil, r.id
}

// unfind deletes rows of what records are found by.
func (l *Ledger) unfind(ctx context.Context, tx *sql.Tx, found [][]any) error {
	if len(found) == 0 {
		return nil
	}
	if l.store.Dialect() == store.Postgres {
		for some := range slices.Chunk(found, manyRows) {
			in := places(len(some), len(some[0]), "$")
			statement := "DELETE FROM journal_subjects WHERE (subject, writer, seq) IN (" + in + ")"
			if _, err := tx.ExecContext(ctx, statement, slices.Concat(some...)...); err != nil {
				return err
			}
		}
		return nil
	}
	one, err := tx.PrepareContext(ctx, "DELETE FROM journal_subjects WHERE subject = $1 AND writer = $2 AND seq = $3")
	if err != nil {
		return err
	}
	defer one.Close()
	for _, row := range found {
		if _, err := one.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

// sizeOf is about how many octets a record takes, indexes included.
func sizeOf(r *row, keys []string) int64 {
	size := int64(len(r.payload)) + 300
	for _, key := range keys {
		size += int64(len(key)) + 50
	}
	return size
}
