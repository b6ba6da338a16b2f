package directory

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/sync/errgroup"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// Search is one search request.
type Search struct {
	Base       string
	More       []string // further bases that are searched besides
	Scope      Scope
	Filter     string // RFC 4515; "" matches every entry
	Attributes []string
	// Values are the values of attributes that matter: of those attributes no others are read, where the server can leave them out.
	Values []ldif.Attribute
	// Room is what the entries may take, and those of other searches with the same; nil: whatever they take.
	Room *Room
}

// Scope is a search's scope.
type Scope int

// The scopes of RFC 4511 §4.5.1.2.
const (
	Subtree Scope = iota
	BaseObject
)

// Search returns the entries found, reading page by page where the server needs it: all of them, unless its Room is full. An entry that is
// not there (BaseObject) is NoSuchObject; a base that is not there to search below it, and an entry that does not show its id, are Hidden.
func (c *Client) Search(ctx context.Context, s Search) (entries []*ldif.Entry, err error) {
	if len(s.More) > 0 {
		return c.SearchAll(ctx, s.each())
	}
	if p := rehearsal(ctx); p != nil {
		defer func() { p.tell(c.learned(), s, entries, err) }()
	}
	controls, err := c.valuesAlone(ctx, s)
	if err != nil {
		return nil, err
	}
	entries, err = c.search(ctx, s, controls...)
	if resultCode(err) == ldap.LDAPResultSizeLimitExceeded {
		// The server's own limit. Most answers are small, so the pages wait until they are needed.
		return c.paged(ctx, s)
	}
	if err == nil {
		entries, err = c.whole(ctx, s, entries)
	}
	if err != nil {
		return nil, c.unseen(s, err)
	}
	return entries, nil
}

