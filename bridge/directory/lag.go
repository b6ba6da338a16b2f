package directory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// A server that others write to as well may be late to get what one of them has confirmed. The bridge goes over to another once that one
// has got what this copy had confirmed by the one before, as far as it tells what it has got (reached.go).

// horizon is what the server in use has confirmed to this copy, and how far it had got by then. It is safe for concurrent use.
type horizon struct {
	mu       sync.Mutex
	by       *ldif.Traits // how a server tells what it has got; nil: the product does not
	contexts []string     // naming contexts that it is asked of
	at       string       // URL of the server
	last     time.Time
	writes   int // confirmed by it, or perhaps done
	noted    int // of them, those that got tells of
	got      reached
	first    reached // what it had got when it came into use
	moves    bool    // got has been seen to change: one that came with a copy of another server's database stands still
	noting   bool
}

// caught is whether a server has got what another has confirmed.
type caught int

const (
	behind   caught = iota
	untold          // nobody can say
	caughtUp        // it has
)

// CaughtUp are the words of State.Switches.
var CaughtUp = []string{"no", "unknown", "yes"}

func (c caught) String() string { return CaughtUp[c] }

// several says that there is another server, or that DNS may tell of another.
func (p *pool) several() bool { return len(p.dialer.servers) > 1 || p.dialer.options.IsLocated() }

// wrote counts a write that a server has confirmed, or may have done, before anybody is told.
func (h *horizon) wrote(url string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at != url {
		h.start(url, nil)
	}
	h.last = time.Now()
	h.writes++
}

// start begins anew at another server, which has got so much.
func (h *horizon) start(url string, got reached) {
	h.at, h.writes, h.noted, h.got, h.first, h.moves = url, 0, 0, got, got, false
}

// serves says that a server comes into use, and what it has got of what another has confirmed, if any has.
func (h *horizon) serves(url string, how caught, got reached) (compared bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at == url {
		return false
	}
	compared = !h.last.IsZero()
	h.start(url, got)
	if how != caughtUp {
		h.last = time.Time{} // what it lacks may never come
	}
	return compared
}

// note keeps what the server got, which was asked for when so many writes had been confirmed.
func (h *horizon) note(url string, writes int, got reached) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at != url {
		return
	}
	if h.first == nil {
		h.first = got
	}
	h.moves = h.moves || !maps.Equal(got, h.first)
	h.got, h.noted = got, writes
}

// open says how many writes got is to tell of, and whether it does not yet.
func (h *horizon) open() (url string, writes int, open bool) {
	return h.at, h.writes, h.by != nil && h.at != "" && (h.noted < h.writes || h.first == nil)
}

// over says whether what was confirmed is so old that it counts as replicated where nobody tells.
func (h *horizon) over(lag time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Since(h.last) >= lag
}

// compare says whether a server that has got so much has what was confirmed.
func (h *horizon) compare(url string, got reached) caught {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch certain := h.got != nil && (h.moves || h.writes == 0); {
	case h.at == url, h.last.IsZero():
		return caughtUp
	case certain && got != nil && !got.covers(h.got):
		return behind
	case h.writes == 0 && h.got == nil:
		return untold
	case certain && got != nil && h.noted == h.writes:
		return caughtUp
	}
	return untold
}

// count is how many writes the server in use has confirmed.
func (h *horizon) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.writes
}

// tells is note, and says whether the server does tell by it what it has confirmed.
func (h *horizon) tells(url string, writes int, got reached) bool {
	h.note(url, writes, got)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at == url && (h.moves || h.writes == 0)
}

// enough is what another server must have got where a server counts, and it is known; nil: the server is to be asked.
func (h *horizon) enough(url string) reached {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.by == nil || !h.by.Reached.Counts || h.at != url || h.noted < h.writes || !h.moves && h.writes > 0 {
		return nil
	}
	return h.got
}

// notePause is between questions how far the server in use has got.
const notePause = 100 * time.Millisecond

// note asks how far the server in use has got, beside the requests: once for all that was written meanwhile.
func (c *Client) note() {
	h := c.pool.horizon
	c.mu.Lock()
	defer c.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, _, open := h.open(); !open || h.noting || c.aside.Err() != nil {
		return
	}
	h.noting = true
	c.refreshes.Go(func() {
		for c.noteOnce(c.aside) {
			select {
			case <-time.After(notePause):
			case <-c.aside.Done():
			}
		}
	})
}

