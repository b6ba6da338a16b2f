package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Each of several servers has a breaker of its own, which counts what speaks against that server and what it answers. A request goes over
// to the next server at the first outage; after as many in a row as open the breaker nothing is asked of the server any more, by no request
// and by no look, until its own probe has succeeded. The directory's breaker opens when none is left.

// breakServers gives each of several servers its breaker.
func (c *Client) breakServers() {
	p := c.pool
	if len(p.dialer.servers) == 1 {
		return
	}
	for server, a := range p.dialer.servers {
		log := c.log.With("place", server+1, "url", a.url)
		knock := func(ctx context.Context) error { return c.knockAt(ctx, server) }
		attempt := func(ctx context.Context) error { return c.probeAt(ctx, server) }
		b := newBreaker(c.options.Breaker, log, knock, attempt, p.dialer.looks[server].renewed)
		b.one, b.rests = true, c.BreakerOpen // it looks for all of them
		p.breakers = append(p.breakers, b)
	}
	c.breaker.enough = func(int) bool { return !slices.ContainsFunc(p.breakers, (*breaker).closed) }
}

// knockAt asks a server for a sign of life. The error is an *outage.
func (c *Client) knockAt(ctx context.Context, server int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.options.Timeout, errLate)
	defer cancel()
	err := c.pool.dialer.ask(ctx, server)
	if _, down := errors.AsType[*outage](err); down {
		return err
	}
	return nil
}

// probeAt is a look at a server by which its breaker closes. The error is an *outage.
func (c *Client) probeAt(ctx context.Context, server int) error {
	k, err := c.look(ctx, server)
	if ctx.Err() == nil {
		c.pool.met(server, err)
	}
	if err != nil {
		return asOutage(err)
	}
	k.close()
	return nil
}

// look connects to a server beside the one in use, binds, and asks for an answer.
func (c *Client) look(ctx context.Context, server int) (*conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.options.Timeout, errLate)
	defer cancel()
	d := c.pool.dialer
	own := d.looks[server]
	if why := own.spared(); why != nil {
		return nil, why
	}
	k, err := d.dialWith(ctx, server, own)
	if err != nil {
		return nil, err
	}
	if _, err = exchange(ctx, k, reads, readRootDSE(ctx, d.options.Timeout)); err == nil {
		_, err = c.pool.reached(ctx, k)
	}
	if err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

// against counts an outage of a server, which is left when that opens its breaker.
func (p *pool) against(server int, why error) {
	if p.breakers == nil {
		return
	}
	b := p.breakers[server]
	if !b.closed() {
		return
	}
	b.against(asOutage(why))
	if b.closed() {
		return
	}
	p.met(server, why)
	if p.serving(server) && p.others(server) {
		p.fail(server, why)
	}
}

// answered says that a server has answered.
func (p *pool) answered(server int) {
	if p.breakers != nil {
		p.breakers[server].answered()
	}
}

// waited is the outage of who was lent no connection. Where our whole timeout was not enough for that, no server could be reached in it.
func (p *pool) waited(ctx context.Context, why error) *outage {
	o := &outage{cause: why}
	for server := range p.breakers {
		p.late(ctx, server, o)
	}
	return o
}

// late counts an outage of a server that could not be reached within our whole timeout.
func (p *pool) late(ctx context.Context, server int, why error) {
	if errors.Is(context.Cause(ctx), errLate) {
		p.against(server, why)
	}
}

// others says whether another server may be asked.
func (p *pool) others(than int) bool {
	for server, b := range p.breakers {
		if server != than && b.closed() {
			return true
		}
	}
	return false
}

// allowed are those of the servers that may be asked, last those that do not answer writes.
func (p *pool) allowed(order []int) []int {
	if p.breakers == nil {
		return order
	}
	var able, hung []int
	for _, server := range order {
		switch {
		case !p.breakers[server].closed():
		case p.hangs(server):
			hung = append(hung, server)
		default:
			able = append(able, server)
		}
	}
	return append(able, hung...)
}

// stories say why the servers that are not among these were not asked.
func (p *pool) stories(asked []int) (why []error) {
	for server, b := range p.breakers {
		if !slices.Contains(asked, server) {
			why = append(why, fmt.Errorf("%s: %w", p.dialer.servers[server].url, cmp.Or(b.story(), errLeft)))
		}
	}
	return why
}

var errLeft = errors.New("its circuit breaker was open")

// within is the context of an operation for a caller: it ends by errLate when our timeout has passed, or with the caller.
func (c *Client) within(caller context.Context) (context.Context, context.CancelFunc) {
	if end, ok := caller.Deadline(); ok && time.Until(end) < c.options.Timeout {
		caller = context.WithValue(caller, hasteKey{}, true)
	}
	return context.WithTimeoutCause(caller, c.options.Timeout, errLate)
}

type hasteKey struct{}

// hasty says that a caller gives less time than our timeout: it says nothing against a server to take longer.
func hasty(ctx context.Context) bool { return ctx.Value(hasteKey{}) != nil }
