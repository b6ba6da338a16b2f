package directory

import (
	"context"
	"fmt"
	"time"
)

// Of several servers one is in use, the first that could be reached when the one before it failed. The others are looked at beside the
// requests, and an earlier one that has been well for a while is gone back to: when no write is under way, and once it surely has all that
// the one in use has got. So nobody has to be told, and who goes back need not: where a server does not tell what it has got, the one in
// use is kept.

// health is how a server was when it was met last.
type health struct {
	met bool
	why error // it is down; nil: it is up
}

// met says how a server was met.
func (p *pool) met(server int, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(server, why)
}

// tell is met, for who holds p.mu.
func (p *pool) tell(server int, why error) {
	was := p.health[server]
	p.health[server] = health{met: true, why: why}
	if len(p.health) == 1 {
		return
	}
	switch url := p.dialer.servers[server].url; {
	case why != nil && (!was.met || was.why == nil):
		p.log.Warn("directory: a server is down", "place", server+1, "url", url, "error", why)
	case why == nil && was.why != nil:
		p.log.Info("directory: a server is up again", "place", server+1, "url", url)
	}
}

// refuses says that a server takes no changes, which no look finds out.
func (p *pool) refuses(server int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readOnly[server] = true
}

// lookPause is between looks at a server, or a part of directory.failover.back where that is short.
const lookPause = 15 * time.Second

// watcher looks at the servers that are not in use.
type watcher struct {
	*Client
	since    []time.Time // since when each has been well; zero: it is not
	vain     []int       // times that each was gone back to, and failed soon
	returned time.Time   // when one was gone back to that has yet to prove itself
	to       int         // that one; -1: none
	trips    int         // of the breaker, when it was looked last
	told     bool        // that nobody can tell whether another has got all
}

// watch looks until the bridge ends.
func (c *Client) watch() {
	n := len(c.pool.dialer.servers)
	w := watcher{Client: c, since: make([]time.Time, n), vain: make([]int, n), to: -1}
	ticks := time.NewTicker(min(lookPause, c.options.Failover.Back/2))
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			w.round()
		case <-c.aside.Done():
			return
		}
	}
}

// round looks at each server once, and goes back to the first that has been well for long enough.
func (w *watcher) round() {
	p := w.pool
	p.mu.Lock()
	current, refused := p.current, p.refused
	p.mu.Unlock()
	w.proves(current)
	if tripped := w.tripped(); tripped || current < 0 || refused != nil {
		clear(w.since) // nobody knows how they were meanwhile
		return
	}
	w.since[current] = time.Time{}
	for server := range p.dialer.servers {
		if server == current {
			continue
		}
		if !p.breakers[server].closed() { // it looks by itself
			w.since[server] = time.Time{}
			continue
		}
		k, err := w.look(w.aside, server)
		if err != nil && w.aside.Err() != nil {
			return
		}
		p.met(server, err)
		if err != nil {
			p.against(server, err)
			w.since[server] = time.Time{}
			continue
		}
		p.answered(server)
		if w.since[server].IsZero() {
			w.since[server] = time.Now()
		}
		if server < current && !w.options.Failover.Stay && time.Since(w.since[server]) >= w.patience(server) && w.goBack(current, k) {
			return
		}
		k.close()
	}
}

// tripped says whether the breaker is open, or was since the last round.
func (w *watcher) tripped() bool {
	w.breaker.mu.Lock()
	defer w.breaker.mu.Unlock()
	was := w.trips
	w.trips = w.breaker.trips
	return w.trips != was || !w.breaker.since.IsZero()
}

// patience is how long a server must have been well.
func (w *watcher) patience(server int) time.Duration {
	p := w.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	patience, most := w.options.Failover.Back, max(maxBack, w.options.Failover.Back)
	if p.readOnly[server] {
		return most
	}
	for range w.vain[server] {
		patience = min(2*patience, most)
	}
	return patience
}

// proves keeps account of the server that was gone back to last.
func (w *watcher) proves(current int) {
	if w.to < 0 {
		return
	}
	stood := time.Since(w.returned) >= w.patience(w.to)
	switch {
	case stood:
		w.vain[w.to] = 0
	case current != w.to:
		w.vain[w.to]++
	default:
		return
	}
	w.to = -1
}

// goBackWithin is how long writes are held up at most.
const goBackWithin = time.Second

// goBack takes a server into use in the place of another that serves, by a connection to it, and says whether it did.
func (w *watcher) goBack(from int, k *conn) bool {
	if !w.canCatchUp(from, k) { // as it may never: nobody is held up for that
		return false
	}
	p := w.pool
	url := p.dialer.servers[k.server].url
	ctx, cancel := context.WithTimeout(w.aside, w.options.Timeout)
	defer cancel()
	select {
	case p.dialing <- struct{}{}:
		defer func() { <-p.dialing }()
	case <-ctx.Done():
		return false
	}
	w.since[k.server] = time.Time{} // in vain, it must be well as long again
	if !p.hold(from) {
		return false
	}
	defer p.release()
	ctx, cancel = context.WithTimeoutCause(ctx, goBackWithin, errLagging)
	defer cancel()
	for !p.atRest() {
		select {
		case <-time.After(catchPause / 4):
		case <-ctx.Done():
			return false
		}
	}
	got, err := w.catchesUp(ctx, from, k)
	if err != nil || got == nil || !p.serving(from) {
		return false
	}
	w.log.Info("directory: going back", "url", url, "from", p.dialer.servers[from].url)
	if _, err := p.adopt(ctx, candidate{conn: k, got: got, how: caughtUp}); err != nil {
		return false
	}
	p.put(k)
	w.to, w.returned = k.server, time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readOnly[k.server], p.hung[k.server] = false, 0
	return true
}

// canCatchUp says whether a server has got, a while after it was asked for, all that the one in use had.
func (w *watcher) canCatchUp(from int, k *conn) bool {
	ctx, cancel := context.WithTimeoutCause(w.aside, w.options.Timeout, errLagging)
	defer cancel()
	url := w.pool.dialer.servers[k.server].url
	got, err := w.catchesUp(ctx, from, k)
	switch {
	case err != nil:
		w.log.Debug("directory: an earlier server is not gone back to", "url", url, "error", err)
	case got == nil && !w.told:
		w.told = true
		w.log.Warn("directory: an earlier server is well and not gone back to: it does not tell whether it has got all", "url", url)
	}
	return got != nil
}

// catchesUp waits until a server has got all that the one in use has. It is nil where that cannot be told.
func (w *watcher) catchesUp(ctx context.Context, from int, k *conn) (reached, error) {
	p := w.pool
	url := p.dialer.servers[from].url
	want := p.horizon.enough(url)
	if want == nil {
		writes := p.horizon.count()
		want = p.reachedAt(ctx, url)
		if want == nil || !p.horizon.tells(url, writes, want) {
			return nil, nil
		}
	}
	for {
		got, err := p.reached(ctx, k)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", p.dialer.servers[k.server].url, err)
		case got == nil || got.covers(want):
			return got, nil
		}
		select {
		case <-time.After(catchPause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// hold keeps writes from beginning while a server is in use.
func (p *pool) hold(server int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != server || p.ended {
		return false
	}
	p.held = make(chan struct{})
	return true
}

func (p *pool) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.held)
	p.held = nil
}

// atRest says whether no write is under way.
func (p *pool) atRest() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.writers == 0
}

func (p *pool) serving(server int) bool { return p.server() == server }
