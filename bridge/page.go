package bridge

import (
	"context"
	"fmt"
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/scim"
)

// Unlimited is the Count of a query that names none.
const Unlimited = 1<<31 - 1

// DefaultPage is how many resources a page has where the client names no count, if limits.page allows it.
const DefaultPage = 100

// List is a ListResponse's content (RFC 7644 §3.4.2).
type List struct {
	Total      int
	StartIndex int    // 0: the page was asked for by cursor
	NextCursor string // "": there is no further page
	Resources  []scim.Resource
}

// pageSize is how many resources a page holds at the most (RFC 7644 §3.4.2.4; RFC 9865 §2.1 has errors of its own).
func (l Limits) pageSize(q Query) (int, error) {
	switch {
	case q.Count == Unlimited:
		return min(DefaultPage, l.Page), nil
	case q.Cursor != nil && (q.Count < 1 || q.Count > l.Page):
		return 0, &scim.Error{Type: scim.InvalidCount, Detail: fmt.Sprintf("count must be between 1 and %d (limits.page)", l.Page)}
	}
	return min(max(q.Count, 0), l.Page), nil
}

// answer begins the answer to a query whose list has so many resources.
func (l *listing) answer(total int) *List {
	if l.query.Cursor != nil {
		return &List{Total: total}
	}
	return &List{Total: total, StartIndex: max(l.query.StartIndex, 1)}
}

// paged answers from the places of the list.
func (l *listing) paged(ctx context.Context) (*List, error) {
	list, places, err := l.page(ctx)
	if err != nil {
		return nil, err
	}
	list.Resources, err = l.read(ctx, places)
	return list, err
}

// page begins the answer, and says which places of the list it shows.
func (l *listing) page(ctx context.Context) (*List, []item, error) {
	items, err := l.items(ctx)
	if err != nil {
		return nil, nil, err
	}
	list := l.answer(len(items))
	if l.query.Cursor == nil {
		return list, cut(items, list.StartIndex-1, l.size), nil
	}
	offset, err := l.locate(items, *l.query.Cursor)
	if err != nil {
		return nil, nil, err
	}
	places := cut(items, offset, l.size)
	if end := offset + len(places); end < len(items) {
		list.NextCursor = l.cursor(end, places[len(places)-1])
	}
	return list, places, nil
}

// listed is the page of what one search found.
func (l *listing) listed(p *part, matches []found, refs ldapmap.Refs) *List {
	l.sort(matches)
	list := l.answer(len(matches))
	for _, f := range cut(matches, list.StartIndex-1, l.size) {
		if f.resource == nil {
			f.resource = l.b.resource(l.call, p.t, f.entry, refs)
		}
		list.Resources = append(list.Resources, p.p.Apply(f.resource))
	}
	return list
}

// cut is the part of a list from an offset on.
func cut[T any](list []T, offset, count int) []T {
	offset = min(offset, len(list))
	return list[offset:min(offset+count, len(list))]
}

// read shows the resources at these places; one that has gone since is left out.
func (l *listing) read(ctx context.Context, items []item) ([]scim.Resource, error) {
	shown := map[item]scim.Resource{}
	for number, p := range l.parts {
		var ids, filters []string
		for _, i := range items {
			if i.part == number {
				ids = append(ids, i.id)
			}
		}
		for some := range slices.Chunk(ids, idsASearch) {
			filters = append(filters, p.t.IDsFilter(some))
		}
		entries, refs, err := l.search(ctx, p, p.p.Wants, filters...)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !p.t.IsAmong(e) { // deleted since, to a place below a base
				continue
			}
			shown[item{number, p.t.ID(e)}] = p.p.Apply(l.b.resource(l.call, p.t, e, refs))
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
