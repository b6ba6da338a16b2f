package guard

import (
	"fmt"
	"testing"
	"time"

	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestLimitsSeeOthers: what is known from one transaction to the next is none the less what others count too, and what a clock that was set
// back has come about again.
func TestLimitsSeeOthers(t *testing.T) {
	for name, open := range map[string]func(*testing.T, *store.Store, store.Options) *store.Store{
		"another program": func(t *testing.T, _ *store.Store, o store.Options) *store.Store { return storetest.Open(t, o) },
		"another site":    func(_ *testing.T, s *store.Store, _ store.Options) *store.Store { return s },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, o store.Options) {
				s := storetest.Open(t, o)
				most := Limit{Effect: "blocked", Most: 4}
				both := []*limited{limit(t, s, nil, most), limit(t, open(t, s, o), nil, most)}
				for n := range 4 {
					both[n%2].passes(t, "User", blocking(fmt.Sprint("u", n)), ldif.Done)
				}
				for _, l := range both {
					l.held(t, "User", blocking("one too many"), reason.Held)
				}
			})
		})
	}
}

// TestLimitsWithClockSetBack: what had gone by counts again.
func TestLimitsWithClockSetBack(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Most: 4}, Limit{Effect: "deleted", Most: 4, Within: 24 * time.Hour})
		pass := func(names ...string) {
			for _, name := range names {
				l.passes(t, "User", blocking(name), ldif.Done)
			}
		}
		pass("a", "b", "c")
		l.later(2 * time.Hour)
		pass("d", "e")
		l.later(-2 * time.Hour)
		l.held(t, "User", blocking("f"), reason.Held)
	})
}
