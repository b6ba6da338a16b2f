package directory

import (
	"maps"
	"slices"
)

// Succeed takes over from the client whose place it is to take what the servers refused of the bridge's own account, where both are of the
// same: a wrong password is not offered the more often. It begins with the server that was in use. Whether the servers can be reached it
// finds out by itself: its options may be what was wrong. It is to be called before it is used.
func (c *Client) Succeed(before *Client) {
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
	own, old := &c.pool.dialer.credential, &before.pool.dialer.credential
	old.mu.Lock()
	defer old.mu.Unlock()
	own.refused, own.wrong, own.last = maps.Clone(old.refused), old.wrong, old.last
}
