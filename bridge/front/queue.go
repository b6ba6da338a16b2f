package front

import (
	"context"
	"errors"
	"math/rand/v2"
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

// wait is until a request may be worked on, and how long that was. done is called when it was. One that cannot be done before its deadline,
// by what requests took of late, is refused at once.
func (c *crowd) wait(ctx context.Context, caller string, request takes) (waited time.Duration, err error) {
	c.mu.Lock()
	own := c.callers[caller]
	if c.isFree(own) {
		c.begin(own)
		c.mu.Unlock()
		return 0, nil
	}
	came := time.Now()
	w := &waiter{own: own, takes: request.away(), turn: make(chan error, 1)}
	if end, ok := ctx.Deadline(); ok && c.expected(w)+c.spent > time.Until(end) {
		defer c.mu.Unlock()
		return 0, c.late(own)
	}
	c.waiting = append(c.waiting, w)
	c.mu.Unlock()
	select {
	case err = <-w.turn:
	case <-ctx.Done():
		err = c.giveUp(ctx, w)
	}
	return time.Since(came), err
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
	return c.late(w.own)
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

// displace has the last of those that wait, and take nothing away, give way to a request that does; it says whether there was one.
func (c *crowd) displace(request takes, limit string, among func(*waiter) bool) bool {
	for _, w := range slices.Backward(c.waiting) {
		if !w.takes && among(w) {
			if !request.away() {
				return false
			}
			c.remove(w)
			w.turn <- c.crowded(w.own, limit)
			return true
		}
	}
	return false
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

// longestWait bounds what a client is told to wait, before it is spread.
const longestWait = 30 * time.Second

// crowded refuses a request that is one too many.
func (c *crowd) crowded(own *crowded, limit string) error {
	return c.refuse(own, exceeded(reason.Crowded, limit, c.each))
}

// late refuses one that would come to its turn, or came, when its time is over.
func (c *crowd) late(own *crowded) error {
	return c.refuse(own, exceeded(reason.Crowded, "worked on, of one caller, limits.working", c.work))
}

// refuse tells each to come back at another time, when those that wait now should have been done.
func (c *crowd) refuse(own *crowded, detail string) error {
	after := min(max(c.expected(&waiter{own: own}), time.Second), longestWait)
	return &reason.Error{Reason: reason.Crowded, Detail: detail, RetryAfter: after + rand.N(after)}
}
