package journal

import (
	"context"
	"database/sql"
	"log/slog"
	"testing"
	"time"

	"scimbridge/bridge/store/storetest"
)

// TestClocksOfCopies: what is asked for by time is found whatever clock the copy had that did it: copies that share a database have its
// time, and their records the order in which they came.
func TestClocksOfCopies(t *testing.T) {
	s := storetest.Open(t, storetest.Postgres(t))
	began, err := s.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	began = began.Add(-time.Minute) // it is known no better than by a way to the database and back, which may take its time
	var order []ID
	for _, wrong := range []time.Duration{24 * time.Hour, -24 * time.Hour, 0} {
		var told Event
		now := func() time.Time { return time.Now().Add(wrong) }
		l, err := openAt(s, Options{}, slog.New(slog.DiscardHandler), now, s.Clock(now), func(_ context.Context, _ *sql.Tx, e Event) error {
			told = e
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		write(t, l, 1)
		if d := told.Time.Sub(began); d < 0 || d > time.Hour {
			t.Errorf("an observer is told of %v", told.Time)
		}
		order = append(order, ID{l.own.Load(), 1})
		l.Shut()
	}
	var found []ID
	if err := Find(t.Context(), s, Query{Since: began, Until: began.Add(time.Hour)}, func(a Account) error {
		found = append(found, a.ID)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(found) != 3 || found[0] != order[0] || found[1] != order[1] || found[2] != order[2] {
		t.Errorf("%v is found of %v", found, order)
	}
	if got := faults(t, s); got != "" {
		t.Error(got)
	}
	sqlite := storetest.Open(t, storetest.SQLite(t))
	early := func() time.Time { return time.Unix(7, 0) }
	if c := sqlite.Clock(early); c.Now() != early() || c.At(time.Unix(8, 0)) != time.Unix(8, 0) {
		t.Error("a file has another clock than its machine")
	}
}
