package journal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Look finds out in the directory what became of an intent, and the id of what it made. others are what other records tell of the same
// entries since: what they did is not the intent's.
type Look func(ctx context.Context, i Intent, others []Other) (Done, error)

// silent is a writer that has not ended, as it was seen last.
type silent struct {
	beat  int64
	since time.Time // that it has said nothing else
}

// Adopt closes what writers that died left open, until ctx ends: an intent whose receipt never came is looked up, and a look that a writer
// owed which has ended, or died, is inherited. Whether another lives is told by its beats alone, whatever its clock says: it is dead when
// it says nothing new for as long as a lease. Another call goes on from what was seen.
func (l *Ledger) Adopt(ctx context.Context, look Look, inherit Inherit) {
	tick := time.NewTicker(l.lease / 3)
	defer tick.Stop()
	for {
		if err := l.adoptOnce(ctx, look, inherit); err != nil && ctx.Err() == nil {
			l.log.Warn("what became of writes of a bridge that died could not be looked up yet", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (l *Ledger) adoptOnce(ctx context.Context, look Look, inherit Inherit) error {
	l.adopting.Lock()
	defer l.adopting.Unlock()
	if l.silences == nil {
		l.silences = map[int64]silent{}
	}
	return errors.Join(l.adopt(ctx, l.silences, look), l.takeOver(ctx, inherit))
}

func (l *Ledger) adopt(ctx context.Context, known map[int64]silent, look Look) error {
	now := l.now()
	living := map[int64]silent{}
	var dead []int64
	if err := l.store.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		clear(living)
		dead = nil
		rows, err := tx.QueryContext(ctx, "SELECT writer, beat FROM journal_writers WHERE ended = 0")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var writer int64
			seen := silent{since: l.now()} // it may have been said while the store was waited for
			if err := rows.Scan(&writer, &seen.beat); err != nil {
				return err
			}
			if before, is := known[writer]; is && before.beat == seen.beat {
				seen = before
			}
			living[writer] = seen
			if now.Sub(seen.since) >= l.lease && writer != l.own.Load() {
				dead = append(dead, writer)
			}
		}
		return rows.Err()
	}); err != nil {
		clear(known) // nobody could say anything
		return err
	}
	clear(known)
	for writer, seen := range living {
		known[writer] = seen
	}
	var failed error
	for _, writer := range dead {
		if err := l.bury(ctx, writer, known[writer].beat, look); err != nil {
			failed = cmp.Or(failed, err)
		}
	}
	return failed
}

// bury closes what a dead writer left open, and ends it.
func (l *Ledger) bury(ctx context.Context, writer, beat int64, look Look) error {
	var settled int64
	err := l.store.Read().QueryRowContext(ctx, "SELECT settled FROM journal_writers WHERE writer = $1", writer).Scan(&settled)
	if err != nil {
		return l.store.Explain(err)
	}
	const where = `i.kind = 'intent' AND i.writer = $1 AND i.seq >= $2 AND i.payload IS NOT NULL AND NOT EXISTS (
		SELECT 1 FROM journal_records r WHERE r.kind = 'receipt' AND r.of_writer = i.writer AND r.of_seq = i.seq)`
	for {
		open, more, err := page(ctx, l.store, selection{where: where, arguments: []any{writer, settled}, limit: pageSize})
		if err != nil {
			return err
		}
		var failed error
		for _, a := range open { // one of which nothing can be found out keeps back no other
			if err := l.lookUp(ctx, a, look); err != nil {
				failed = cmp.Or(failed, err)
			}
		}
		if failed != nil {
			return failed
		}
		if !more {
			break
		}
	}
	return l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE journal_writers SET ended = $1 WHERE writer = $2 AND beat = $3 AND ended = 0",
			l.clock.Now().UnixMicro(), writer, beat)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE journal_writers SET (head, hash) = (
				SELECT seq, hash FROM journal_records WHERE writer = $1 ORDER BY seq DESC LIMIT 1)
			WHERE writer = $1 AND ended <> 0 AND head < (SELECT MAX(seq) FROM journal_records WHERE writer = $1)`, writer)
		return err
	})
}

// lookUp finds out what became of an intent, and closes it.
func (l *Ledger) lookUp(ctx context.Context, a Account, look Look) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	others, err := l.others(ctx, a)
	if err != nil {
		return err
	}
	d, err := look(ctx, a.Intent, others)
	if err != nil {
		return fmt.Errorf("record %s: %w", a.ID, err)
	}
	if d.Owes {
		if err := l.owe(ctx, a.ID, a.ID.Writer); err != nil { // and inherited with what it owed besides
			return err
		}
	}
	d.Found = true
	return l.closeOf(a, d)
}

// closeOf records what became of an intent of another writer's, as it was found, unless it is told already: by another that looked it up
// too, or by the writer, which lives.
func (l *Ledger) closeOf(a Account, d Done) error {
	now := l.now()
	r, err := newRow(KindReceipt, now, packDone(&d, a.secret))
	if err != nil {
		return err
	}
	r.of = a.ID
	o := &op{
		row: r, event: Event{Time: now, Intent: &a.Intent, Done: &d}, keys: d.keys(&a.Intent), done: make(chan error, 1),
		checks: []Check{func(ctx context.Context, tx *sql.Tx, _ Candidate) error { return isOpen(ctx, tx, a.ID) }},
	}
	l.enqueue(o)
	if err := <-o.done; errors.Is(err, errTold) {
		return nil
	} else if err != nil {
		return err
	}
	l.log.Warn("a write of a bridge that died was looked up",
		"record", a.ID, "request", a.RequestID, "dn", a.DN, "outcome", OutcomeOf(d.Receipt))
	return nil
}

var errTold = errors.New("what became of it is told already")

// isOpen returns errTold where an intent has its receipt. Whoever asks next waits until this one's transaction has ended.
func isOpen(ctx context.Context, tx *sql.Tx, id ID) error {
	if _, err := tx.ExecContext(ctx, "UPDATE journal_writers SET ended = ended WHERE writer = $1", id.Writer); err != nil {
		return err
	}
	told := 0
	err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM journal_records WHERE kind = 'receipt' AND of_writer = $1 AND of_seq = $2",
		id.Writer, id.Seq).Scan(&told)
	if err == nil && told > 0 {
		return errTold
	}
	return err
}
