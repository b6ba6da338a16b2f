package directory

import (
	"context"
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
	byID    map[string]*rehearsed // the same, by their ids in lower case
	byDN    map[string]*rehearsed // and by the DNs that they would have, by Server.NormalDN
	hidden  map[string]*rehearsed // and by those that the directory has them by
	index   index
	branch  *branch // nil: it is none
	reads   []Reading
	made    int64
}

// Reading is a search that was made, and the entries that it found, as they would be.
type Reading struct {
	Search
	Found []string // DNs
	Err   error
	Own   bool // what it found is not the directory's: it was recalled, or made
}

// rehearsed is an entry that a write of the rehearsal is about.
type rehearsed struct {
	dn, id   string // as the directory has it; "" of one that it has not
	made     bool   // the directory is not asked for it
	name     string // that it would have, by Server.NormalDN; "": none
	isMember bool   // a write made it one, of some group
	recalled bool   // it was not made by a write, but recalled: what it was not read with is not known

	mu      sync.Mutex
	asked   map[string]bool // attributes that it was read with, and lists of these that it is known to have been read with
	before  *ldif.Entry     // as it was read, or recalled
	changes []ldif.Change
	after   *ldif.Entry // as they would have left it; nil: it would not be there
	stale   bool        // it is not what they would have left any more

	place int                 // among those that are touched, from 1 on
	keys  map[string][]string // by which the index has it, by attribute
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

// Forget drops what was read. What was written stays.
func (p *Rehearsal) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reads = nil
}

// tell notes a search that was made.
func (p *Rehearsal) tell(server *ldif.Server, s Search, found []*ldif.Entry, err error) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	reading := Reading{Search: s, Err: err, Own: len(found) > 0 && len(p.byDN) > 0}
	for _, e := range found {
		reading.Found = append(reading.Found, e.DN)
		if reading.Own {
			t := p.byDN[server.NormalDN(e.DN)]
			reading.Own = t != nil && t.made
		}
	}
	if reading.Own { // of several ids some may be nobody's by now
		reading.Own = strings.Count(s.Filter, "("+server.IDAttribute+"=") <= len(found)
	}
	p.reads = append(p.reads, reading)
}

// touch takes an entry up among those that are not, or may not be, as the directory has them.
func (p *Rehearsal) touch(server *ldif.Server, t *rehearsed) {
	if p.byID == nil {
		p.byID, p.byDN, p.hidden = map[string]*rehearsed{}, map[string]*rehearsed{}, map[string]*rehearsed{}
	}
	p.touched = append(p.touched, t)
	t.place = len(p.touched)
	p.index.stale(t)
	p.byID[strings.ToLower(t.id)] = t
	if t.dn != "" {
		p.hidden[server.NormalDN(t.dn)] = t
	}
}

// named has a touched entry found by a DN, and by no other; "": by none.
func (p *Rehearsal) named(server *ldif.Server, t *rehearsed, dn string) {
	if t.name != "" && p.byDN[t.name] == t {
		delete(p.byDN, t.name)
	}
	if t.name = ""; dn != "" {
		t.name = server.NormalDN(dn)
		p.byDN[t.name] = t
	}
}

// entries are those that were touched so far: what is in the list stays as it is.
func (p *Rehearsal) entries() []*rehearsed {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.touched[:len(p.touched):len(p.touched)]
}

// Recall has the rehearsal begin with an entry as it was once, in the place of the one that the directory has by now with the id, and of
// whatever stands by now where it stood; nil: nothing was there with the DN, nor with the id. The context is not the rehearsal's.
func (p *Rehearsal) Recall(ctx context.Context, c *Client, id, dn string, e *ldif.Entry) error {
	server, err := c.Server(ctx)
	if err != nil {
		return err
	}
	t := &rehearsed{id: id, made: true, recalled: true, before: e.Clone(), stale: true}
	filter, ok := server.IDFilter(id)
	for _, base := range server.Contexts {
		if !ok || t.dn != "" {
			break
		}
		found, err := c.Look(ctx, Search{Base: base, Filter: filter, Attributes: []string{noAttributes}})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			t.dn = found[0].DN
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.touch(server, t)
	if e != nil {
		dn = e.DN
		p.named(server, t, dn)
	}
	p.hidden[server.NormalDN(dn)] = t
	return nil
}

// search is one search, of what the directory would hold.
func (p *Rehearsal) search(ctx context.Context, c *Client, s Search, controls ...ldap.Control) ([]*ldif.Entry, error) {
	touched := p.entries()
	found, err := c.roundTrip(ctx, s, controls...)
	p.asks(c, s, found, err)
	if len(touched) == 0 {
		return found, err
	}
	own, err := p.beside(ctx, c, s, found, err)
	return append(p.without(c.learned(), found), own...), err
}

// beside are the touched entries that a search finds. found and err are the directory's own answer to it; where it has a rule that nobody
// here knows, an entry matches as it does there.
func (p *Rehearsal) beside(ctx context.Context, c *Client, s Search, found []*ldif.Entry, err error) ([]*ldif.Entry, error) {
	if err != nil && !isNotThere(err) {
		return nil, err
	}
	server := c.learned()
	filter, fault := ldif.ParseFilter(s.filter())
	if fault != nil {
		return nil, fault
	}
	said := filter
	filter = server.Judgeable(filter)
	unknown, known := len(filter.UnknownRules()) > 0, filter.WithoutUnknownRules()
	matches := func(t *rehearsed, e *ldif.Entry) bool {
		switch {
		case unknown && t.made && !t.isMember && (!t.recalled || t.dn == ""): // nobody's member, whatever groups are in others
			return known.Matches(e, server.Schema)
		case unknown:
			return slices.ContainsFunc(found, func(e *ldif.Entry) bool { return t.dn != "" && server.SameDN(t.dn, e.DN) })
		}
		return filter.Matches(e, server.Schema)
	}
	needed := listed(server, append(slices.Clone(s.Attributes), filter.Attributes()...))
	if s.Scope == BaseObject {
		t, gone := p.at(server, s.Base)
		if t == nil {
			if gone {
				err = refusal(ldap.LDAPResultNoSuchObject, "no such object")
			}
			return nil, err
		}
		switch e, fault := t.now(ctx, c, server, needed); {
		case fault != nil:
			return nil, fault
		case e == nil:
			return nil, refusal(ldap.LDAPResultNoSuchObject, "no such object")
		case matches(t, e):
			return []*ldif.Entry{project(server, e, s.Attributes)}, nil
		}
		return nil, nil
	}
	candidates, fault := p.candidates(ctx, c, said)
	if fault != nil {
		return nil, fault
	}
	var own []*ldif.Entry
	for _, t := range candidates {
		e, fault := t.now(ctx, c, server, needed)
		if fault != nil {
			return nil, fault
		}
		if e != nil && matches(t, e) && server.Under(e.DN, s.Base) {
			err = nil
			own = append(own, project(server, e, s.Attributes))
		}
	}
	return own, err
}

// at is the touched entry that a name is of, as it would be; gone says that the one which the directory has there would not be.
func (p *Rehearsal) at(server *ldif.Server, name string) (t *rehearsed, gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id, byID := server.IDNamed(name); byID {
		return p.byID[strings.ToLower(id)], false
	}
	dn := server.NormalDN(name)
	return p.byDN[dn], p.hidden[dn] != nil
}

// without are the entries but for those that were touched.
func (p *Rehearsal) without(server *ldif.Server, found []*ldif.Entry) []*ldif.Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(found, func(e *ldif.Entry) bool { return p.hidden[server.NormalDN(e.DN)] != nil })
}

