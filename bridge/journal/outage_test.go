package journal

import (
	"context"
	"database/sql"
	"slices"
	"sync"
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// held has a ledger do something while the store cannot be written, and then shuts it.
func held(t *testing.T, goesOn bool, do func(l *Ledger)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, o store.Options) {
		o.Timeout = 2 * time.Minute
		holder := storetest.Open(t, o)
		o.Timeout = time.Second
		l := newClock().ledger(t, storetest.Open(t, o))
		first, err := l.Begin(t.Context(), Intent{Caller: "entra"}, nil)
		for isAway(err) { // on a slow machine
			first, err = l.Begin(t.Context(), Intent{Caller: "entra"}, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		<-first.Close(Done{})
		l.goesOn.Store(goesOn)
		if err := holder.Write(t.Context(), func(_ context.Context, tx *sql.Tx) error {
			if holder.Dialect() == store.Postgres {
				if _, err := tx.Exec("LOCK TABLE journal_records IN ACCESS EXCLUSIVE MODE"); err != nil {
					return err
				}
			}
			do(l)
			return nil
		}); err != nil {
			t.Error(err)
		}
		l.Shut()
		if n := count(t, holder, "journal_records WHERE kind = 'receipt' AND of_seq = 0"); n > 0 {
			t.Errorf("%d receipts are of nothing", n)
		}
		const of = "journal_records WHERE kind = "
		intents, receipts := count(t, holder, of+"'intent'"), count(t, holder, of+"'receipt'")
		if intents != receipts || goesOn == (intents == 1) {
			t.Errorf("%d intents, %d receipts", intents, receipts)
		}
	})
}

// TestSet: what becomes of writes while the journal cannot be written is what was said last, and of refusals as of writes.
func TestSet(t *testing.T) {
	held(t, true, func(l *Ledger) {
		l.Set(Options{})
		if _, err := l.Begin(t.Context(), Intent{Caller: "entra"}, nil); !isAway(err) {
			t.Errorf("it goes on: %v", err)
		}
		if l.refusing().GoesOn() {
			t.Error("refusals go on")
		}
		l.Set(Options{OnFailure: Continue})
		e, err := l.Begin(t.Context(), Intent{Caller: "entra"}, nil)
		if err != nil {
			t.Error(err)
			return
		}
		e.Close(Done{})
	})
}

// Whoever waits while the store cannot be written is told so, also where more wait than one transaction takes, and nobody comes after them.
func TestAllAreTold(t *testing.T) {
	held(t, false, func(l *Ledger) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var all sync.WaitGroup
		for range 4 * together {
			all.Go(func() {
				if _, err := l.Begin(ctx, Intent{Caller: "entra"}, nil); !isAway(err) {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

// What could not be written is written in its order: an intent before what became of it, however many wait.
func TestWhatWaitsKeepsItsOrder(t *testing.T) {
	held(t, true, func(l *Ledger) {
		var entries []*Entry
		for range 5 * together {
			e, err := l.Begin(t.Context(), Intent{Caller: "entra"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, e)
		}
		for waits := true; waits; time.Sleep(time.Millisecond) { // until all of it was tried
			l.mu.Lock()
			waits = len(l.queue) > 0
			l.mu.Unlock()
		}
		for _, e := range slices.Backward(entries) {
			<-e.Close(Done{})
		}
	})
}

// Who was told that a record is kept looks at that whenever he comes to it: what tries again to write it leaves that alone.
func TestKeptForGood(t *testing.T) {
	l := Ledger{settings: &settings{}}
	l.goesOn.Store(true)
	o := &op{done: make(chan error, 1)}
	var tries sync.WaitGroup
	tries.Go(func() {
		for range 2 {
			if waits := l.keep([]*op{o}, &store.Error{Kind: store.Away}); len(waits) != 1 {
				t.Error("it is not kept")
			}
		}
	})
	if err := <-o.done; !isAway(err) || !o.kept {
		t.Errorf("told %v, kept: %t", err, o.kept)
	}
	tries.Wait()
}
