package journal

import (
	"context"
	"runtime"
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestAdopterDies: whoever is killed while he looks up what others left open keeps nothing open. Another goes on where he was, with what he
// left open himself, however often that happens.
func TestAdopterDies(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		const each = 3
		var all []ID
		leaves := func(c *clock) *Ledger { // who has his own clock gives no sign of life once it stands still
			l := c.ledger(t, s)
			for range each {
				all = append(all, begin(t, l).ID())
			}
			return l
		}
		leaves(newClock())
		// Each adopter closes one, and dies at the next while the directory is asked; or before he has closed any.
		for _, closes := range []int{1, 0, 2} {
			c := newClock()
			l := leaves(c)
			ended, known := make(chan struct{}), map[int64]silent{}
			closed := 0
			go func() {
				defer close(ended)
				look := func(_ context.Context, i Intent, _ []Other) (Done, error) {
					if closed == closes {
						runtime.Goexit() // the ledger is left as it is
					}
					closed++
					return Done{Receipt: ldif.NewReceipt(i.Plan)}, nil
				}
				for range 3 {
					if err := l.adopt(t.Context(), known, look); err != nil {
						t.Error(err)
					}
					c.turn(time.Hour)
					begin(t, l).Close(Done{}) // he lives
				}
				t.Error("he did not die")
			}()
			<-ended
			if n := stillOpen(t, s, all); n == 0 {
				t.Fatal("nothing is left open")
			}
		}
		left := stillOpen(t, s, all)
		c := newClock()
		l := c.ledger(t, s)
		defer l.Shut()
		known, looked := map[int64]silent{}, 0
		for range 3 {
			if err := l.adopt(t.Context(), known, func(_ context.Context, i Intent, _ []Other) (Done, error) {
				looked++
				return Done{Receipt: ldif.NewReceipt(i.Plan)}, nil
			}); err != nil {
				t.Fatal(err)
			}
			c.turn(time.Hour)
		}
		if n := stillOpen(t, s, all); n != 0 || looked != left || left != len(all)-3 {
			t.Errorf("of %d that were open %d were looked up, and %d are open still", left, looked, n)
		}
		for _, id := range all {
			receipts := 0
			row := s.Read().QueryRowContext(t.Context(),
				"SELECT COUNT(*) FROM journal_records WHERE kind = 'receipt' AND of_writer = $1 AND of_seq = $2", id.Writer, id.Seq)
			if err := row.Scan(&receipts); err != nil || receipts != 1 {
				t.Errorf("%s has %d receipts: %v", id, receipts, err)
			}
		}
		living := 0
		row := s.Read().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM journal_writers WHERE ended = 0 AND writer <> $1", l.own.Load())
		if err := row.Scan(&living); err != nil || living != 0 {
			t.Errorf("%d of those that died are not ended: %v", living, err)
		}
		if _, err := Verify(t.Context(), s, nil, func(f Fault) { t.Error(f) }); err != nil {
			t.Error(err)
		}
	})
}

// stillOpen is of how many of the intents nobody knows what became of them.
func stillOpen(t *testing.T, s *store.Store, all []ID) (n int) {
	t.Helper()
	for _, id := range all {
		a, err := Get(t.Context(), s, id)
		if err != nil {
			t.Fatal(err)
		}
		if a.Done == nil {
			n++
		}
	}
	return n
}
