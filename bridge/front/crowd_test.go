package front

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
)

// why is the reason that nobody is let in for; None: somebody is.
func (c *crowd) why(caller string, now time.Time) reason.Reason {
	err := c.enter(caller, now, &incoming{})
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
		{enters: "c", want: reason.Full},
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

// TestCallersAreForgotten: tokens come and go, and of whom nothing counts any more nothing is kept; who still is held to a rate is.
func TestCallersAreForgotten(t *testing.T) {
	now := time.Now()
	for _, limits := range []bridge.Limits{{}, {Rate: 5}} {
		c := newCrowd(limits)
		spent := 0
		for c.why("spender", now) == reason.None {
			c.leave("spender")
			if spent++; spent == 50 {
				break
			}
		}
		c.why("stays", now)
		for n := range 10_000 {
			caller := strconv.Itoa(n)
			now = now.Add(500 * time.Microsecond)
			if c.why(caller, now) == reason.None {
				c.leave(caller)
			}
		}
		if len(c.callers) > 10*remembered {
			t.Errorf("rate %v: %d callers are known", limits.Rate, len(c.callers))
		}
		if c.callers["stays"] == nil || limits.Rate > 0 && c.callers["spender"] == nil {
			t.Errorf("rate %v: somebody is forgotten of whom something counts", limits.Rate)
		}
	}
	turns := newTurns(2 * light)
	for n := range 1_000 {
		done, err := turns.take(t.Context(), strconv.Itoa(n), 2*light)
		if err != nil {
			t.Fatal(err)
		}
		left, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := turns.take(left, strconv.Itoa(n), 2*light); err == nil {
			t.Fatal("there are two at once")
		}
		done()
	}
	if len(turns.callers) > 0 {
		t.Errorf("%d callers have bodies", len(turns.callers))
	}
}
