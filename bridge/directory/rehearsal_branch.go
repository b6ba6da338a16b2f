package directory

import (
	"context"
	"slices"

	"scimbridge/ldapmap/ldif"
)

// branch is what a rehearsal asked the directory that is a branch of another.
type branch struct {
	client *Client // nil: it asked nothing
	asked  []asked
}

// asked is what the directory said to a search.
type asked struct {
	Search
	found  []string // DNs
	failed bool
}

// Branch is a rehearsal of what comes next, that knows nothing of this one: several may go on beside one another. number tells it apart
// from others, from 1 on.
func (p *Rehearsal) Branch(number int) *Rehearsal {
	return &Rehearsal{branch: &branch{}, made: branchFirst + int64(number)*branchSize}
}

// The ids of the entries that a branch makes are to be its own: it makes fewer than branchSize, and what is no branch fewer than
// branchFirst.
const (
	branchFirst int64 = 100_000_000_000
	branchSize  int64 = 1_000
)

// asks notes a search of a branch.
func (p *Rehearsal) asks(c *Client, s Search, found []*ldif.Entry, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.branch == nil {
		return
	}
	p.branch.client = c
	one := asked{Search: s, failed: err != nil}
	for _, e := range found {
		one.found = append(one.found, e.DN)
	}
	p.branch.asked = append(p.branch.asked, one)
}

// Join takes over what was done in a branch, if all of it would have come to the same here: no search of it can find an entry that was
// touched here, or found one. Else nothing is taken over. The branch is not used any more.
func (p *Rehearsal) Join(ctx context.Context, b *Rehearsal) (joined bool, err error) {
	c := b.branch.client
	if c == nil {
		return true, nil
	}
	server, err := c.Server(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range b.branch.asked {
		if touches, err := p.touches(ctx, c, server, s); touches || err != nil {
			return false, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range b.touched {
		t.keys = nil // of the branch's index
		if p.touch(server, t); t.name != "" {
			p.byDN[t.name] = t
		}
		if server.Privilege != nil {
			for _, change := range t.changes {
				p.enters(server, change)
			}
		}
	}
	return true, nil
}

// touches says that what a search found, or may find, is not as the directory has it.
func (p *Rehearsal) touches(ctx context.Context, c *Client, server *ldif.Server, s asked) (bool, error) {
	if len(p.entries()) == 0 {
		return false, nil
	}
	if s.Scope == BaseObject {
		t, gone := p.at(server, s.Base)
		return t != nil || gone, nil
	}
	if s.failed || p.hides(server, s.found) {
		return true, nil
	}
	filter, err := ldif.ParseFilter(s.filter())
	if err != nil {
		return false, err
	}
	may, err := p.candidates(ctx, c, filter)
	return len(may) > 0, err
}

// hides says that one of the names is of an entry that is not as the directory has it.
func (p *Rehearsal) hides(server *ldif.Server, dns []string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(dns, func(dn string) bool { return p.hidden[server.NormalDN(dn)] != nil })
}
