package guard

import (
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestOtherBounds: where a limiter takes another's place, what was counted counts on, and what was under way is given back whatever the
// bounds are meanwhile.
func TestOtherBounds(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Most: 2})
		first, types := l.Limiter, []string{"User", "Group"}
		l.passes(t, "User", blocking("u1"), ldif.Done)
		underWay, err := l.begin(t.Context(), "User", blocking("u2"))
		if err != nil {
			t.Fatal(err)
		}
		l.Limiter = first.With(Options{Limits: []Limit{{Effect: "blocked", Off: true}}}, types)
		l.passes(t, "User", blocking("u3"), ldif.Done)
		if err := <-underWay.Close(journal.Done{Receipt: came(blocking("u2"), ldif.NotSent)}); err != nil {
			t.Error(err)
		}
		l.Limiter = first.With(Options{Limits: []Limit{{Effect: "blocked", Most: 2}}}, types)
		l.passes(t, "User", blocking("u4"), ldif.Done)
		l.held(t, "User", blocking("u5"), reason.Held)
	})
}
