package directory

import (
	"context"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// reached is how far a server has got: of each that is written to, by naming context, the last change that has come here. Of two for one
// server the later is the greater text.
type reached map[origin]string

type origin struct{ context, server string }

func (r reached) covers(other reached) bool {
	for from, last := range other {
		if r[from] < last {
			return false
		}
	}
	return true
}

// Compare has servers compared by how far they have got in the naming contexts that the bases are in, which the bridge writes to.
func (c *Client) Compare(bases []string) {
	s := c.learned()
	if !c.pool.several() || s == nil || s.Reached == nil {
		return
	}
	var contexts []string
	for _, base := range bases {
		contexts = append(contexts, s.Context(base))
	}
	slices.Sort(contexts)
	h := c.pool.horizon
	h.mu.Lock()
	h.by, h.contexts = s.Traits, slices.Compact(contexts)
	h.mu.Unlock()
	c.note()
}

// reached asks how far a server has got. It is nil where the server does not tell; the error is one of exchange.
func (p *pool) reached(ctx context.Context, k *conn) (reached, error) {
	h := p.horizon
	h.mu.Lock()
	by, contexts := h.by, h.contexts
	h.mu.Unlock()
	if by == nil {
		return nil, nil
	}
	got := reached{}
	for _, place := range contexts {
		values, err := p.ask(ctx, k, by.Reached.At(place), by.Reached.Attribute)
		if resultCode(err) == ldap.LDAPResultNoSuchObject && by.Reached.Apart() {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		told := by.Reached.Of(values)
		if told == nil {
			return nil, nil
		}
		for server, last := range told {
			got[origin{place, server}] = last
		}
	}
	if !by.Reached.Counts {
		return got, nil
	}
	server, count, err := p.counts(ctx, k, by)
	if err != nil || count == "" {
		return nil, err
	}
	for _, place := range contexts {
		got[origin{place, server}] = count
	}
	return got, nil
}

// counts asks a server that counts its changes who it is, and how many there are; "": it does not tell.
func (p *pool) counts(ctx context.Context, k *conn, by *ldif.Traits) (server, count string, err error) {
	own, err := p.read(ctx, k, "", by.MarkAttribute, by.InstanceAttribute)
	if err != nil || len(own.GetEqualFoldAttributeValues(by.InstanceAttribute)) == 0 {
		return "", "", err
	}
	instance, err := p.ask(ctx, k, own.GetEqualFoldAttributeValue(by.InstanceAttribute), "invocationId")
	if err != nil || len(instance) == 0 {
		return "", "", err
	}
	return ldif.Instance(instance[0]), ldif.Counted(own.GetEqualFoldAttributeValue(by.MarkAttribute)), nil
}

// ask reads an attribute of an entry.
func (p *pool) ask(ctx context.Context, k *conn, dn, attribute string) ([]string, error) {
	e, err := p.read(ctx, k, dn, attribute)
	return e.GetEqualFoldAttributeValues(attribute), err
}

// read reads an entry. What the bridge's account may not read is not there.
func (p *pool) read(ctx context.Context, k *conn, dn string, attributes ...string) (*ldap.Entry, error) {
	r := Search{Base: dn, Scope: BaseObject, Attributes: attributes}.request(ctx, p.dialer.options.Timeout)
	found, err := exchange(ctx, k, reads, func(l *ldap.Conn) (*ldap.SearchResult, error) { return l.Search(r) })
	switch {
	case resultCode(err) == ldap.LDAPResultInsufficientAccessRights:
		return &ldap.Entry{}, nil
	case err != nil:
		return &ldap.Entry{}, err
	case len(found.Entries) == 0:
		return &ldap.Entry{}, nil
	}
	return found.Entries[0], nil
}

// reachedAt asks the server in use where it is the one of the URL; nil: it does not tell.
func (p *pool) reachedAt(ctx context.Context, url string) reached {
	k := p.at(url)
	if k == nil {
		return nil
	}
	defer p.put(k)
	got, _ := p.reached(ctx, k) // what is wrong with the connection, requests find
	return got
}

// at lends an open connection to the server in use where that is the one of the URL; nil: there is none.
func (p *pool) at(url string) *conn {
	if current := p.server(); current < 0 || p.dialer.servers[current].url != url {
		return nil
	}
	k, _ := p.idlest()
	if k != nil && p.dialer.servers[k.server].url != url {
		p.put(k)
		return nil
	}
	return k
}
