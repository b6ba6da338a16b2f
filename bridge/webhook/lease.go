package webhook

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"scimbridge/bridge/store"
)

var (
	// lease is how long a copy may send without another sign of life; a test's is shorter.
	lease = 20 * time.Second
	// beat is the time from one sign of life to the next.
	beat = 5 * time.Second
)

// leader knows whether this copy is the one that sends. Whether another lives is told by its signs of life alone, whatever its clock says:
// it is dead when it gives none for as long as a lease.
type leader struct {
	store *store.Store
	now   func() time.Time
	name  string    // of this copy
	until time.Time // it may send; zero: it may not
	next  time.Time // when to give a sign of life, or look for another's

	other string // that sends
	seen  int64  // its last sign of life
	since time.Time
}

func newLeader(s *store.Store, now func() time.Time) leader {
	return leader{store: s, now: now, name: rand.Text()}
}

// leads says until when this copy may send, zero where it may not.
func (l *leader) leads(ctx context.Context) (time.Time, error) {
	now := l.now()
	if !now.Before(l.next) {
		if err := l.ask(ctx, now); err != nil {
			return time.Time{}, err
		}
		l.next = now.Add(beat)
	}
	if !l.now().Before(l.until) {
		return time.Time{}, nil
	}
	return l.until, nil
}

// ask gives a sign of life where this copy sends, and takes the place of another that gives none.
func (l *leader) ask(ctx context.Context, now time.Time) error {
	mine, holder, count := false, "", int64(0)
	err := l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		mine = false
		err := tx.QueryRowContext(ctx, "SELECT holder, beat FROM webhook_sender WHERE one = 1").Scan(&holder, &count)
		if errors.Is(err, sql.ErrNoRows) {
			mine = true
			_, err = tx.ExecContext(ctx, "INSERT INTO webhook_sender (one, holder, beat) VALUES (1, $1, 1)", l.name)
			return err
		}
		dead := holder == l.other && count == l.seen && now.Sub(l.since) >= lease
		if err != nil || holder != l.name && holder != "" && !dead {
			return err
		}
		mine = true
		_, err = tx.ExecContext(ctx, "UPDATE webhook_sender SET holder = $1, beat = beat + 1 WHERE one = 1", l.name)
		return err
	})
	switch {
	case err != nil:
		return err
	case mine:
		l.until, l.other = now.Add(lease), ""
	case holder != l.other || count != l.seen:
		l.until, l.other, l.seen, l.since = time.Time{}, holder, count, l.now() // it may have been given while the store was waited for
	}
	return nil
}

// leave lets another send at once.
func (l *leader) leave(ctx context.Context) error {
	if l.until.IsZero() {
		return nil
	}
	l.until = time.Time{}
	return l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE webhook_sender SET holder = '', beat = beat + 1 WHERE holder = $1", l.name)
		return err
	})
}
