package journal

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// What becomes of writes that are under way shares a transaction: half of four are waited for, and who is alone waits for nobody.
func TestGather(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		var ticks atomic.Int64 // each look at the clock takes a minute
		now := func() time.Time { return time.Unix(0, 0).Add(time.Duration(ticks.Add(1)) * time.Minute) }
		l, err := openAt(s, Options{}, slog.New(slog.DiscardHandler), now, store.NewClock(now))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Shut()
		l.patience = time.Hour
		begin := func() *Entry {
			e, err := l.Begin(t.Context(), Intent{Caller: "entra"}, nil)
			if err != nil {
				t.Error(err)
			}
			return e
		}
		entries := []*Entry{begin(), begin()} // neither waits: at most one other is under way
		var both sync.WaitGroup
		var mine sync.Mutex
		for range 2 { // two are under way, so two are waited for
			both.Go(func() {
				e := begin()
				mine.Lock()
				defer mine.Unlock()
				entries = append(entries, e)
			})
		}
		both.Wait()
		first := entries[0].Close(Done{})
		select {
		case <-first:
			t.Error("what became of one of four has a transaction of its own")
		case <-time.After(50 * time.Millisecond):
		}
		for _, told := range []<-chan error{
			entries[1].Close(Done{}), first, entries[2].Close(Done{}), entries[3].Close(Done{}), entries[3].Close(Done{}),
		} {
			if err := <-told; err != nil {
				t.Error(err)
			}
		}
		if l.underWay != 0 {
			t.Errorf("%d are under way at the end", l.underWay)
		}
	})
}

// A write whose intent is written after it is over, since the journal could not be written before, is waited for no more.
func TestGatherNobodyWhoIsOver(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := newClock().ledger(t, s)
		l.failing.Store(true) // nobody waits for what goes on all the same
		if err := s.Write(t.Context(), func(context.Context, *sql.Tx) error {
			e, err := l.Begin(t.Context(), Intent{Caller: "entra", Why: TakeBack}, nil)
			if err == nil {
				err = <-e.Close(Done{})
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		l.Shut()
		if n := count(t, s, "journal_records"); n != 2 || l.underWay != 0 {
			t.Errorf("%d records, and %d are under way at the end", n, l.underWay)
		}
	})
}
