package bridge

import (
	"context"

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

// Query lists resources of one type, or of all (typ ""), in an order that stays the same: by id, or as SortBy says. A comparison with an id
// or a unique value is one search; anything else enumerates the ids, unless nothing was written since, and reads a page by its ids.
func (b *Bridge) Query(ctx context.Context, c Call, typ string, q Query) (*List, error) {
	l, err := b.listing(ctx, c, typ, q)
	if err != nil {
		return nil, err
	}
	if l.isDirect() {
		return l.direct(ctx, l.parts[0])
	}
	return l.paged(ctx)
}

// direct answers a query that few entries can match by one search.
func (l *listing) direct(ctx context.Context, p *part) (*List, error) {
	if err := l.translate(ctx); err != nil {
		return nil, err
	}
	entries, refs, err := l.search(ctx, p, func(ref schema.Ref) bool { return p.p.Wants(ref) || p.judges(ref) }, p.ldap)
	if err != nil {
		return nil, err
	}
	matches := l.matching(0, entries, refs)
	l.sort(matches)
	list := l.answer(len(matches))
	for _, f := range cut(matches, list.StartIndex-1, l.size) {
		if f.resource == nil {
			f.resource = l.b.resource(l.call, p.t, f.entry, refs)
		}
		list.Resources = append(list.Resources, p.p.Apply(f.resource))
	}
	return list, nil
}
