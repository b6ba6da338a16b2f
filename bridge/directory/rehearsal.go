package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// Rehearsal keeps in memory what the writes of its contexts (Rehearse) would have done: nothing of them is sent. What is read is read from
// the directory, and shown as they would have left it. It foresees what a server has no choice in: what is there already, what is not
// there, what a class demands. What the server makes up is made up here too, and its own checks, overlays and backlinks are not asked.
type Rehearsal struct {
	writing sync.Mutex // one write at a time

	mu      sync.Mutex
	touched []*rehearsed
	reads   []Reading
	made    int
}

// Reading is a search that was made, and the entries that it found, as they would be.
type Reading struct {
	Search
	Found []string // DNs
	Err   error
}

// rehearsed is an entry that a write of the rehearsal is about.
type rehearsed struct {
	dn, id  string // as the directory has it; of one that was made here, as it was made
	made    bool
	changes []ldif.Change
}

type rehearsalKey struct{}

// Rehearse is the context whose writes are rehearsed.
func Rehearse(ctx context.Context, p *Rehearsal) context.Context {
	return context.WithValue(ctx, rehearsalKey{}, p)
}

// rehearsal is that of a context; nil: what is written is written.
func rehearsal(ctx context.Context) *Rehearsal {
	p, _ := ctx.Value(rehearsalKey{}).(*Rehearsal)
	return p
}

// Reads are the searches so far, in their order.
func (p *Rehearsal) Reads() []Reading {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.reads)
}

// tell notes a search that was made.
func (p *Rehearsal) tell(s Search, found []*ldif.Entry, err error) {
	if p == nil {
		return
	}
	reading := Reading{Search: s, Err: err}
	for _, e := range found {
		reading.Found = append(reading.Found, e.DN)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reads = append(p.reads, reading)
}

func (p *Rehearsal) entries() []*rehearsed {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*rehearsed, len(p.touched))
	for i, t := range p.touched {
		one := *t
		one.changes = slices.Clone(t.changes)
		all[i] = &one
	}
	return all
}

// search is one search, of what the directory would hold.
func (p *Rehearsal) search(ctx context.Context, c *Client, s Search, controls ...ldap.Control) ([]*ldif.Entry, error) {
	touched := p.entries()
	found, err := c.roundTrip(ctx, s, controls...)
	if len(touched) == 0 {
		return found, err
	}
	own, err := p.beside(ctx, c, s, touched, found, err)
	return append(without(c.learned(), found, touched), own...), err
}

// beside are the touched entries that a search finds. found and err are the directory's own answer to it; where it has a rule that nobody
// here knows, an entry matches as it does there.
func (p *Rehearsal) beside(
	ctx context.Context, c *Client, s Search, touched []*rehearsed, found []*ldif.Entry, err error,
) ([]*ldif.Entry, error) {
	if err != nil && resultCode(err) != ldap.LDAPResultNoSuchObject {
		return nil, err
	}
	server := c.learned()
	filter, fault := ldif.ParseFilter(s.filter())
	if fault != nil {
		return nil, fault
	}
	filter = server.Judgeable(filter)
	unknown := len(filter.UnknownRules()) > 0
	matches := func(t *rehearsed, e *ldif.Entry) bool {
		if unknown {
			return slices.ContainsFunc(found, func(e *ldif.Entry) bool { return !t.made && server.SameDN(t.dn, e.DN) })
		}
		return filter.Matches(e, server.Schema)
	}
	var own []*ldif.Entry
	gone := false
	for _, t := range touched {
		e, fault := t.now(ctx, c, server, append(slices.Clone(s.Attributes), filter.Attributes()...))
		if fault != nil {
			return nil, fault
		}
		if s.Scope == BaseObject {
			if e == nil || !t.isNamed(server, s.Base, e.DN) {
				gone = gone || t.isNamed(server, s.Base, t.dn)
				continue
			}
			if err = nil; !matches(t, e) {
				return nil, nil
			}
			return []*ldif.Entry{project(server, e, s.Attributes)}, nil
		}
		if e != nil && server.Under(e.DN, s.Base) && matches(t, e) {
			err = nil
			own = append(own, project(server, e, s.Attributes))
		}
	}
	if gone {
		return nil, refusal(ldap.LDAPResultNoSuchObject, "no such object")
	}
	return own, err
}

