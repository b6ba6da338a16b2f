package guard

import (
	"testing"
	"time"

	"scimbridge/bridge/reason"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestLimitsAcrossClocks: copies that share a database count by its time, whatever clocks they have.
func TestLimitsAcrossClocks(t *testing.T) {
	o := storetest.Postgres(t)
	var copies []*limited
	for _, wrong := range []time.Duration{0, -24 * time.Hour, 24 * time.Hour} {
		s := storetest.Open(t, o)
		l := limit(t, s, nil, Limit{Effect: "blocked", Most: 3})
		clock := s.Clock(func() time.Time { return time.Now().Add(wrong) })
		l.Limiter.now, l.keep = clock.Now, clock.Keep
		copies = append(copies, l)
	}
	for i, l := range copies {
		l.passes(t, "User", blocking([]string{"anna", "bo", "mara"}[i]), ldif.Done)
	}
	for _, l := range copies {
		l.held(t, "User", blocking("noor"), reason.Held)
	}
}
