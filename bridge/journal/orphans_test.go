package journal

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// clock is a time that a test turns.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Now().UnixMicro())
	return c
}

func (c *clock) now() time.Time        { return time.UnixMicro(c.at.Load()) }
func (c *clock) turn(by time.Duration) { c.at.Add(by.Microseconds()) }
func (c *clock) ledger(t *testing.T, s *store.Store) *Ledger {
	t.Helper()
	l, err := openAt(s, Options{Lease: time.Hour}, slog.New(slog.DiscardHandler), c.now, store.NewClock(c.now))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// begin records an intent that stays open.
func begin(t *testing.T, l *Ledger) *Entry {
	t.Helper()
	plan := ldif.Plan{Steps: []ldif.Step{{Change: ldif.Change{Kind: ldif.Delete, DN: "uid=x"}}}}
	e, err := l.Begin(t.Context(), Intent{RequestID: "r", Operation: "delete", Plan: plan}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// What a copy that lives has open is its own, however long it takes; of one that says nothing for as long as a lease it is looked up, and
// closed once.
func TestAdoptNobodyWhoLives(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		c := newClock()
		first, second := c.ledger(t, s), c.ledger(t, s)
		defer first.Shut()
		open := begin(t, first)
		begin(t, second)
		looked := 0
		known := map[int64]silent{}
		adopt := func() {
			t.Helper()
			if err := second.adopt(t.Context(), known, func(_ context.Context, i Intent, _ []Other) (Done, error) {
				looked++
				return Done{Receipt: ldif.NewReceipt(i.Plan)}, nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		adopt()
		for range 5 {
			c.turn(40 * time.Minute)
			begin(t, first).Close(Done{}) // with a sign of life
			begin(t, first)
			adopt()
		}
		if looked != 0 {
			t.Fatalf("%d intents of a living copy are looked up", looked)
		}
		for range 3 {
			c.turn(40 * time.Minute)
			adopt()
		}
		if looked != 6 {
			t.Errorf("%d intents are looked up", looked)
		}
		if a, err := Get(t.Context(), s, open.ID()); err != nil || a.Done == nil || !a.Done.Found {
			t.Errorf("%+v, %v", a, err)
		}
		if _, err := Verify(t.Context(), s, nil, func(f Fault) { t.Error(f) }); err != nil {
			t.Error(err)
		}
		second.Shut()

		// What another that has shut left open is looked up too.
		third := c.ledger(t, s)
		defer third.Shut()
		looked = 0
		for range 3 {
			if err := third.adopt(t.Context(), known, func(_ context.Context, i Intent, _ []Other) (Done, error) {
				looked++
				return Done{Receipt: ldif.NewReceipt(i.Plan)}, nil
			}); err != nil {
				t.Fatal(err)
			}
			c.turn(40 * time.Minute)
		}
		if looked != 1 {
			t.Errorf("%d intents are looked up of who has shut", looked)
		}
	})
}

// What cannot be found out of one intent keeps back neither what else its writer left open nor what others did. It is looked up again.
func TestAdoptTheOthers(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	c := newClock()
	first, second, third := c.ledger(t, s), c.ledger(t, s), c.ledger(t, s)
	defer third.Shut()
	lost := begin(t, first)
	c.turn(time.Second)
	for _, l := range []*Ledger{first, second} {
		begin(t, l)
		l.Shut()
	}
	known := map[int64]silent{}
	broken, told := true, 0
	for round, want := range []int{0, 2, 3, 3} {
		err := third.adopt(t.Context(), known, func(_ context.Context, i Intent, _ []Other) (Done, error) {
			if broken && i.Time.Equal(lost.intent.Time) {
				return Done{}, errTold
			}
			told++
			return Done{Receipt: ldif.NewReceipt(i.Plan)}, nil
		})
		if (err != nil) != (round == 1) || told != want {
			t.Errorf("round %d: %d are told of, want %d: %v", round, told, want, err)
		}
		broken = round == 0
		c.turn(40 * time.Minute)
		begin(t, third).Close(Done{})
		if round == 0 {
			c.turn(40 * time.Minute)
		}
	}
}
