package webhook

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"scimbridge/bridge/journal"
)

// keptGivenUp is how long what was given up stays to be looked at.
const keptGivenUp = 30 * 24 * time.Hour

// row is a message in the outbox.
type row struct {
	id       int64
	message  string
	resource string
	record   journal.ID
	body     []byte // nil: it is made of the record
	attempts int
}

// due are messages that are to be sent now, of each resource the oldest, but of those that are busy. What was tried at a time that is yet
// to come was put off by a clock that was set back since.
func (s *sender) due(ctx context.Context, now time.Time, most int) (due []row, err error) {
	err = s.store.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		due = nil
		rows, err := tx.QueryContext(ctx, `SELECT id, message, resource, writer, seq, body, attempts FROM webhook_outbox o
			WHERE given_up = 0 AND (due <= $1 OR attempts = 0 OR tried > $1) AND NOT EXISTS (
				SELECT 1 FROM webhook_outbox e WHERE e.resource = o.resource AND e.given_up = 0 AND e.id < o.id)
			ORDER BY due, id LIMIT $2`, now.UnixMicro(), most+len(s.busy))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r row
			if err := rows.Scan(&r.id, &r.message, &r.resource, &r.record.Writer, &r.record.Seq, &r.body, &r.attempts); err != nil {
				return err
			}
			if !s.busy[r.resource] {
				due = append(due, r)
			}
		}
		return rows.Err()
	})
	return due, err
}

// mark notes in the store what became of attempts: what was taken goes, what was not waits for its next, or is given up.
func (s *sender) mark(ctx context.Context) error {
	if len(s.done) == 0 {
		return nil
	}
	now := s.now()
	if err := s.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, r := range s.done {
			if err := r.mark(ctx, tx, now); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, r := range s.done {
		delete(s.busy, r.resource)
		s.tell(r)
	}
	s.done = nil
	return nil
}

func (r result) mark(ctx context.Context, tx *sql.Tx, now time.Time) error {
	failed, is := errors.AsType[*failure](r.err)
	switch {
	case r.err == nil:
		_, err := tx.ExecContext(ctx, "DELETE FROM webhook_outbox WHERE id = $1", r.id)
		return err
	case !is: // it was cut
		return nil
	}
	givenUp := int64(0)
	if failed.gone {
		givenUp = now.UnixMicro()
	}
	_, err := tx.ExecContext(ctx, `UPDATE webhook_outbox SET tried = $1, due = $2, attempts = $3, failure = $4, given_up = $5
		WHERE id = $6 AND given_up = 0`, // it may have been given up for its age meanwhile
		now.UnixMicro(), now.Add(max(waitOf(r.attempts), failed.after)).UnixMicro(), r.attempts+1, failed.text, givenUp, r.id)
	return err
}

// waitOf is the time to the next attempt of a message of which so many failed before this one.
func waitOf(before int) time.Duration {
	wait := firstWait
	for ; before > 0 && wait < longestWait; before-- {
		wait *= 2
	}
	return min(wait, longestWait)
}

// tell logs a failure: the first of a message, and the last.
func (s *sender) tell(r result) {
	failed, is := errors.AsType[*failure](r.err)
	switch {
	case !is:
	case failed.gone:
		s.log.Error("webhook: given up", "message", r.message, "record", r.record, "resource", r.resource, "error", failed)
	case r.attempts == 0:
		s.log.Warn("webhook: not taken yet", "message", r.message, "record", r.record, "resource", r.resource, "error", failed)
	default:
		s.log.Debug("webhook: not taken yet", "message", r.message, "record", r.record, "attempts", r.attempts+1, "error", failed)
	}
}

// clear gives up what is too old, loudly, and forgets what was given up long ago.
func (s *sender) clear(ctx context.Context, now time.Time) error {
	var first row
	var last string
	var given, kept int64
	err := s.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		given, kept = 0, 0
		before := now.Add(-keptGivenUp).UnixMicro()
		if _, err := tx.ExecContext(ctx, "DELETE FROM webhook_outbox WHERE given_up > 0 AND given_up < $1", before); err != nil {
			return err
		}
		if now.Sub(s.began) < min(grace, s.receiver.options.GiveUpAfter) {
			return nil
		}
		before = now.Add(-s.receiver.options.GiveUpAfter).UnixMicro()
		err := tx.QueryRowContext(ctx, `SELECT message, resource, writer, seq, failure FROM webhook_outbox
			WHERE given_up = 0 AND created < $1 ORDER BY id LIMIT 1`, before).
			Scan(&first.message, &first.resource, &first.record.Writer, &first.record.Seq, &last)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		const giveUp = "UPDATE webhook_outbox SET given_up = $1 WHERE given_up = 0 AND created < $2"
		done, err := tx.ExecContext(ctx, giveUp, now.UnixMicro(), before)
		if err != nil {
			return err
		}
		if given, err = done.RowsAffected(); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM webhook_outbox WHERE given_up > 0").Scan(&kept)
	})
	if err == nil && given > 0 {
		s.log.Error("webhook: given up", "messages", given, "after", s.receiver.options.GiveUpAfter.String(), "first", first.message,
			"record", first.record,
			"resource", first.resource, "error", last, "kept", kept)
	}
	return err
}