// needs are attributes that an entry is to be read with.
type needs struct {
	names []string
	key   string // of the list
}

func listed(server *ldif.Server, attributes []string) needs {
	if len(attributes) == 0 {
		attributes = []string{allUser}
	}
	attributes = append(slices.Clone(attributes), "objectClass", server.IDAttribute)
	return needs{attributes, strings.ToLower(strings.Join(attributes, " "))}
}

// now is the entry as the writes would have left it, with the attributes; nil: it would not be there. It is not to be changed. The
// directory is asked once for each attribute.
func (t *rehearsed) now(ctx context.Context, c *Client, server *ldif.Server, of needs) (e *ldif.Entry, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.made && !t.asked[of.key] {
		if err := t.read(ctx, c, server, of); err != nil {
			return nil, err
		}
	}
	if !t.stale {
		return t.after, nil
	}
	t.stale = false
	if t.after = t.before.Clone(); t.after == nil && (len(t.changes) == 0 || !t.made) {
		return nil, nil
	}
	for _, change := range t.changes {
		if t.after = ldif.Apply(t.after, change, server.Schema); t.after == nil {
			return nil, nil
		}
	}
	if len(t.changes) > 0 {
		t.stamp(server, t.after)
	}
	return t.after, nil
}

// read reads the entry as the directory has it, with what it was read with before and what is needed besides.
func (t *rehearsed) read(ctx context.Context, c *Client, server *ldif.Server, of needs) error {
	if t.asked == nil {
		t.asked = map[string]bool{}
	}
	t.asked[of.key] = true
	known := len(t.asked)
	for _, name := range of.names {
		t.asked[strings.ToLower(name)] = true
	}
	if len(t.asked) == known {
		return nil
	}
	var names []string
	for name := range t.asked {
		if !strings.Contains(name, " ") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	ctx = context.WithValue(ctx, rehearsalKey{}, (*Rehearsal)(nil))
	found, err := c.roundTrip(ctx, Search{Base: server.ByID(t.id, t.dn), Scope: BaseObject, Attributes: names})
	t.before, t.stale = nil, true
	switch {
	case isNotThere(err), err == nil && len(found) == 0:
		return nil
	case err == nil:
		_, err = c.complete(ctx, found[0])
	}
	if err != nil {
		t.asked = nil
		return err
	}
	t.before = found[0]
	return nil
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
	if t.made && !t.recalled {
		if p := server.PrimaryGroup; p != nil && len(e.Values(p.Attribute)) == 0 && slices.ContainsFunc(e.Values("objectClass"),
			func(class string) bool { return server.Schema.IsA(class, p.Class) }) {
			set(p.Attribute, p.Born)
		}
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
			shown.Attributes = append(shown.Attributes, ldif.Attribute{Name: a.Name, Values: slices.Clone(a.Values)})
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
		p.asks(c, s, found, err)
		p.tell(c.learned(), s, found, err)
		return err
	}
	err := c.enumerate(ctx, s, func(e *ldif.Entry) error {
		found = append(found, e)
		return nil
	})
	p.asks(c, s, found, err)
	if err == nil || isNotThere(err) {
		var own []*ldif.Entry
		own, err = p.beside(ctx, c, s, found, err)
		found = append(p.without(c.learned(), found), own...)
	}
	p.tell(c.learned(), s, found, err)
	for _, e := range found {
		if err == nil {
			err = each(e)
		}
	}
	return err
}

// isNotThere says that there is no such place in the directory, in the server's words or in ours.
func isNotThere(err error) bool { return resultCode(err) == ldap.LDAPResultNoSuchObject }
