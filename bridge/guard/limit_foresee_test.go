package guard

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestLimitsForesee: what is foreseen is what a limit would do, counts for nothing, opens no hold and tells nobody of one.
func TestLimitsForesee(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		opened := 0
		watch := func(context.Context, *sql.Tx, Hold) error { opened++; return nil }
		l := limit(t, s, []Watch{watch}, Limit{Effect: "blocked", Most: 1})
		for range 3 {
			if err := l.Foresee(t.Context(), "User", blocking("u1"), nil); err != nil {
				t.Fatal(err)
			}
		}
		l.passes(t, "User", blocking("u2"), ldif.Done)
		for range 2 {
			held, is := errors.AsType[*Held](l.Foresee(t.Context(), "User", blocking("u3"), nil))
			if !is || !held.First || held.Reason() != reason.Held {
				t.Errorf("%+v", held)
			}
		}
		if holds, err := l.holds.List(t.Context(), true, l.now()); err != nil || len(holds) > 0 || opened > 0 {
			t.Errorf("%d were told of %+v, %v", opened, holds, err)
		}
		if got := l.Counts("User", blocking("u3")); len(got) != 1 || got[0] != "blocked" {
			t.Errorf("%q", got)
		}
		l.held(t, "User", blocking("u3"), reason.Held)
	})
}

// TestForeseeingHasNothingCounted: what is only foreseen has no total renewed in the store, which a plan that is to run has.
func TestForeseeingHasNothingCounted(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Of: "20%"})
		asked := 0
		l.CountBy(func(string) { asked++ })
		if err := l.Know(t.Context(), "User", 60); err != nil {
			t.Fatal(err)
		}
		l.later(2 * totalAge)
		for user := range 11 {
			l.passes(t, "User", blocking(fmt.Sprint(user)), ldif.Done)
		}
		asked = 0
		if err := l.Foresee(t.Context(), "User", blocking("last"), nil); err != nil || asked > 0 {
			t.Errorf("asked %d times, %v", asked, err)
		}
		if l.passes(t, "User", blocking("last"), ldif.Done); asked == 0 {
			t.Error("a total that is old is not renewed")
		}
	})
}

// TestForeseeingManyPlans: what was foreseen before counts for what is foreseen next, and the kind of write that is held once is held from
// then on. Nothing of it is in the store.
func TestForeseeingManyPlans(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Of: "20%"})
		l.passes(t, "User", blocking("u0"), ldif.Done)
		var ahead Ahead
		foresee := func(user string) error {
			plan := blocking(user)
			err := l.Foresee(t.Context(), "User", plan, &ahead)
			if err == nil {
				receipt := ldif.NewReceipt(plan)
				for n, step := range plan.Steps {
					receipt.Steps[n] = ldif.StepReceipt{Sent: step.Change, State: ldif.Done}
				}
				ahead.Did("User", receipt)
			}
			return err
		}
		for n := range 9 {
			if err := foresee(fmt.Sprint("v", n)); err != nil {
				t.Fatal(n, err)
			}
		}
		if _, is := errors.AsType[*TotalNeeded](foresee("w")); !is {
			t.Fatal("a share of ten needs no total")
		}
		ahead.Know("User", 55)
		for _, user := range []string{"w", "v3", "u0"} { // the eleventh, and two that count already
			if err := foresee(user); err != nil {
				t.Error(user, err)
			}
		}
		if held, is := errors.AsType[*Held](foresee("x")); !is || held.Hold.Why == "" {
			t.Error("a twelfth passes")
		}
		if _, is := errors.AsType[*Held](foresee("v3")); !is {
			t.Error("what counts already passes a hold")
		}
		if held := ahead.Held(); len(held) != 1 {
			t.Errorf("%+v", held)
		}
		for _, user := range []string{"y", "z"} {
			l.passes(t, "User", blocking(user), ldif.Done)
		}
	})
}