// isNamed says whether a name is the entry's, where that has the DN.
func (t *rehearsed) isNamed(server *ldif.Server, name, dn string) bool {
	if id, byID := server.IDNamed(name); byID {
		return strings.EqualFold(id, t.id)
	}
	return server.SameDN(name, dn)
}

// without are the entries but for those that were touched.
func without(server *ldif.Server, found []*ldif.Entry, touched []*rehearsed) []*ldif.Entry {
	return slices.DeleteFunc(found, func(e *ldif.Entry) bool {
		return slices.ContainsFunc(touched, func(t *rehearsed) bool { return !t.made && server.SameDN(t.dn, e.DN) })
	})
}

// now is the entry as the writes would have left it, with the attributes; nil: it would not be there.
func (t *rehearsed) now(ctx context.Context, c *Client, server *ldif.Server, attributes []string) (e *ldif.Entry, err error) {
	if len(attributes) == 0 {
		attributes = []string{allUser}
	}
	attributes = append(slices.Clone(attributes), "objectClass", server.IDAttribute)
	if !t.made {
		ctx = context.WithValue(ctx, rehearsalKey{}, (*Rehearsal)(nil))
		found, err := c.roundTrip(ctx, Search{Base: server.ByID(t.id, t.dn), Scope: BaseObject, Attributes: attributes})
		switch {
		case resultCode(err) == ldap.LDAPResultNoSuchObject, err == nil && len(found) == 0:
			return nil, nil
		case err == nil:
			err = c.complete(ctx, found)
		}
		if err != nil {
			return nil, err
		}
		e = found[0]
	}
	for _, change := range t.changes {
		if e = ldif.Apply(e, change, server.Schema); e == nil {
			return nil, nil
		}
	}
	t.stamp(server, e)
	return e, nil
}

// allUser asks for all attributes of users (RFC 4511 §4.5.1.8).
const allUser = "*"

// stamp gives the entry what the server makes up.
func (t *rehearsed) stamp(server *ldif.Server, e *ldif.Entry) {
	now := time.Now()
	set := func(name, value string) {
		if name != "" && value != "" {
			e.Set(name, value)
		}
	}
	if t.made {
		set(server.IDAttribute, server.IDValue(t.id))
		set(server.CreatedAttribute, ldif.GeneralizedTime(now.Truncate(time.Second)))
	}
	set(server.ModifiedAttribute, ldif.GeneralizedTime(now.Truncate(time.Second)))
	set(server.DNAttribute, e.DN)
	switch server.VersionForm {
	case ldif.VersionCSN:
		set(server.VersionAttribute, now.UTC().Format("20060102150405.000000Z")+"#000000#000#000000")
	case ldif.VersionInstance:
		set(server.VersionAttribute, fmt.Sprint(now.UnixMicro()))
	}
}

// project is the entry as a search for the attributes shows it.
func project(server *ldif.Server, e *ldif.Entry, asked []string) *ldif.Entry {
	shown := &ldif.Entry{DN: e.DN, Asked: asked}
	for _, a := range e.Attributes {
		definition := server.Schema.Attribute(a.Name)
		operational := definition != nil && definition.Operational || server.IsOwn(a.Name)
		if slices.ContainsFunc(asked, func(name string) bool {
			return name == allUser && !operational || name == "+" && operational || server.Schema.Covers(name, a.Name)
		}) || len(asked) == 0 && !operational {
			shown.Attributes = append(shown.Attributes, a)
		}
	}
	return shown
}

// enumerate is Enumerate, of what the directory would hold.
func (p *Rehearsal) enumerate(ctx context.Context, c *Client, s Search, each func(*ldif.Entry) error) error {
	touched := p.entries()
	var found []*ldif.Entry
	if len(touched) == 0 { // each may have enough before the end
		err := c.enumerate(ctx, s, func(e *ldif.Entry) error {
			found = append(found, &ldif.Entry{DN: e.DN})
			return each(e)
		})
		p.tell(s, found, err)
		return err
	}
	err := c.enumerate(ctx, s, func(e *ldif.Entry) error {
		found = append(found, e)
		return nil
	})
	if err == nil || isNotThere(err) {
		var own []*ldif.Entry
		own, err = p.beside(ctx, c, s, touched, found, err)
		found = append(without(c.learned(), found, touched), own...)
	}
	p.tell(s, found, err)
	for _, e := range found {
		if err == nil {
			err = each(e)
		}
	}
	return err
}

func isNotThere(err error) bool {
	e, _ := errors.AsType[*Error](err)
	return e != nil && e.Code == ldap.LDAPResultNoSuchObject
}
