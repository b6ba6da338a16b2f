package journal

import (
	"context"
	"database/sql"
	"time"

	"scimbridge/bridge/store"
)

// follow is how long nobody looks whether there are new records.
const follow = time.Second

// Follow calls each with every record that matches as it is closed, and every refusal, until ctx ends. A writer's records come to the store
// in the order of their numbers, so none is missed whatever the clocks say. Limit does not count. What comes from then on that begun is
// called is among them.
func Follow(ctx context.Context, s *store.Store, q Query, begun func() error, each func(Account) error) error {
	known, err := lastOf(ctx, s)
	if err == nil {
		err = begun()
	}
	if err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(follow):
		}
		now, err := lastOf(ctx, s)
		if err != nil {
			return err
		}
		for writer, last := range now {
			for from := known[writer]; from < last; {
				to := min(last, from+pageSize)
				if err := closed(ctx, s, q, ID{writer, from}, to, each); err != nil {
					return err
				}
				from = to
			}
		}
		known = now
	}
}

// lastOf is the number of each writer's last record.
func lastOf(ctx context.Context, s *store.Store) (last map[int64]int64, err error) {
	return last, s.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		last = map[int64]int64{}
		rows, err := tx.QueryContext(ctx, `SELECT w.writer,
			(SELECT COALESCE(MAX(r.seq), 0) FROM journal_records r WHERE r.writer = w.writer) FROM journal_writers w`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var writer, seq int64
			if err := rows.Scan(&writer, &seq); err != nil {
				return err
			}
			last[writer] = seq
		}
		return rows.Err()
	})
}

// closed calls each with what a writer closed or refused behind a record of its own, up to another.
func closed(ctx context.Context, s *store.Store, q Query, from ID, to int64, each func(Account) error) error {
	q.after, q.to = from, to
	q.Limit, q.Newest = 0, false
	return Find(ctx, s, q, each)
}
