package directory

import (
	"context"
	"net"
)

// Reach says, as an *Error, that the directory is out of reach, for a health check. While a connection is open it asks nothing and goes by
// what requests have found; else one is opened, for all who ask meanwhile: a directory that went while nobody used it would pass for one
// that is there. Who does not wait for that does not end it: a bind whose answer nobody heard, again and again, locks the bridge's account
// where its password is wrong.
func (c *Client) Reach(caller context.Context) error {
	if why := c.breaker.story(); why != nil {
		return c.outOfReach(why)
	}
	if c.pool.connected() {
		return nil
	}
	select {
	case r := <-c.reaches.DoChan("", func() (any, error) { return nil, c.reach() }):
		return r.Err
	case <-caller.Done():
		return c.explain(&outage{cause: context.Cause(caller)}, nil)
	}
}

func (c *Client) reach() error {
	c.mu.Lock()
	if c.aside.Err() != nil {
		c.mu.Unlock()
		return c.explain(&outage{cause: net.ErrClosed}, nil)
	}
	c.refreshes.Add(1)
	c.mu.Unlock()
	defer c.refreshes.Done()
	ctx, cancel := context.WithTimeoutCause(c.aside, c.options.Timeout, errLate)
	defer cancel()
	return c.explain(c.breaker.run(func() error {
		k, err := c.pool.any(ctx)
		if err == nil {
			c.pool.put(k)
		}
		return excuse(c.aside, reads, err)
	}), nil)
}

// connected says whether a connection is open that the server did not end.
func (p *pool) connected() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.conns {
		if !k.ldap.IsClosing() {
			return true
		}
	}
	return false
}
