package webhook

import (
	"context"
	"database/sql"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// TestEarlierOutbox: what an earlier version put off, which did not note when it was tried, is sent at once: its clock may have been wrong.
func TestEarlierOutbox(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		s := storetest.Open(t, o)
		earlier := fstest.MapFS{}
		for _, name := range []string{"001_outbox.sqlite.sql", "001_outbox.postgres.sql", "002_sender.sql"} {
			content, err := fs.ReadFile(migrations, "migrations/"+name)
			if err != nil {
				t.Fatal(err)
			}
			earlier[name] = &fstest.MapFile{Data: content}
		}
		if err := s.Migrate(t.Context(), "webhook", earlier); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO webhook_outbox
				(message, resource, writer, seq, created, due, attempts, failure, given_up) VALUES ('m', 'r', 1, 1, $1, $2, 1, '', 0)`,
				now.UnixMicro(), now.Add(time.Hour).UnixMicro())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		later := storetest.Open(t, o)
		if err := later.Migrate(t.Context(), "webhook", migrations); err != nil {
			t.Fatal(err)
		}
		sender := newSender(&Hook{store: later, now: time.Now})
		if due, err := sender.due(t.Context(), now, 1); err != nil || len(due) != 1 {
			t.Errorf("%v is due, %v", due, err)
		}
	})
}
