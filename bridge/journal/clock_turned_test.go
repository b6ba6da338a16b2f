package journal

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/clocktest"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestTurnedClock: a clock that is set forward or back by two leases makes nobody who lives dead, and nobody who is dead live on.
func TestTurnedClock(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		var c clocktest.Clock
		var waited time.Duration // on top of what the test takes
		ledger := func(now func() time.Time) *Ledger {
			l, err := openAt(s, Options{Lease: time.Hour}, slog.New(slog.DiscardHandler), now, s.Clock(now))
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		lives := ledger(time.Now)
		defer lives.Shut()
		begin(t, lives)
		looks := ledger(func() time.Time { return c.Now().Add(waited) })
		defer looks.Shut()
		looked := 0
		known := map[int64]silent{}
		adopt := func() int {
			t.Helper()
			if err := looks.adopt(t.Context(), known, func(_ context.Context, i Intent, _ []Other) (Done, error) {
				looked++
				return Done{Receipt: ldif.NewReceipt(i.Plan)}, nil
			}); err != nil {
				t.Fatal(err)
			}
			return looked
		}
		adopt()
		for _, by := range []time.Duration{2 * time.Hour, -2 * time.Hour, 0} {
			if c.Turn(by); adopt() != 0 {
				t.Fatalf("%s: an intent of a living copy is looked up", by)
			}
		}
		waited = time.Hour
		if c.Turn(-2 * time.Hour); adopt() != 1 {
			t.Error("what is silent for a lease is waited for by a clock that was set back")
		}
	})
}

// TestSeenLate: what a copy said last counts from when it was surely seen, and not from when the store was asked, which takes its time.
func TestSeenLate(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		lives, err := openAt(s, Options{Lease: time.Hour}, slog.New(slog.DiscardHandler), time.Now, s.Clock(time.Now))
		if err != nil {
			t.Fatal(err)
		}
		defer lives.Shut()
		begin(t, lives)
		var waited, takes atomic.Int64
		looks, err := openAt(s, Options{Lease: time.Hour}, slog.New(slog.DiscardHandler), func() time.Time {
			asked := time.Now().Add(time.Duration(waited.Load()))
			waited.Add(takes.Swap(0))
			return asked
		}, s.Clock(time.Now))
		if err != nil {
			t.Fatal(err)
		}
		defer looks.Shut()
		known, looked := map[int64]silent{}, 0
		for _, c := range []struct {
			after, takes time.Duration
			dead         int
		}{{0, 40 * time.Minute, 0}, {30 * time.Minute, 0, 0}, {30 * time.Minute, 0, 1}} {
			waited.Add(int64(c.after))
			takes.Store(int64(c.takes))
			if err := looks.adopt(t.Context(), known, func(_ context.Context, i Intent, _ []Other) (Done, error) {
				looked++
				return Done{Receipt: ldif.NewReceipt(i.Plan)}, nil
			}); err != nil {
				t.Fatal(err)
			}
			if looked != c.dead {
				t.Errorf("%v later %d intents are looked up", c.after, looked)
			}
		}
	})
}
