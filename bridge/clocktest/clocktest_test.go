package clocktest

import (
	"testing"
	"time"
)

func TestTurned(t *testing.T) {
	now := time.Now()
	for _, by := range []time.Duration{time.Hour, -time.Hour, 0} {
		later := Turned(now, by)
		if later.Sub(now) != 0 || later.UnixNano()-now.UnixNano() != int64(by) || later.Add(time.Second).Sub(now) != time.Second {
			t.Errorf("%s: %s after %s is %s", by, later, now, later.Sub(now))
		}
		if of := now.Round(0); Turned(of, by).Sub(of) != by {
			t.Errorf("%s: %s is turned to %s", by, of, Turned(of, by))
		}
	}
}
