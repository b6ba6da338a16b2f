package bridge

import (
	"context"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// Query is a list request (RFC 7644 §3.4.2).
type Query struct {
	Filter     string // "": all
	StartIndex int    // 1-based; less is 1
	Count      int    // Unlimited: DefaultPage; less than 0 is 0
	View       View
}

// Unlimited is the Count of a query that names none.
const Unlimited = 1<<31 - 1

// Pages.
const (
	DefaultPage = 100  // resources on a page where the client names no count
	MaxPage     = 1000 // resources on a page at the most; announced as filter.maxResults
)

// List is a ListResponse's content (RFC 7644 §3.4.2).
type List struct {
	Total      int
	StartIndex int
	Resources  []scim.Resource
}

// Query lists resources in the order of their ids. A comparison with an id or a unique value is one search; anything else enumerates
// the ids once into a snapshot, and then a page is one search for its ids.
func (b *Bridge) Query(ctx context.Context, c Call, typ string, q Query) (*List, error) {
	m, t, _, err := b.typed(ctx, typ)
	if err != nil {
		return nil, err
	}
	p, err := scim.NewProjection(t.ResourceType(), q.View.Attributes, q.View.Excluded)
	if err != nil {
		return nil, err
	}
	l := &listing{b: b, call: c, m: m, t: t, p: p, key: typ + "\x00" + q.Filter, start: max(q.StartIndex, 1)}
	switch {
	case q.Count == Unlimited:
		l.count = DefaultPage
	default:
		l.count = min(max(q.Count, 0), MaxPage)
	}
	if q.Filter != "" {
		if l.filter, err = filter.Parse(q.Filter, t.ResourceType()); err != nil {
			return nil, err
		}
		refs, err := b.refs(ctx, m, t.FilterIDs(l.filter), nil)
		if err != nil {
			return nil, err
		}
		l.ldap, l.remainder = t.Filter(l.filter, refs)
	} else {
		l.ldap = t.Scope()
	}
	if t.IsDirect(l.filter) {
		return l.direct(ctx)
	}
	return l.paged(ctx)
}

// listing is a query on its way.
type listing struct {
	b    *Bridge
	call Call
	m    *ldapmap.Map
	t    *ldapmap.Type
	p    *scim.Projection
	key  string // of the snapshot

	filter    filter.Expr
	ldap      string
	remainder filter.Expr
	start     int
	count     int
}

// direct answers a query that few entries can match by one search.
func (l *listing) direct(ctx context.Context) (*List, error) {
	wants := func(ref schema.Ref) bool {
		return l.p.Wants(ref) || l.remainder != nil && mentions(l.remainder, ref)
	}
	found, err := l.search(ctx, l.ldap, wants)
	if err != nil {
		return nil, err
	}
	refs, err := l.refs(ctx, found, wants)
	if err != nil {
		return nil, err
	}
	var matches []*ldif.Entry
	for _, e := range found {
		if l.remainder == nil || filter.Matches(l.remainder, l.t.Resource(e, refs)) {
			matches = append(matches, e)
		}
	}
	l.sort(matches)
	list := &List{Total: len(matches), StartIndex: l.start}
	if l.start <= len(matches) {
		for _, e := range matches[l.start-1 : min(l.start-1+l.count, len(matches))] {
			list.Resources = append(list.Resources, l.b.show(l.call, l.t, e, refs, l.p).Resource)
		}
	}
	return list, nil
}

// paged answers from a snapshot of the matching ids: the first page makes it, a later one uses it, or makes it again.
func (l *listing) paged(ctx context.Context) (*List, error) {
	ids := []string(nil)
	ok := false
	if l.start > 1 {
		ids, ok = l.b.snapshots.get(l.key)
	}
	if !ok {
		var err error
		if ids, err = l.enumerate(ctx); err != nil {
			return nil, err
		}
		l.b.snapshots.put(l.key, ids)
	}
	list := &List{Total: len(ids), StartIndex: l.start}
	if l.start > len(ids) || l.count == 0 {
		return list, nil
	}
	page := ids[l.start-1 : min(l.start-1+l.count, len(ids))]
	var found []*ldif.Entry
	for part := range slices.Chunk(page, idsASearch) {
		entries, err := l.search(ctx, l.t.IDsFilter(part), l.p.Wants)
		if err != nil {
			return nil, err
		}
		found = append(found, entries...)
	}
	refs, err := l.refs(ctx, found, l.p.Wants)
	if err != nil {
		return nil, err
	}
	l.sort(found)
	for _, e := range found {
		list.Resources = append(list.Resources, l.b.show(l.call, l.t, e, refs, l.p).Resource)
	}
	return list, nil
}

// idsASearch is how many ids one search names: servers bound a filter's size.
const idsASearch = 500

// enumerate gathers the ids of the entries that match, in order, reading of each only what the remainder compares.
func (l *listing) enumerate(ctx context.Context) ([]string, error) {
	wants := func(ref schema.Ref) bool { return l.remainder != nil && mentions(l.remainder, ref) }
	attributes := l.t.IDAttributes()
	if l.remainder != nil {
		attributes = l.t.Attributes(wants)
	}
	var ids []string
	var candidates []*ldif.Entry
	err := l.b.directory.Enumerate(ctx, directory.Search{Base: l.t.Base, Filter: l.ldap, Attributes: attributes}, func(e *ldif.Entry) error {
		if l.remainder == nil {
			ids = append(ids, l.t.ID(e))
		} else {
			candidates = append(candidates, e)
		}
		return nil
	})
	if err != nil && reasonOf(err) != directory.NotFound {
		return nil, err
	}
	if len(candidates) > 0 {
		refs, err := l.refs(ctx, candidates, wants)
		if err != nil {
			return nil, err
		}
		for _, e := range candidates {
			if filter.Matches(l.remainder, l.t.Resource(e, refs)) {
				ids = append(ids, l.t.ID(e))
			}
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// search finds entries; where the base is not there yet, there are none.
func (l *listing) search(ctx context.Context, text string, wants func(schema.Ref) bool) ([]*ldif.Entry, error) {
	found, err := l.b.directory.Search(ctx, directory.Search{Base: l.t.Base, Filter: text, Attributes: l.t.Attributes(wants)})
	if reasonOf(err) == directory.NotFound {
		return nil, nil
	}
	return found, err
}

func (l *listing) refs(ctx context.Context, entries []*ldif.Entry, wants func(schema.Ref) bool) (ldapmap.Refs, error) {
	var dns []string
	for _, e := range entries {
		dns = append(dns, l.t.References(e, wants)...)
	}
	slices.Sort(dns)
	return l.b.refs(ctx, l.m, nil, slices.Compact(dns))
}

func (l *listing) sort(entries []*ldif.Entry) {
	slices.SortFunc(entries, func(a, b *ldif.Entry) int { return strings.Compare(l.t.ID(a), l.t.ID(b)) })
}
