package bridge

import (
	"testing"
	"time"

	"scimbridge/bridge/clocktest"
)

// TestTurnedClock: how long places of lists and half-made groups are remembered is measured, and not read off the time of day.
func TestTurnedClock(t *testing.T) {
	var c clocktest.Clock
	var waited time.Duration // on top of what the test takes
	now := func() time.Time { return c.Now().Add(waited) }
	s, u := newSnapshots(now), newUnfinished(now)
	at, half := s.keep("a", nil), asked{typ: "Group", caller: "entra"}
	u.note(half, "1", 0)
	for _, by := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		if c.Turn(by); !s.has(at) || u.left(half).id == "" {
			t.Errorf("%s: forgotten", by)
		}
	}
	waited = unfinishedLife + time.Minute
	if s.has(at) || u.left(half).id != "" {
		t.Error("kept beyond their time by a clock that was set back")
	}
}
