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
}

// Scope is a search's scope.
type Scope int

// The scopes of RFC 4511 §4.5.1.2.
const (
	Subtree Scope = iota
	BaseObject
)

// Search returns the entries found, reading page by page where the server needs it. An entry that is not there (BaseObject) is
// NoSuchObject; a base that is not there to search below it, and an entry that does not show its id, are Hidden.
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
		entries = nil
		err = c.Enumerate(ctx, s, func(e *ldif.Entry) error {
			entries = append(entries, e)
			return nil
		})
	}
	if err == nil {
		err = c.whole(ctx, s, entries)
	}
	if err != nil {
		return nil, c.unseen(s, err)
	}
	return entries, nil
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
		found, err := send(l, r)
		if err != nil {
			return nil, err
		}
		return readEntries(found.Entries, s.Attributes), nil
	})
}

// Enumerate hands over every entry found, with the paged results control on a connection of its own up to the last page (RFC 2696).
func (c *Client) Enumerate(ctx context.Context, s Search, each func(*ldif.Entry) error) error {
	if len(s.More) > 0 {
		for _, one := range s.each() {
			if err := c.Enumerate(ctx, one, each); err != nil {
				return err
			}
		}
		return nil
	}
	if p := rehearsal(ctx); p != nil {
		return p.enumerate(ctx, c, s, each)
	}
	return c.enumerate(ctx, s, each)
}

func (c *Client) enumerate(ctx context.Context, s Search, each func(*ldif.Entry) error) error {
	paging := ldap.NewControlPaging(c.pageSize.Load())
	var k *conn
	defer func() {
		if k != nil {
			c.pool.put(k)
		}
	}()
	for {
		page, err := c.page(ctx, &k, s, paging)
		if tooLarge(err) && paging.PagingSize > 1 { // how large one may be the server does not tell
			paging = ldap.NewControlPaging(paging.PagingSize / 2)
			c.pageSize.Store(paging.PagingSize)
			c.log.Info("directory: smaller pages", "size", paging.PagingSize)
			continue
		}
		if err != nil {
			return c.unseen(s, err)
		}
		entries := readEntries(page.Entries, s.Attributes)
		if err := c.whole(ctx, s, entries); err != nil {
			return err
		}
		for _, e := range entries {
			if err := each(e); err != nil {
				return err
			}
		}
		next, _ := ldap.FindControl(page.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if next == nil || len(next.Cookie) == 0 {
			return nil
		}
		paging = ldap.NewControlPaging(paging.PagingSize)
		paging.SetCookie(next.Cookie)
	}
}

// tooLarge says whether a page is larger than the server allows: slapd's size.pr. The same result without these words is of a look-through
// limit.
func tooLarge(err error) bool {
	return resultCode(err) == ldap.LDAPResultAdminLimitExceeded && speaks(err, []string{"illegal pagedResults page size"})
}

// page reads one page, opening the enumeration's own connection for the first. A cookie is good on its connection only.
func (c *Client) page(caller context.Context, k **conn, s Search, paging *ldap.ControlPaging) (page *ldap.SearchResult, err error) {
	ctx, cancel := context.WithTimeoutCause(caller, c.options.Timeout, errLate)
	defer cancel()
	err = c.breaker.run(func() error {
		if *k == nil {
			if *k, err = c.pool.alone(ctx); err != nil {
				return excuse(caller, s.operation(), err)
			}
		}
		page, err = exchange(ctx, *k, s.operation(), func(l *ldap.Conn) (*ldap.SearchResult, error) {
			r := s.request(ctx, c.options.Timeout)
			r.Controls = []ldap.Control{paging}
			return send(l, r)
		})
		if cannotServe(err) && !c.isElsewhere(err) {
			c.pool.refer((*k).server, referredTo(err))
			c.pool.fail((*k).server, err)
			err = &outage{cause: err, code: resultCode(err)}
		}
		return excuse(caller, s.operation(), err)
	})
	return page, err
}

// whole completes the entries found, and holds them to showing the id where that was asked for.
func (c *Client) whole(ctx context.Context, s Search, entries []*ldif.Entry) error {
	if server := c.learned(); server != nil && ldif.Named(s.Attributes, server.IDAttribute) {
		for _, e := range entries {
			if server.ID(e) == "" {
				return c.hides(0, e.DN+": "+server.IDAttribute+" is missing, or hidden from the bridge's account")
			}
		}
	}
	return c.complete(ctx, entries)
}

// send sends the request for the search. The error of a filter that cannot be read does not repeat it: its values are people's.
func send(l *ldap.Conn, r *ldap.SearchRequest) (*ldap.SearchResult, error) {
	found, err := l.Search(r)
	if ldap.IsErrorWithCode(err, ldap.ErrorFilterCompile) {
		return nil, &Error{Reason: reason.Invalid, Cause: errors.New("the filter cannot be read")}
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

// readEntries takes the entries over as they are. Search references are left: referrals are never followed.
func readEntries(found []*ldap.Entry, asked []string) []*ldif.Entry {
	entries := make([]*ldif.Entry, 0, len(found))
	for _, f := range found {
		e := &ldif.Entry{DN: f.DN, Asked: asked, Attributes: make([]ldif.Attribute, 0, len(f.Attributes))}
		for _, a := range f.Attributes {
			e.Attributes = append(e.Attributes, ldif.Attribute{Name: a.Name, Values: a.Values}) // each the octets as they came
		}
		entries = append(entries, e)
	}
	return entries
}
