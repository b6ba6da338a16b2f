package front

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
)

// burst is how many seconds' worth of requests a caller may send at once, before the rate holds.
const burst = 10

// remembered is how many callers may be known before those are forgotten of whom nothing counts any more: tokens come and go.
const remembered = 64

// crowd bounds how many requests there are: of one caller at a time and in a second, and of all callers at a time, so that each gets
// through beside another; and how many of these are worked on, while the others wait (queue.go). It is safe for concurrent use.
type crowd struct {
	each int        // requests of one caller at a time; of all twice as many
	work int        // of these, that are worked on; so
	rate rate.Limit // 0: any

	mu      sync.Mutex
	all     int
	working int
	waiting []*waiter     // as they came
	spent   time.Duration // on a request of late
	callers map[string]*crowded
}

// crowded is a caller's part.
type crowded struct {
	underway int
	working  int
	rate     *rate.Limiter // nil: any
}

func newCrowd(l bridge.Limits) *crowd {
	c := &crowd{callers: map[string]*crowded{}}
	c.limit(l)
	return c
}

// limit has other limits hold from now on. Of what callers have sent so far nothing is forgotten where there was a rate.
func (c *crowd) limit(l bridge.Limits) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.each, c.work = cmp.Or(l.Requests, bridge.DefaultRequests), cmp.Or(l.Working, bridge.DefaultWorking)
	c.next(false)
	if c.rate == rate.Limit(l.Rate) {
		return
	}
	c.rate = rate.Limit(l.Rate)
	for _, own := range c.callers {
		own.pace(c.rate)
	}
}

// pace holds a caller to a rate; 0: to none.
func (own *crowded) pace(r rate.Limit) {
	switch {
	case r == 0:
		own.rate = nil
	case own.rate == nil:
		own.rate = rate.NewLimiter(r, burst*int(r))
	default:
		own.rate.SetLimit(r)
		own.rate.SetBurst(burst * int(r))
	}
}

// enter lets a request in, or says why not. Where there are as many as there may be, one that takes something away is let in for one that
// waits. Each that is let in leaves.
func (c *crowd) enter(caller string, now time.Time, r request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	own := c.known(caller, now)
	if own.rate != nil && !own.rate.AllowN(now, 1) {
		return refuse(reason.TooFast, exceeded(reason.TooFast, "limits.rate", c.rate))
	}
	why, last := c.full(own)
	if last != nil {
		takes := c.away(r)
		own = c.known(caller, now)
		if why, last = c.full(own); !takes {
			last = nil
		}
	}
	switch {
	case last != nil:
		c.remove(last)
		last.turn <- c.refuse(last.own, why)
	case why != reason.None:
		return c.refuse(own, why)
	}
	own.underway++
	c.all++
	return nil
}

// known is the part of a caller, who may be a new one.
func (c *crowd) known(caller string, now time.Time) *crowded {
	own := c.callers[caller]
	if own == nil {
		c.sweep(now)
		own = &crowded{}
		own.pace(c.rate)
		c.callers[caller] = own
	}
	return own
}

// full is why no more of a caller's requests are let in, None where there is room, and who gives way to one that takes something away: the
// last of those that wait and take nothing, of the caller's where it has too many; nil: nobody.
func (c *crowd) full(own *crowded) (why reason.Reason, last *waiter) {
	switch {
	case own.underway >= c.each:
		why = reason.Crowded
	case c.all >= 2*c.each:
		why = reason.Full
	default:
		return reason.None, nil
	}
	for _, w := range slices.Backward(c.waiting) {
		if !w.takes && (why == reason.Full || w.own == own) {
			return why, w
		}
	}
	return why, nil
}

// away asks a request whether it takes something away, without the lock: its body is read for that. All may be otherwise afterwards.
func (c *crowd) away(r request) bool {
	c.mu.Unlock()
	defer c.mu.Lock()
	return r.away()
}

// sweep forgets who would be let in as one who was never here.
func (c *crowd) sweep(now time.Time) {
	if len(c.callers) < remembered {
		return
	}
	maps.DeleteFunc(c.callers, func(_ string, own *crowded) bool {
		return own.underway == 0 && (own.rate == nil || own.rate.TokensAt(now) >= float64(own.rate.Burst()))
	})
}

func (c *crowd) leave(caller string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.callers[caller].underway--
	c.all--
}
