package directory

import "context"

// Reach says, as an *Error, that the directory is out of reach, for a health check. While a connection is open it asks nothing and goes by
// what requests have found; else it opens one: a directory that went while nobody used it would pass for one that is there.
func (c *Client) Reach(caller context.Context) error {
	if c.breaker.closed() && c.pool.connected() {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(caller, c.options.Timeout, errLate)
	defer cancel()
	return c.explain(c.breaker.run(func() error {
		k, err := c.pool.any(ctx)
		if err == nil {
			c.pool.put(k)
		}
		return excuse(caller, reads, err)
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
