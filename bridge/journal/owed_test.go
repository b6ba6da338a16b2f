package journal

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestOwed: a look that is owed is inherited once, of a writer that has ended or died, and not of one that lives; until somebody could take
// it over it stays; what is paid, or of a record that is gone, is owed no more.
func TestOwed(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		c := newClock()
		first, second := c.ledger(t, s), c.ledger(t, s)
		defer second.Shut()
		begin(t, second).Close(Done{}) // which gives it a number
		var owed []*Entry
		for range 3 {
			e := begin(t, first)
			if err := <-e.Close(Done{Receipt: ldif.NewReceipt(e.intent.Plan)}); err != nil {
				t.Fatal(err)
			}
			if err := first.Owe(t.Context(), e.ID()); err != nil {
				t.Fatal(err)
			}
			owed = append(owed, e)
		}
		inherits := func(fault error, want ...ID) {
			t.Helper()
			var told []ID
			err := second.takeOver(t.Context(), func(_ context.Context, a Account) (bool, error) {
				told = append(told, a.ID)
				return a.ID != owed[1].ID(), fault
			})
			if !errors.Is(err, fault) || !slices.Equal(told, want) {
				t.Errorf("inherited %v, want %v: %v", told, want, err)
			}
		}
		inherits(nil)
		if err := first.Pay(t.Context(), owed[0].ID()); err != nil {
			t.Fatal(err)
		}
		first.Shut()
		inherits(context.Canceled, owed[1].ID(), owed[2].ID()) // the one keeps back no other
		inherits(nil, owed[1].ID(), owed[2].ID())
		inherits(nil)
		if err := second.owe(t.Context(), ID{first.own.Load(), 1000}, first.own.Load()); err != nil { // which was cut
			t.Fatal(err)
		}
		inherits(nil)
		left := 0
		if err := s.Read().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM journal_owed").Scan(&left); err != nil || left != 1 {
			t.Errorf("%d are owed, want one: %v", left, err)
		}

		third := c.ledger(t, s) // and dies
		lost := begin(t, third)
		third.Shut()
		known := map[int64]silent{}
		for range 3 {
			if err := second.adopt(t.Context(), known, func(_ context.Context, i Intent, _ []Other) (Done, error) {
				return Done{Receipt: ldif.NewReceipt(i.Plan), Owes: true}, nil
			}); err != nil {
				t.Fatal(err)
			}
			c.turn(40 * time.Minute)
			begin(t, second).Close(Done{})
		}
		inherits(nil, lost.ID())
	})
}
