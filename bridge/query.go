package bridge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/ldapmap/search"
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

// Query lists resources of one type, or of all (typ ""), in an order that stays the same: by id, or as SortBy says. A comparison with an id
// or a unique value is one search; anything else enumerates the ids once into a snapshot, and then a page is one search for its ids.
func (b *Bridge) Query(ctx context.Context, c Call, typ string, q Query) (*List, error) {
	m, _, err := b.world(ctx)
	if err != nil {
		return nil, err
	}
	l := &listing{b: b, call: c, m: m, query: q, key: strings.Join([]string{typ, q.Filter, q.SortBy, fmt.Sprint(q.Descending)}, "\x00")}
	if l.size, err = pageSize(q); err != nil {
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
		if _, err := filter.Parse(q.Filter, t.Resource, b.dialect); q.Filter == "" || err == nil {
			known = true
		} else {
			fault = err
			e, _, err := filter.ParseAcross(q.Filter, t.Resource, b.dialect)
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
	if len(l.parts) == 1 && len(l.types) == 1 && q.Cursor == nil && search.IsDirect(l.parts[0].t, l.parts[0].filter) {
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
	size  int    // of a page
	seen  int    // entries that an enumeration has looked at
}

// part is what a listing asks of one resource type.
type part struct {
	t         *ldapmap.Type
	p         *scim.Projection
	filter    filter.Expr
	ldap      string
	remainder filter.Expr
	matcher   *filter.Matcher            // of the remainder
	mentioned map[*schema.Attribute]bool // by the remainder
	sortBy    *schema.Ref                // nil: not sorted, or by what this type has not got
}

// part reads the query for one type; nil where the filter matches none of its resources: across types an attribute that one has not got is
// without a value there (RFC 7644 §3.4.2.1).
func (l *listing) part(ctx context.Context, t *ldapmap.Type) (*part, error) {
	p := &part{t: t, ldap: t.Scope()}
	var err error
	if p.p, err = scim.NewProjection(t.Resource, l.b.dialect, l.query.View.Attributes, l.query.View.Excluded); err != nil {
		return nil, err
	}
	if l.query.SortBy != "" {
		path, known, err := filter.LookupPath(l.query.SortBy, t.Resource, l.b.dialect)
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
	if p.filter, err = filter.Parse(l.query.Filter, t.Resource, l.b.dialect); err != nil {
		every := false
		p.filter, every, err = filter.ParseAcross(l.query.Filter, t.Resource, l.b.dialect)
		if err != nil || p.filter == nil && !every {
			return nil, err
		}
		if p.filter == nil {
			return p, nil
		}
	}
	refs, err := l.b.refs(ctx, l.m, search.IDs(t, p.filter), nil, nil)
	if err != nil {
		return nil, err
	}
	if p.ldap, p.remainder = search.Filter(t, p.filter, refs); p.remainder != nil {
		p.matcher, p.mentioned = filter.NewMatcher(p.remainder), mentioned(p.remainder)
	}
	return p, nil
}

// judges says whether the attribute is needed to decide on an entry and its place, whether shown or not.
func (p *part) judges(ref schema.Ref) bool {
	return p.mentioned[ref.Attr] || p.sortBy != nil && p.sortBy.Attr == ref.Attr
}

// mentioned are the attributes that a filter compares.
func mentioned(e filter.Expr) map[*schema.Attribute]bool {
	found := map[*schema.Attribute]bool{}
	filter.Walk(e, func(c *filter.Compare, in *filter.ValuePath) {
		path := c.Path
		if in != nil {
			path = in.Path
		}
		found[path.Ref.Attr] = true
	})
	return found
}

// decides says that what entries hold decides on them, or on their places, beyond what the directory says.
func (p *part) decides() bool { return p.remainder != nil || p.sortBy != nil }

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
	l.sort(matches)
	start := max(l.query.StartIndex, 1)
	list := &List{Total: len(matches), StartIndex: start}
	for _, f := range page(matches, start-1, l.size) {
		list.Resources = append(list.Resources, l.b.show(l.call, p.t, f.entry, refs, p.p).Resource)
	}
	return list, nil
}

// search finds entries.
func (l *listing) search(ctx context.Context, p *part, text string, wants func(schema.Ref) bool) ([]*ldif.Entry, error) {
	return l.b.directory.Search(ctx, directory.Search{Base: p.t.Base, Filter: text, Attributes: read.Attributes(p.t, wants)})
}

func (l *listing) refs(ctx context.Context, p *part, entries []*ldif.Entry, wants func(schema.Ref) bool) (ldapmap.Refs, error) {
	var dns []string
	var groups []ldif.SID
	for _, e := range entries {
		dns = append(dns, read.References(p.t, e, wants)...)
		groups = append(groups, read.PrimaryGroups(p.t, e, wants)...)
	}
	slices.Sort(dns)
	return l.b.refs(ctx, l.m, nil, slices.Compact(dns), groups)
}
