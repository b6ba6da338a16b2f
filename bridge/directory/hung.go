package directory

import (
	"context"
	"errors"
	"time"
)

// A server may leave writes without an answer while it answers what is read, which says nothing of them: its database is locked, its disk
// hangs. After as many in a row as open a breaker it is left for another, as one that takes no changes. Where there is no other, no write
// is sent for a while: each would wait for our whole timeout, and hold a thread of the server's, until none is left for what is read. Those
// that were sent are listened to meanwhile: the first answer, however late, says that writes may go on, and one tries where their
// connections end.

var errHung = errors.New("the server leaves writes without an answer")

// isShed says that a write was not sent for that.
func isShed(err error) bool { return errors.Is(err, errHung) }

// written says that a server has answered a write.
func (c *Client) written(server int) {
	p := c.pool
	p.mu.Lock()
	hung := p.hung[server]
	p.hung[server] = 0
	p.mu.Unlock()
	if hung >= c.options.Breaker.Failures && p.serving(server) && c.unwritable.Swap(nil) != nil {
		c.log.Info("directory: the server answers writes again", "url", p.dialer.servers[server].url)
	}
}

// unwritten counts the writes in a row that a server leaves without an answer.
func (c *Client) unwritten(server int, why *outage) {
	p := c.pool
	p.mu.Lock()
	p.hung[server]++
	hung := p.hung[server]
	p.mu.Unlock()
	switch {
	case !p.serving(server) || !p.hangs(server):
	case p.others(server):
		p.leaves(server, why)
	default:
		now := time.Now()
		c.unwritable.Store(&now)
		if hung == c.options.Breaker.Failures {
			c.log.Error("directory: the server leaves writes without an answer, and is sent none for now",
				"url", p.dialer.servers[server].url, "in_a_row", hung)
		}
	}
}

// listen waits a while for the answer to a write that did not come in time. Where the connection ends instead, the server may have been
// started again, and a write is tried.
func (c *Client) listen(k *conn, o *outage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.aside.Err() != nil {
		return
	}
	c.pool.lend(k)
	came, waits := make(chan struct{}), make(chan struct{})
	o.came, o.waits = came, waits
	c.refreshes.Go(func() {
		defer c.pool.put(k)
		defer close(waits)
		enough := time.AfterFunc(max(unwritableFor, 2*c.options.Timeout), k.close)
		answered := o.answered()
		switch within := enough.Stop(); {
		case answered:
			c.written(k.server)
			close(came)
		case within && c.pool.hangs(k.server) && c.pool.serving(k.server):
			c.unwritable.Store(nil)
		}
	})
}

// Late waits, once more as long as before, for the answer to a change that a server which lives did not give in time, and says whether it
// is late still: the change may be done yet.
func (c *Client) Late(ctx context.Context, err error) bool {
	e, _ := errors.AsType[*Error](err)
	if e == nil || e.late == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	select {
	case <-e.late:
		return false
	case <-ctx.Done():
		return true
	}
}

// IsLate says that the answer to a change that a server which lives did not give in time is waited for still: the change may be done at any
// time.
func IsLate(err error) bool {
	e, _ := errors.AsType[*Error](err)
	if e == nil || e.waits == nil {
		return false
	}
	select {
	case <-e.waits:
		return false
	default:
		return true
	}
}

// sheds says that a server is sent no write for now. After unwritableFor one tries.
func (c *Client) sheds(server int) bool {
	if !c.pool.hangs(server) || c.pool.others(server) {
		return false
	}
	last, now := c.unwritable.Load(), time.Now()
	return last != nil && now.Sub(*last) <= unwritableFor || !c.unwritable.CompareAndSwap(last, &now)
}

// leaves goes over to a server that may answer writes. Where none is known to, the others may have come to since.
func (p *pool) leaves(server int, why *outage) {
	able := false
	for other, b := range p.breakers {
		able = able || b.closed() && !p.hangs(other)
	}
	if !able {
		p.mu.Lock()
		hung := p.hung[server]
		clear(p.hung)
		p.hung[server] = hung
		p.mu.Unlock()
	}
	p.refuses(server)
	p.fail(server, why)
}

// hangs says that a server does not answer writes.
func (p *pool) hangs(server int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hung[server] >= p.dialer.options.Breaker.Failures
}
