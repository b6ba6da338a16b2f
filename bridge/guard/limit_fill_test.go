package guard

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestFills: how full a limit is is what its own judgement goes by: each entry once, within the time, and of a share what that comes to.
func TestFills(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil,
			Limit{Effect: "blocked", Most: 3}, Limit{Effect: "blocked", Most: 50, Within: 24 * time.Hour},
			Limit{Effect: "deleted", Type: "User", Of: "20%"}, Limit{Effect: "deleted", Type: "Group", Off: true},
			Limit{Effect: "membersRemoved", Off: true}, Limit{Effect: "renamed", Most: 40, Of: "10%"}, Limit{Effect: "moved", Off: true},
		)
		fills := func(want ...Fill) {
			t.Helper()
			got, err := l.Fills(t.Context())
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		}
		fills(
			Fill{"Group", "blocked", "1h", 0, 3}, Fill{"Group", "blocked", "24h", 0, 50}, Fill{"Group", "renamed", "1h", 0, 40},
			Fill{"User", "blocked", "1h", 0, 3}, Fill{"User", "blocked", "24h", 0, 50}, Fill{"User", "deleted", "1h", 0, 10},
			Fill{"User", "renamed", "1h", 0, 40},
		)
		for _, name := range []string{"anna", "bo", "anna"} {
			l.passes(t, "User", blocking(name), ldif.Done)
		}
		l.passes(t, "User", blocking("carl"), ldif.Refused)
		l.later(2 * time.Hour)
		l.passes(t, "User", blocking("dora"), ldif.Done)
		if err := l.Know(t.Context(), "User", 200); err != nil {
			t.Fatal(err)
		}
		fills(
			Fill{"Group", "blocked", "1h", 0, 3}, Fill{"Group", "blocked", "24h", 0, 50}, Fill{"Group", "renamed", "1h", 0, 40},
			Fill{"User", "blocked", "1h", 1, 3}, Fill{"User", "blocked", "24h", 3, 50}, Fill{"User", "deleted", "1h", 0, 40},
			Fill{"User", "renamed", "1h", 0, 20},
		)
	})
}
