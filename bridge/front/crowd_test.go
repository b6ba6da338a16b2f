package front

import (
	"errors"
	"testing"
	"time"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
)

// why is the reason that nobody is let in for; None: somebody is.
func (c *crowd) why(caller string, now time.Time) reason.Reason {
	err := c.enter(caller, now)
	if refused, ok := errors.AsType[*reason.Error](err); ok {
		return refused.Reason
	}
	return reason.None
}

// TestCrowd: one caller does not keep out another, and all together do not become more than twice one.
func TestCrowd(t *testing.T) {
	c := newCrowd(bridge.Limits{Requests: 2})
	now := time.Now()
	for i, step := range []struct {
		enters, leaves string
		want           reason.Reason
	}{
		{enters: "a"},
		{enters: "a"},
		{enters: "a", want: reason.Crowded},
		{enters: "b"},
		{leaves: "a"},
		{enters: "a"},
		{enters: "b"},
		{enters: "c", want: reason.Crowded},
		{leaves: "b"},
		{enters: "c"},
	} {
		if step.leaves != "" {
			c.leave(step.leaves)
		} else if got := c.why(step.enters, now); got != step.want {
			t.Errorf("%d: %s: %v", i, step.enters, got)
		}
	}
}

// TestRate: a caller may send ten seconds' worth at once, and then so many a second; another has a rate of its own.
func TestRate(t *testing.T) {
	c := newCrowd(bridge.Limits{Rate: 5})
	now := time.Now()
	admitted := func(caller string) int {
		for n := 0; ; n++ {
			switch got := c.why(caller, now); got {
			case reason.None:
				c.leave(caller)
			case reason.TooFast:
				return n
			default:
				t.Fatal(got)
			}
		}
	}
	for _, step := range []struct {
		caller string
		after  time.Duration
		want   int
	}{
		{"a", 0, 50}, {"a", 0, 0}, {"b", 0, 50}, {"a", time.Second, 5}, {"a", 2 * time.Second, 10}, {"a", time.Hour, 50},
	} {
		now = now.Add(step.after)
		if n := admitted(step.caller); n != step.want {
			t.Errorf("%s after %v: %d, want %d", step.caller, step.after, n, step.want)
		}
	}
	unlimited := newCrowd(bridge.Limits{})
	for range 100_000 {
		if got := unlimited.why("a", now); got != reason.None {
			t.Fatal(got)
		}
		unlimited.leave("a")
	}
}
