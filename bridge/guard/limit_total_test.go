package guard

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestTotalsThatAge: what was counted once holds until it is counted anew, which is asked for beside the writes; after an attempt in vain
// it is not asked for at once again.
func TestTotalsThatAge(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Of: "20%"})
		asked := 0
		l.CountBy(func(string) { asked++ })
		if err := l.Know(t.Context(), "User", 60); err != nil {
			t.Fatal(err)
		}
		for n, step := range []struct {
			later time.Duration
			fails bool // the count that is asked for
			asks  bool
		}{
			{later: time.Hour},
			{later: totalAge, asks: true},
			{later: 2 * time.Hour, asks: true, fails: true},
			{later: countAgain / 2}, // of the same hour: these are past the twelve
			{later: 2 * time.Hour, asks: true},
		} {
			l.later(step.later)
			asked = 0
			for user := range 12 {
				l.passes(t, "User", blocking(fmt.Sprint(user)), ldif.Done)
			}
			if (asked > 0) != step.asks {
				t.Errorf("step %d: asked %d times", n, asked)
			}
			if step.fails {
				if err := l.KnowPart(t.Context(), "User", 3); err != nil {
					t.Fatal(err)
				}
			}
		}
		if h := l.held(t, "User", blocking("last"), reason.Held); h.Hold.Why != "User: more than 12 blocked within 1h (20% of 60)" {
			t.Error(h.Hold.Why)
		}
	})
}

// TestLimitsSetBack: a clock that was set back, by which what was done last is yet to come, neither keeps a total from being counted anew
// nor a hold from being told again.
func TestLimitsSetBack(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Of: "20%"})
		asked := 0
		l.CountBy(func(string) { asked++ })
		if err := l.Know(t.Context(), "User", 60); err != nil {
			t.Fatal(err)
		}
		if err := l.KnowPart(t.Context(), "User", 3); err != nil {
			t.Fatal(err)
		}
		l.later(-2 * totalAge)
		for user := range 12 {
			l.passes(t, "User", blocking(fmt.Sprint(user)), ldif.Done)
		}
		if asked == 0 {
			t.Error("nobody is asked to count")
		}
		first := l.held(t, "User", blocking("last"), reason.Held)
		l.later(-2 * time.Hour)
		if again := l.held(t, "User", blocking("last"), reason.Held); !first.Tell || !again.Tell {
			t.Errorf("it is told %t, and again %t", first.Tell, again.Tell)
		}
	})
}

// TestNeverCounted: where nobody could count to the end, no write fails for that: `most` bounds, or a share of those that were seen, past
// which an operator decides.
func TestNeverCounted(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Of: "20%"}, Limit{Effect: "deleted", Most: 30, Of: "20%"})
		for _, seen := range []int{60, 7} { // the most that was seen
			if err := l.KnowPart(t.Context(), "User", seen); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 30 {
			l.passes(t, "User", doing(fmt.Sprint("gone", n), ldif.Effect{Kind: ldif.Deleted}), ldif.Done)
		}
		h := l.held(t, "User", doing("gone", ldif.Effect{Kind: ldif.Deleted}), reason.Held)
		if h.Hold.Why != "User: more than 30 deleted within 1h" {
			t.Error(h.Hold.Why)
		}
		for n := range 12 {
			l.passes(t, "User", blocking(fmt.Sprint(n)), ldif.Done)
		}
		h = l.held(t, "User", blocking("last"), reason.Held)
		if why := "User: more than 12 blocked within 1h (20% of at least 60: they could"; !strings.HasPrefix(h.Hold.Why, why) {
			t.Error(h.Hold.Why)
		}
		if _, err := l.holds.Approve(t.Context(), h.Hold.ID, Any, l.now().Add(time.Hour), "admin", l.now()); err != nil {
			t.Fatal(err)
		}
		l.passes(t, "User", blocking("last"), ldif.Done)
		if err := l.Know(t.Context(), "User", 100); err != nil {
			t.Fatal(err)
		}
		l.later(2 * time.Hour)
		for n := range 20 {
			l.passes(t, "User", blocking(fmt.Sprint(n)), ldif.Done)
		}
		l.held(t, "User", blocking("last"), reason.Held)
	})
}
