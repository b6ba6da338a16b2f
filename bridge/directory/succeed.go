package directory

import (
	"maps"
	"slices"
)

// Succeed takes over from the client whose place it is to take what the servers refused of the bridge's own account, where both are of the
// same: a wrong password is not offered the more often. It begins with the server that was in use. Whether the servers can be reached it
// finds out by itself: its options may be what was wrong. It is to be called before it is used.
func (c *Client) Succeed(before *Client) {
	c.pool.mu.Lock()
	c.pool.horizon = before.pool.horizon // the one before may still be confirming
	c.pool.mu.Unlock()
	now, then := c.options, before.options
	if !slices.Equal(now.configured(), then.configured()) || now.Bind.DN != then.Bind.DN || now.Bind.External != then.Bind.External {
		return
	}
	before.pool.mu.Lock()
	c.pool.refused = before.pool.refused
	if current := before.pool.current; current >= 0 {
		c.pool.next = slices.Index(now.URLs, then.URLs[current])
	}
	before.pool.mu.Unlock()
	c.pool.dialer.credential.succeed(&before.pool.dialer.credential)
	for i, own := range c.pool.dialer.looks {
		if was := slices.Index(then.URLs, now.URLs[i]); was >= 0 {
			own.succeed(before.pool.dialer.looks[was])
		}
	}
}

func (c *credential) succeed(old *credential) {
	old.mu.Lock()
	defer old.mu.Unlock()
	c.refused, c.wrong, c.last, c.why = maps.Clone(old.refused), old.wrong, old.last, old.why
}