// noteOnce says whether more may be open. An error leaves the rest to the next write.
func (c *Client) noteOnce(caller context.Context) (more bool) {
	p, h := c.pool, c.pool.horizon
	h.mu.Lock()
	url, writes, open := h.open()
	h.noting = open
	h.mu.Unlock()
	if !open {
		return false
	}
	ctx, cancel := context.WithTimeoutCause(caller, c.options.Timeout, errLate)
	defer cancel()
	if got := p.reachedAt(ctx, url); got != nil {
		h.note(url, writes, got)
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.noting = false
	return false
}

// candidate is a bound connection to a server that may come into use.
type candidate struct {
	*conn
	got reached
	how caught
}

// judge asks whether a candidate's server has got what was confirmed. The error is one of exchange.
func (p *pool) judge(ctx context.Context, k *conn) (candidate, error) {
	url := p.dialer.servers[k.server].url
	c := candidate{conn: k, how: caughtUp}
	if !p.several() || p.server() == k.server || p.horizon.compare(url, nil) == caughtUp && !p.writesBeside(k.server) {
		return c, nil
	}
	var err error
	c.got, err = p.reached(ctx, k)
	switch {
	case resultCode(err) == ldap.LDAPResultNoSuchObject:
		c.how = behind
		return c, nil
	case err != nil:
		return c, err
	case p.writesBeside(k.server): // the answer of the server before may yet come
		c.how = behind
	default:
		c.how = p.horizon.compare(url, c.got)
	}
	return c, nil
}

// catchPause is between looks whether a server has caught up.
const catchPause = 20 * time.Millisecond

var errLagging = errors.New("the server has yet to get what another has confirmed to the bridge (directory.failover.lag)")

// await waits for the first of the candidates that has caught up, as long as directory.failover.lag says and no longer: then it takes the
// first that there is. The error is an *outage.
func (p *pool) await(ctx context.Context, candidates []candidate) (candidate, error) {
	lag := p.dialer.options.Failover.Lag
	p.mu.Lock()
	if p.waiting.IsZero() {
		p.waiting = time.Now()
		p.log.Warn("directory: waiting for a server to get what another has confirmed", "url", p.dialer.servers[candidates[0].server].url,
			"at_most_ms", lag.Milliseconds())
	}
	since := p.waiting
	p.mu.Unlock()
	var fault error
	for {
		alive := 0
		for i, was := range candidates {
			c, err := p.judge(ctx, was.conn)
			if err != nil {
				fault = fmt.Errorf("%s: %w", p.dialer.servers[was.server].url, err)
				continue
			}
			alive++
			candidates[i] = c
			if c.how == caughtUp || c.how == untold && p.horizon.over(lag) || time.Since(since) >= lag {
				return c, nil
			}
		}
		if alive == 0 {
			return candidate{}, &outage{cause: fault, code: resultCode(fault)}
		}
		select {
		case <-time.After(catchPause):
		case <-ctx.Done():
			return candidate{}, p.waited(ctx, fmt.Errorf("%w: %w", errLagging, context.Cause(ctx)))
		}
	}
}

// taken says that a server came into use. Whoever calls it holds p.mu.
func (p *pool) taken(url string, c candidate) {
	if !p.horizon.serves(url, c.how, c.got) {
		return
	}
	p.switches[c.how]++
	switch c.how {
	case behind:
		p.log.Error("directory: writes may be missing: the server did not get in time what another had confirmed", "url", url,
			"waited_ms", p.dialer.options.Failover.Lag.Milliseconds())
	case untold:
		p.log.Error("directory: writes may be missing: it cannot be told whether the server has got what another had confirmed", "url", url,
			"waited_ms", p.dialer.options.Failover.Lag.Milliseconds())
	case caughtUp:
	}
}

// enter lets a write begin, or what goes one way, and waits while the bridge goes over to another server. counted: leave is to be called.
func (p *pool) enter(ctx context.Context, write bool) (counted bool, err error) {
	w, _ := ctx.Value(wayKey{}).(*way)
	if !p.several() || w == nil && !write {
		return false, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if w != nil && w.pool.Load() != nil {
		return false, nil // it has begun
	}
	for p.held != nil {
		held := p.held
		p.mu.Unlock()
		select {
		case <-held:
		case <-ctx.Done():
		}
		p.mu.Lock()
		if ctx.Err() != nil {
			return false, &outage{cause: context.Cause(ctx)}
		}
	}
	if w != nil && !w.pool.CompareAndSwap(nil, p) {
		return false, nil
	}
	p.writers++
	return w == nil, nil
}

func (p *pool) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writers--
}

// writesBeside says whether a write is under way at another server than this one.
func (p *pool) writesBeside(server int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k := range p.all {
		if k.server != server && k.writing > 0 {
			return true
		}
	}
	return false
}

// writes says that a write begins on a connection.
func (c *Client) writes(k *conn) { c.pool.writing(k, +1) }

// wrote says that it has ended, before anybody is told.
func (c *Client) wrote(k *conn, err error) {
	p := c.pool
	if !p.several() {
		return
	}
	if o, down := errors.AsType[*outage](err); err == nil || down && o.sent { // it may have been done
		p.horizon.wrote(p.dialer.servers[k.server].url)
		c.note()
	}
	p.writing(k, -1)
}

func (p *pool) writing(k *conn, more int) {
	if !p.several() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	k.writing += more
}
