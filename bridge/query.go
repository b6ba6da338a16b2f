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
	c.Foresight.queries(typ, q)
	l, err := b.listing(ctx, c, typ, q)
	if err != nil {
		return nil, err
	}
	var list *List
	if l.isDirect() {
		list, err = l.direct(ctx, l.parts[0])
	} else {
		list, err = l.paged(ctx)
	}
	if err == nil && list.Total == 0 && len(l.parts) == 1 && q.Cursor == nil {
		return l.correlated(ctx, l.parts[0], list)
	}
	return list, err
}

// direct answers a query that few entries can match by one search: one page takes them all. Where they are too large for that, it is a list
// like any other.
func (l *listing) direct(ctx context.Context, p *part) (*List, error) {
	if err := l.translate(ctx); err != nil {
		return nil, err
	}
	wants := func(ref schema.Ref) bool { return p.p.Wants(ref) || p.judges(ref) }
	entries, refs, all, err := l.search(ctx, p, wants, p.ldap)
	switch {
	case err != nil:
		return nil, err
	case !all:
		return l.paged(ctx)
	}
	return l.listed(p, l.matching(0, entries, refs), refs), nil
}
