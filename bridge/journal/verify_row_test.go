package journal

import (
	"context"
	"database/sql"
	"log/slog"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// refused has refusals recorded, the first of which is about mara, and mara forgotten.
func refused(t *testing.T, s *store.Store) {
	t.Helper()
	l, err := Open(s, Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Shut()
	for _, name := range []string{"mara", "noor"} {
		i := Intent{RequestID: "r-" + name, Caller: "entra", Operation: "create", Type: "User", Name: name}
		if err := <-l.Refuse(Refusal{Intent: i, Status: 400}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Forget(t.Context(), s, slog.New(slog.DiscardHandler), "mara", "dpo"); err != nil {
		t.Fatal(err)
	}
}

// after runs a statement past the bridge, and returns what is wrong with the journal then.
func after(t *testing.T, s *store.Store, statement string, arguments ...any) string {
	t.Helper()
	if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement, arguments...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return faults(t, s)
}

// TestVerifyWhatIsForgotten: what stays of a record that is forgotten is held by the chain: who it was, what he did, and how that ended.
func TestVerifyWhatIsForgotten(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		refused(t, s)
		if got := after(t, s, "UPDATE journal_records SET caller = caller"); got != "" {
			t.Fatal(got)
		}
		for column, value := range map[string]string{
			"caller": "somebody", "request": "another", "effects": ",deleted,", "outcome": string(Written),
		} {
			var was string
			row := s.Read().QueryRowContext(t.Context(), "SELECT "+column+" FROM journal_records WHERE writer = 1 AND seq = 1")
			if err := row.Scan(&was); err != nil {
				t.Fatal(err)
			}
			update := "UPDATE journal_records SET " + column + " = $1 WHERE writer = 1 AND seq = 1"
			if got := after(t, s, update, value); !strings.HasPrefix(got, "record 1-1: its hash is not") {
				t.Errorf("%s: %q", column, got)
			}
			if got := after(t, s, update, was); got != "" {
				t.Errorf("%s: %q", column, got)
			}
		}
	})
}

// TestVerifyEarlierRecords: records of an earlier version prove what they proved, and those that come behind them more.
func TestVerifyEarlierRecords(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		refused(t, s)
		var before hash
		var stored []byte
		if err := s.Read().QueryRowContext(t.Context(), "SELECT before FROM journal_writers WHERE writer = 1").Scan(&stored); err != nil {
			t.Fatal(err)
		}
		copy(before[:], stored)
		for seq := int64(1); seq <= 2; seq++ {
			r := earlierRow(t, s, seq)
			before = r.earlier(before)
			after(t, s, "UPDATE journal_records SET hash = $1 WHERE writer = 1 AND seq = $2", before[:], seq)
		}
		if got := after(t, s, "UPDATE journal_writers SET hash = $1 WHERE writer = 1", before[:]); got != "" {
			t.Error(got)
		}
		refused(t, s)
		for change, want := range map[string]string{
			"outcome = 'written' WHERE writer = 1 AND seq = 2": "record 1-2: the outcome",
			"time = time + 1 WHERE writer = 1 AND seq = 1":     "record 1-1: its hash",
		} {
			if got := after(t, s, "UPDATE journal_records SET "+change); !strings.Contains(got, want) {
				t.Error(got)
			}
		}
	})
}

func earlierRow(t *testing.T, s *store.Store, seq int64) *row {
	t.Helper()
	r := &row{id: ID{1, seq}}
	var at int64
	var digest []byte
	const query = "SELECT kind, time, of_writer, of_seq, digest FROM journal_records WHERE writer = 1 AND seq = $1"
	if err := s.Read().QueryRowContext(t.Context(), query, seq).Scan(&r.kind, &at, &r.of.Writer, &r.of.Seq, &digest); err != nil {
		t.Fatal(err)
	}
	r.time = time.UnixMicro(at)
	copy(r.digest[:], digest)
	return r
}
