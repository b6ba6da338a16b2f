package bridge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// Query is a list request (RFC 7644 §3.4.2, RFC 9865 §2).
type Query struct {
	Filter     string // "": all
	SortBy     string // attribute path; "": by id
	Descending bool
	StartIndex int     // 1-based; less is 1
	Count      int     // Unlimited: DefaultPage; less than 0 is 0
	Cursor     *string // nil: pages by index; "": the first page by cursor
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
	StartIndex int    // 0: the page was asked for by cursor
	NextCursor string // "": there is no further page
	Resources  []scim.Resource
}

// Query lists resources of one type, or of all (typ ""), in an order that stays the same: by id, or as SortBy says. A comparison with an id or a
// unique value is one search; anything else enumerates the ids once into a snapshot, and then a page is one search for its ids.
func (b *Bridge) Query(ctx context.Context, c Call, typ string, q Query) (*List, error) {
	m, _, err := b.world(ctx)
	if err != nil {
		return nil, err
	}
	l := &listing{b: b, call: c, m: m, query: q, key: strings.Join([]string{typ, q.Filter, q.SortBy, fmt.Sprint(q.Descending)}, "\x00")}
	if l.count, err = pageSize(q); err != nil {
		return nil, err
	}
	l.types = m.Types
	if t := m.Type(typ); t != nil {
		l.types = []*ldapmap.Type{t}
	} else if typ != "" {
		return nil, errNotFound
	}
	known := false // some type has got what the filter names
	var fault error
	for _, t := range l.types {
		if _, err := filter.Parse(q.Filter, t.ResourceType()); q.Filter == "" || err == nil {
			known = true
		} else {
			fault = err
			e, _, err := filter.ParseAcross(q.Filter, t.ResourceType())
			known = known || len(l.types) > 1 && err == nil && e != nil
		}
	}
	if !known {
		return nil, fault
	}
	for _, t := range l.types {
		p, err := l.part(ctx, t)
		if err != nil {
			return nil, err
		}
		if p != nil {
			l.parts = append(l.parts, p)
		}
	}
	if len(l.parts) == 1 && len(l.types) == 1 && q.Cursor == nil && l.parts[0].t.IsDirect(l.parts[0].filter) {
		return l.direct(ctx)
	}
	return l.paged(ctx)
}

// pageSize is how many resources a page holds at the most (RFC 7644 §3.4.2.4; RFC 9865 §2.1 has errors of its own).
func pageSize(q Query) (int, error) {
	switch {
	case q.Count == Unlimited:
		return DefaultPage, nil
	case q.Cursor != nil && (q.Count < 1 || q.Count > MaxPage):
		return 0, &scim.Error{Type: scim.InvalidCount, Detail: fmt.Sprintf("count must be between 1 and %d", MaxPage)}
	}
	return min(max(q.Count, 0), MaxPage), nil
}

// listing is a query on its way.
type listing struct {
	b     *Bridge
	call  Call
	m     *ldapmap.Map
	query Query
	types []*ldapmap.Type
	parts []*part
	key   string // of the snapshot
	count int
}

// part is what a listing asks of one resource type.
type part struct {
	t         *ldapmap.Type
	p         *scim.Projection
	filter    filter.Expr
	ldap      string
	remainder filter.Expr
	sortBy    *schema.Ref // nil: not sorted, or by what this type has not got
}

// item is a place in a list.
type item struct {
	part int
	id   string
}

// found is an entry that a listing holds, on its way to its place.
type found struct {
	item
	entry *ldif.Entry
	key   any
}

