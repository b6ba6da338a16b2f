package webhook

import (
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// TestSeenLate: a copy's last sign of life counts from when it was surely seen, and not from when the store was asked, which takes its
// time: it may have been given meanwhile, and what that copy sends is on its way for a lease from then.
func TestSeenLate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		s := storetest.Open(t, o)
		if err := s.Migrate(t.Context(), "webhook", migrations); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		clock := func() time.Time { return now }
		first, second := newLeader(s, clock), newLeader(s, clock)
		second.now = func() time.Time { // until the store has answered
			asked := now
			now = now.Add(4 * time.Second)
			second.now = clock
			return asked
		}
		if until, err := first.leads(t.Context()); err != nil || until.IsZero() {
			t.Fatal(until, err)
		}
		if until, err := second.leads(t.Context()); err != nil || !until.IsZero() {
			t.Fatal(until, err)
		}
		for _, c := range []struct {
			after time.Duration
			leads bool
		}{{lease - time.Second, false}, {time.Second, true}} {
			now = now.Add(c.after)
			second.next = time.Time{}
			if until, err := second.leads(t.Context()); err != nil || until.IsZero() == c.leads {
				t.Errorf("%v later it leads until %v, %v", c.after, until, err)
			}
		}
	})
}