// paged is Search page by page.
func (c *Client) paged(ctx context.Context, s Search) (entries []*ldif.Entry, err error) {
	err = c.Enumerate(ctx, s, func(e *ldif.Entry) error {
		entries = append(entries, e)
		if s.Room.take(e.Octets()); s.Room.Full() {
			return errFull
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFull) {
		return nil, c.unseen(s, err)
	}
	return entries, nil
}

// Anywhere is the search for the entry with the id that stood at the DN, wherever another has moved it to within its naming context: no
// rename leads out of that. Without an id it is for what stands at the DN.
func Anywhere(server *ldif.Server, id, dn string, attributes ...string) Search {
	s := Search{Base: dn, Scope: BaseObject, Attributes: attributes}
	filter, ok := server.IDFilter(id)
	if context := server.Context(dn); ok && context != "" {
		s.Base, s.Scope, s.Filter = context, Subtree, filter
	}
	return s
}

// Left is the search for the entry that a change is about, wherever it is by now, with what tells whether the change was made.
func Left(server *ldif.Server, c ldif.Change) Search {
	s := Anywhere(server, c.If.ID, c.DN, append(c.Telling(), server.IDAttribute, server.VersionAttribute)...)
	if c.Kind == ldif.ModifyDN && s.Scope == BaseObject { // it is found by its name alone
		s.Base = c.NewDN()
	}
	return s
}

// atOnce is how many searches of one request are under way: while the server answers one, what it found for another is taken over.
const atOnce = 4

// SearchAll returns the entries that several searches find, in the searches' order. Its errors are Search's.
func (c *Client) SearchAll(ctx context.Context, searches []Search) ([]*ldif.Entry, error) {
	if len(searches) == 1 {
		return c.Search(ctx, searches[0])
	}
	found := make([][]*ldif.Entry, len(searches))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, s := range searches {
		group.Go(func() (err error) {
			found[i], err = c.Search(ctx, s)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(found...), err
}

// each is the search below each of its bases.
func (s Search) each() []Search {
	bases := append([]string{s.Base}, s.More...)
	searches := make([]Search, len(bases))
	for i, base := range bases {
		searches[i] = s
		searches[i].Base, searches[i].More = base, nil
	}
	return searches
}

// Sample returns one of the entries that a search finds as it is, nil where there is none. A base that is not there is NoSuchObject.
func (c *Client) Sample(ctx context.Context, s Search) (*ldif.Entry, error) {
	found, err := call(ctx, c, s.operation(), func(l *ldap.Conn) (*ldap.SearchResult, error) {
		r := s.request(ctx, c.options.Timeout)
		r.SizeLimit = 1
		found, err := send(l, r)
		if resultCode(err) == ldap.LDAPResultSizeLimitExceeded && len(found.Entries) > 0 {
			err = nil
		}
		return found, err
	})
	if err != nil {
		return nil, c.explain(err, nil)
	}
	if len(found.Entries) == 0 {
		return nil, nil
	}
	return readEntries(found.Entries[:1], s.Attributes)[0], nil
}

// unseen explains the error of a search. That a base is not there is no answer to who is below it.
func (c *Client) unseen(s Search, err error) error {
	err = c.explain(err, nil)
	e, _ := errors.AsType[*Error](err)
	switch {
	case e == nil || s.Scope != Subtree:
	case e.Code == ldap.LDAPResultNoSuchObject:
		return c.hides(e.Code, s.Base+": the place is missing, or hidden from the bridge's account")
	case e.Code == ldap.LDAPResultReferral && e.Reason == reason.Refused:
		return c.hides(e.Code, s.Base+": "+e.Advice)
	}
	return err
}

// hides is the error of a directory that does not show what it must. What was learned on first contact may no longer hold.
func (c *Client) hides(code uint16, what string) error {
	c.log.Error("directory: what the map names cannot be seen", "error", what)
	c.Refresh()
	return &Error{Reason: reason.Hidden, Code: code, Cause: errors.New(what)}
}

// search is one round trip, or what would be found by it.
func (c *Client) search(ctx context.Context, s Search, controls ...ldap.Control) ([]*ldif.Entry, error) {
	if p := rehearsal(ctx); p != nil {
		return p.search(ctx, c, s, controls...)
	}
	return c.roundTrip(ctx, s, controls...)
}

// roundTrip is one round trip.
func (c *Client) roundTrip(ctx context.Context, s Search, controls ...ldap.Control) ([]*ldif.Entry, error) {
	return call(ctx, c, s.operation(), func(l *ldap.Conn) ([]*ldif.Entry, error) {
		r := s.request(ctx, c.options.Timeout)
		r.Controls = controls
		if s.Room != nil {
			return s.within(ctx, l, r)
		}
		found, err := send(l, r)
		if err != nil {
			return nil, err
		}
		return readEntries(found.Entries, s.Attributes), nil
	})
}

// within is the search on a connection, as far as there is room. What it leaves of the answer comes all the same, until the connection
// ends, and must not keep others' from them.
func (s Search) within(ctx context.Context, l *ldap.Conn, r *ldap.SearchRequest) ([]*ldif.Entry, error) {
	answer, taken := newStream(ctx, r), 0
	entries, _, err := answer.take(l, func(e *ldif.Entry) bool {
		taken += e.Octets()
		s.Room.take(e.Octets())
		return s.Room.Full()
	})
	if errors.Is(err, errFull) {
		go answer.drop()
		return entries, err
	}
	answer.end()
	if err != nil {
		s.Room.take(-taken)
	}
	return entries, err
}

// whole completes the entries found, as far as there is room, and holds them to showing the id where that was asked for. Who has gone
// since is left out.
func (c *Client) whole(ctx context.Context, s Search, found []*ldif.Entry) (entries []*ldif.Entry, err error) {
	for _, e := range found {
		if err := c.shows(s, e); err != nil {
			return nil, err
		}
	}
	entries = found[:0]
	for _, e := range found {
		rest, err := c.complete(ctx, e)
		if s.Scope == Subtree && isGone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
		if s.Room.take(rest); rest > 0 && s.Room.Full() {
			break
		}
	}
	return entries, nil
}

// isGone says that an entry is not there any more.
func isGone(err error) bool {
	e, _ := errors.AsType[*Error](err)
	return e != nil && e.Reason == reason.NoSuchObject
}

// shows holds an entry to showing its id where that was asked for.
func (c *Client) shows(s Search, e *ldif.Entry) error {
	if server := c.learned(); server != nil && ldif.Named(s.Attributes, server.IDAttribute) && server.ID(e) == "" {
		return c.hides(0, e.DN+": "+server.IDAttribute+" is missing, or hidden from the bridge's account")
	}
	return nil
}

// send sends the request for the search.
func send(l *ldap.Conn, r *ldap.SearchRequest) (*ldap.SearchResult, error) {
	found, err := l.Search(r)
	if ldap.IsErrorWithCode(err, ldap.ErrorFilterCompile) {
		return nil, errFilter
	}
	return found, err
}

func (s Search) operation() operation {
	if s.Scope == Subtree {
		return seeks
	}
	return reads
}

func (s Search) filter() string {
	if s.Filter == "" {
		return "(objectClass=*)"
	}
	return s.Filter
}

// request is the search as it is sent. The server need not work on when nobody waits any more: it is told a time that is surely after that,
// though it counts whole seconds from the beginning of one.
func (s Search) request(ctx context.Context, wait time.Duration) *ldap.SearchRequest {
	scope := map[Scope]int{Subtree: ldap.ScopeWholeSubtree, BaseObject: ldap.ScopeBaseObject}[s.Scope]
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline))
	}
	timeLimit := 2 + max(0, int(wait.Seconds()))
	return ldap.NewSearchRequest(s.Base, scope, ldap.NeverDerefAliases, 0, timeLimit, false, s.filter(), s.Attributes, nil)
}

// readEntries takes the entries over. Search references are left: referrals are never followed.
func readEntries(found []*ldap.Entry, asked []string) []*ldif.Entry {
	entries := make([]*ldif.Entry, 0, len(found))
	for _, f := range found {
		entries = append(entries, takeOver(f, asked))
	}
	return entries
}

// takeOver takes an entry over as it is.
func takeOver(found *ldap.Entry, asked []string) *ldif.Entry {
	e := &ldif.Entry{DN: found.DN, Asked: asked, Attributes: make([]ldif.Attribute, 0, len(found.Attributes))}
	for _, a := range found.Attributes {
		e.Attributes = append(e.Attributes, ldif.Attribute{Name: a.Name, Values: a.Values}) // each the octets as they came
	}
	return e
}
