package bridge_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/reason"
)

// leavers are so many users, and what deletes the next of them.
func (a accounting) leavers(t *testing.T, n int) (next func(context.Context) error) {
	t.Helper()
	var users []string
	for n := range n {
		users = append(users, a.user(t, fmt.Sprint("u", n)))
	}
	return func(ctx context.Context) error {
		_, err := a.Delete(ctx, bridge.Call{}, "User", users[0])
		users = users[1:]
		return err
	}
}

// TestTotalThatCannotBeCounted: a directory that cannot be counted, or not in time, makes no write fail: past ten an operator may let them
// pass, and where the limit says `most`, that bounds.
func TestTotalThatCannotBeCounted(t *testing.T) {
	for name, c := range map[string]struct {
		fault memdir.Fault
		most  int
		time  time.Duration
		held  string
	}{
		"refused":            {memdir.Fault{Code: 3, Text: "too long"}, 0, time.Minute, "hold approve 1 "},
		"no answer in time":  {memdir.Fault{}, 0, time.Nanosecond, "50% of at least 0"},
		"refused, with most": {memdir.Fault{Code: 50, Text: "no"}, 12, time.Minute, "more than 12 deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			bridge.CountFor(c.time)
			defer bridge.CountFor(5 * time.Minute)
			a, _ := buildLimited(t, guard.Limit{Effect: "deleted", Of: "50%", Most: c.most})
			next := a.leavers(t, 14)
			for range 10 {
				if err := next(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			a.faults(map[string]memdir.Fault{"search 2": c.fault}) // behind those that find who it is, and who refers to him
			var err error
			for n := 10; n < max(10, c.most) && err == nil; n++ {
				err = next(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			isHeld(t, next(t.Context()), c.held)
		})
	}
}

// over is a context whose time is over when its channel is closed.
type over struct {
	context.Context
	done chan struct{}
}

func (o over) Done() <-chan struct{} { return o.done }

func (o over) Err() error {
	select {
	case <-o.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// TestCountingTakesItsTime: whose request is over before the first count is told so, and the count goes on: the same request passes later.
func TestCountingTakesItsTime(t *testing.T) {
	a, _ := buildLimited(t, guard.Limit{Effect: "deleted", Of: "50%"})
	next := a.leavers(t, 32)
	for range 10 {
		if err := next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, counted := over{t.Context(), make(chan struct{})}, make(chan struct{})
	var searches atomic.Int32
	a.server.Mem.Fault(func(op, _ string) memdir.Fault {
		if op != "search" || searches.Add(1) != 3 {
			return memdir.Fault{}
		}
		close(ctx.done)
		return memdir.Fault{Until: counted}
	})
	f := bridge.Explain(next(ctx))
	if f.Reason != reason.Deadline || f.RetryAfter == 0 || !strings.Contains(f.Detail, "is being counted") {
		t.Errorf("%+v", f)
	}
	close(counted)
	if err := next(t.Context()); err != nil { // which waits for the count
		t.Error(err)
	}
}
