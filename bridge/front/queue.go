package front

import (
	"context"
	"errors"
	"slices"
	"time"

	"scimbridge/bridge/reason"
)

// waiter is a request that waits to be worked on.
type waiter struct {
	own   *crowded
	takes bool       // something away: see takes
	turn  chan error // nil: it has come; or why it does not
}

// Waiting is how many requests wait for their turn.
func (s *Server) Waiting() int {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	return len(s.crowd.waiting)
}

// wait is until a request may be worked on, and how long that was. done is called when it was.
func (c *crowd) wait(ctx context.Context, caller string, r request) (waited time.Duration, err error) {
	came := time.Now()
	w, err := c.line(ctx, caller, r)
	if w == nil {
		return 0, err
	}
	select {
	case err = <-w.turn:
	case <-ctx.Done():
		err = c.giveUp(ctx, w)
	}
	return time.Since(came), err
}

// line has a request begin where there is room, or else stand in line. One that cannot be done before its deadline, by what requests took
// of late, is refused at once.
func (c *crowd) line(ctx context.Context, caller string, r request) (*waiter, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	own := c.callers[caller] // which has a request under way, and is not forgotten
	takes := !c.isFree(own) && c.away(r)
	if c.isFree(own) {
		c.begin(own)
		return nil, nil
	}
	w := &waiter{own: own, takes: takes, turn: make(chan error, 1)}
	if end, ok := ctx.Deadline(); ok && c.expected(w)+c.spent > time.Until(end) {
		return nil, c.refuse(own, reason.Late)
	}
	c.waiting = append(c.waiting, w)
	return w, nil
}

// giveUp is for a request whose deadline has passed, or whose client left, while it waited.
func (c *crowd) giveUp(ctx context.Context, w *waiter) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.remove(w) { // its turn came, or went, in the same moment
		return <-w.turn
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return c.refuse(w.own, reason.Late)
}

// done is the end of the work on a request, which took so long. Where the directory is away by then nobody waits any more.
func (c *crowd) done(caller string, took time.Duration, away bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.callers[caller].working--
	c.working--
	c.spent += (took - c.spent) / recent
	c.next(away)
}

// recent is how many requests it takes for their time to count more than that of those before.
const recent = 16

func (c *crowd) isFree(own *crowded) bool { return own.working < c.work && c.working < 2*c.work }

func (c *crowd) begin(own *crowded) {
	own.working++
	c.working++
}

// next has those begin for whom there is room, or all: first who takes something away, then whose caller has the fewest, then who came
// first.
func (c *crowd) next(all bool) {
	for {
		var first *waiter
		for _, w := range c.waiting {
			switch {
			case !all && !c.isFree(w.own):
			case first == nil, w.takes && !first.takes, w.takes == first.takes && w.own.working < first.own.working:
				first = w
			}
		}
		if first == nil {
			return
		}
		c.remove(first)
		c.begin(first.own)
		first.turn <- nil
	}
}

// remove says whether it still waited.
func (c *crowd) remove(w *waiter) bool {
	i := slices.Index(c.waiting, w)
	if i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
	}
	return i >= 0
}

// expected is how long a request would wait, by what requests took of late.
func (c *crowd) expected(w *waiter) time.Duration {
	its, all := 0, 0
	for _, other := range c.waiting {
		if w.takes && !other.takes {
			continue
		}
		if all++; other.own == w.own {
			its++
		}
	}
	return max(c.spent*time.Duration(its)/time.Duration(c.work), c.spent*time.Duration(all)/time.Duration(2*c.work))
}

// longestWait bounds what a client is told to wait at least.
const longestWait = 30 * time.Second

// refuse tells to come back when those that wait now should have been done.
func (c *crowd) refuse(own *crowded, why reason.Reason) error {
	limit, most := "limits.requests", c.each
	switch why {
	case reason.Full:
		limit = "twice limits.requests"
	case reason.Late:
		limit, most = "limits.working", c.work
	}
	after := min(max(c.expected(&waiter{own: own}), time.Second), longestWait)
	return &reason.Error{Reason: why, Detail: exceeded(why, limit, most), RetryAfter: after}
}
