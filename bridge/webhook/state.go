package webhook

import (
	"context"
	"database/sql"
	"time"

	"scimbridge/bridge/store"
)

// State is how the receiver is served by this copy of the bridge.
type State struct {
	Away          bool  // the receiver is: it is probed, and what it is to be told waits
	Taken, Failed int64 // attempts
}

// State asks nothing of the store.
func (h *Hook) State() State { return State{h.away.Load(), h.taken.Load(), h.failed.Load()} }

// Backlog is what the outbox holds, for all copies of the bridge.
type Backlog struct {
	Waiting int64
	Oldest  time.Time // of those that wait; zero: none does
	GivenUp int64
}

// Backlog asks the store.
func (h *Hook) Backlog(ctx context.Context) (b Backlog, err error) {
	err = h.store.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var all int64
		row := tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN given_up > 0 THEN 1 ELSE 0 END), 0),
			COALESCE(MIN(CASE WHEN given_up = 0 THEN created END), 0) FROM webhook_outbox`)
		if err := row.Scan(&all, &b.GivenUp, store.TimeInto(&b.Oldest)); err != nil {
			return err
		}
		b.Waiting = all - b.GivenUp
		return nil
	})
	return b, err
}
