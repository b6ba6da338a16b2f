package front

import (
	"cmp"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
)

// burst is how many seconds' worth of requests a caller may send at once, before the rate holds.
const burst = 10

// crowd bounds how many requests there are: of one caller at a time and in a second, and of all callers at a time, so that each gets
// through beside another. It is safe for concurrent use.
type crowd struct {
	each int        // requests of one caller at a time; of all twice as many
	rate rate.Limit // 0: any

	mu      sync.Mutex
	all     int
	callers map[string]*crowded
}

// crowded is a caller's part.
type crowded struct {
	underway int
	rate     *rate.Limiter // nil: any
}

func newCrowd(l bridge.Limits) *crowd {
	return &crowd{each: cmp.Or(l.Requests, bridge.DefaultRequests), rate: rate.Limit(l.Rate), callers: map[string]*crowded{}}
}

// enter lets a request in, or says why not. Each that is let in leaves.
func (c *crowd) enter(caller string, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	own := c.callers[caller]
	if own == nil {
		own = &crowded{}
		if c.rate > 0 {
			own.rate = rate.NewLimiter(c.rate, burst*int(c.rate))
		}
		c.callers[caller] = own
	}
	switch {
	case own.rate != nil && !own.rate.AllowN(now, 1):
		return refuse(reason.TooFast, "")
	case own.underway == c.each || c.all == 2*c.each:
		return refuse(reason.Crowded, "")
	}
	own.underway++
	c.all++
	return nil
}

func (c *crowd) leave(caller string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.callers[caller].underway--
	c.all--
}