// part reads the query for one type; nil where the filter matches none of its resources: across types an attribute that one has not got is without
// a value there (RFC 7644 §3.4.2.1).
func (l *listing) part(ctx context.Context, t *ldapmap.Type) (*part, error) {
	p := &part{t: t, ldap: t.Scope()}
	var err error
	if p.p, err = scim.NewProjection(t.ResourceType(), l.query.View.Attributes, l.query.View.Excluded); err != nil {
		return nil, err
	}
	if l.query.SortBy != "" {
		path, known, err := filter.LookupPath(l.query.SortBy, t.ResourceType())
		if err != nil {
			return nil, err
		}
		switch {
		case known && path.Attr.Ref.Attr != nil:
			p.sortBy = &path.Attr.Ref
		case len(l.types) == 1:
			return nil, &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("sortBy: %s has no attribute %q", t.Name, l.query.SortBy)}
		}
	}
	if l.query.Filter == "" {
		return p, nil
	}
	if p.filter, err = filter.Parse(l.query.Filter, t.ResourceType()); err != nil {
		every := false
		if p.filter, every, err = filter.ParseAcross(l.query.Filter, t.ResourceType()); err != nil || p.filter == nil && !every {
			return nil, err
		}
		if p.filter == nil {
			return p, nil
		}
	}
	refs, err := l.b.refs(ctx, l.m, t.FilterIDs(p.filter), nil)
	if err != nil {
		return nil, err
	}
	p.ldap, p.remainder = t.Filter(p.filter, refs)
	return p, nil
}

// judges says whether the attribute is needed to decide on an entry and its place, whether shown or not.
func (p *part) judges(ref schema.Ref) bool {
	return p.remainder != nil && mentions(p.remainder, ref) || p.sortBy != nil && p.sortBy.Attr == ref.Attr
}

// direct answers a query that few entries can match by one search.
func (l *listing) direct(ctx context.Context) (*List, error) {
	p := l.parts[0]
	wants := func(ref schema.Ref) bool { return p.p.Wants(ref) || p.judges(ref) }
	entries, err := l.search(ctx, p, p.ldap, wants)
	if err != nil {
		return nil, err
	}
	refs, err := l.refs(ctx, p, entries, wants)
	if err != nil {
		return nil, err
	}
	matches := l.matching(0, entries, refs)
	start := max(l.query.StartIndex, 1)
	list := &List{Total: len(matches), StartIndex: start}
	for _, f := range page(matches, start-1, l.count) {
		list.Resources = append(list.Resources, l.b.show(l.call, p.t, f.entry, refs, p.p).Resource)
	}
	return list, nil
}

// page is the part of a list from an offset on.
func page[T any](list []T, offset, count int) []T {
	offset = min(offset, len(list))
	return list[offset:min(offset+count, len(list))]
}

// matching keeps of a part's entries those that match, in order.
func (l *listing) matching(number int, entries []*ldif.Entry, refs ldapmap.Refs) []found {
	p := l.parts[number]
	var matches []found
	for _, e := range entries {
		f := found{item: item{number, p.t.ID(e)}, entry: e}
		if p.remainder != nil || p.sortBy != nil {
			r := l.b.resource(l.call, p.t, e, refs)
			if p.remainder != nil && !filter.Matches(p.remainder, r) {
				continue
			}
			if p.sortBy != nil {
				f.key = r.SortKey(*p.sortBy)
			}
		}
		matches = append(matches, f)
	}
	l.sort(matches)
	return matches
}

// sort orders a list as SortBy says; what is equal by that, by type and id.
func (l *listing) sort(list []found) {
	slices.SortFunc(list, func(a, b found) int {
		order := 0
		if by := cmp.Or(l.parts[a.part].sortBy, l.parts[b.part].sortBy); by != nil {
			order = scim.CompareKeys(a.key, b.key, by.Leaf(), l.query.Descending)
		}
		return cmp.Or(order, cmp.Compare(a.part, b.part), strings.Compare(a.id, b.id))
	})
}

// paged answers from a snapshot of the matching ids: the first page makes it, a later one uses it, or makes it again.
func (l *listing) paged(ctx context.Context) (*List, error) {
	items, err := l.items(ctx)
	if err != nil {
		return nil, err
	}
	list := &List{Total: len(items)}
	offset := 0
	if l.query.Cursor != nil {
		if offset, err = l.locate(items, *l.query.Cursor); err != nil {
			return nil, err
		}
	} else {
		list.StartIndex = max(l.query.StartIndex, 1)
		offset = list.StartIndex - 1
	}
	wanted := page(items, offset, l.count)
	if l.query.Cursor != nil && offset+len(wanted) < len(items) {
		list.NextCursor = l.cursor(offset+len(wanted), wanted[len(wanted)-1])
	}
	list.Resources, err = l.read(ctx, wanted)
	return list, err
}

// items is the snapshot of the list.
func (l *listing) items(ctx context.Context) ([]item, error) {
	first := l.query.Cursor == nil && l.query.StartIndex <= 1 || l.query.Cursor != nil && *l.query.Cursor == ""
	if !first {
		if items, ok := l.b.snapshots.get(l.key); ok {
			return items, nil
		}
	}
	var all []found
	for number := range l.parts {
		matches, err := l.enumerate(ctx, number)
		if err != nil {
			return nil, err
		}
		all = append(all, matches...)
	}
	l.sort(all)
	items := make([]item, len(all))
	for i, f := range all {
		items[i] = f.item
	}
	l.b.snapshots.put(l.key, items)
	return items, nil
}

// enumerate gathers a part's matches, reading of each entry only what decides on it and its place.
func (l *listing) enumerate(ctx context.Context, number int) ([]found, error) {
	p := l.parts[number]
	attributes := p.t.IDAttributes()
	if p.remainder != nil || p.sortBy != nil {
		attributes = p.t.Attributes(p.judges)
	}
	var entries []*ldif.Entry
	err := l.b.directory.Enumerate(ctx, directory.Search{Base: p.t.Base, Filter: p.ldap, Attributes: attributes}, func(e *ldif.Entry) error {
		if entries = append(entries, e); p.remainder != nil && len(entries) > l.b.limits.LookThrough {
			return &scim.Error{Type: scim.TooMany, Detail: fmt.Sprintf("the filter would look through more than %d resources: name a value that the directory can search for", l.b.limits.LookThrough)}
		}
		return nil
	})
	if err != nil && reasonOf(err) != reason.NoSuchObject {
		return nil, err
	}
	refs := ldapmap.Refs{}
	if p.remainder != nil || p.sortBy != nil {
		if refs, err = l.refs(ctx, p, entries, p.judges); err != nil {
			return nil, err
		}
	}
	return l.matching(number, entries, refs), nil
}

// idsASearch is how many ids one search names: servers bound a filter's size.
const idsASearch = 500

// read shows the resources at these places; one that has gone since is left out.
func (l *listing) read(ctx context.Context, items []item) ([]scim.Resource, error) {
	shown := map[item]scim.Resource{}
	for number, p := range l.parts {
		var ids []string
		for _, i := range items {
			if i.part == number {
				ids = append(ids, i.id)
			}
		}
		var entries []*ldif.Entry
		for some := range slices.Chunk(ids, idsASearch) {
			found, err := l.search(ctx, p, p.t.IDsFilter(some), p.p.Wants)
			if err != nil {
				return nil, err
			}
			entries = append(entries, found...)
		}
		refs, err := l.refs(ctx, p, entries, p.p.Wants)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			shown[item{number, p.t.ID(e)}] = l.b.show(l.call, p.t, e, refs, p.p).Resource
		}
	}
	var resources []scim.Resource
	for _, i := range items {
		if r, ok := shown[i]; ok {
			resources = append(resources, r)
		}
	}
	return resources, nil
}

// search finds entries; where the base is not there yet, there are none.
func (l *listing) search(ctx context.Context, p *part, text string, wants func(schema.Ref) bool) ([]*ldif.Entry, error) {
	found, err := l.b.directory.Search(ctx, directory.Search{Base: p.t.Base, Filter: text, Attributes: p.t.Attributes(wants)})
	if reasonOf(err) == reason.NoSuchObject {
		return nil, nil
	}
	return found, err
}

func (l *listing) refs(ctx context.Context, p *part, entries []*ldif.Entry, wants func(schema.Ref) bool) (ldapmap.Refs, error) {
	var dns []string
	for _, e := range entries {
		dns = append(dns, p.t.References(e, wants)...)
	}
	slices.Sort(dns)
	return l.b.refs(ctx, l.m, nil, slices.Compact(dns))
}
