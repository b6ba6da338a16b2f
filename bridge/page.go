package bridge

import (
	"context"
	"fmt"
	"slices"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
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
	list, places, offset, err := l.page(ctx)
	if err != nil {
		return nil, err
	}
	var come int
	if list.Resources, come, err = l.read(ctx, places); err != nil {
		return nil, err
	}
	if come < len(places) && l.query.Cursor != nil {
		list.NextCursor = l.cursor(offset+come, places[come-1])
	}
	return list, nil
}

// page begins the answer, and says which places of the list it shows, from which one on.
func (l *listing) page(ctx context.Context) (list *List, places []item, offset int, err error) {
	items, err := l.items(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	list = l.answer(len(items))
	if l.query.Cursor == nil {
		return list, cut(items, list.StartIndex-1, l.size), list.StartIndex - 1, nil
	}
	if offset, err = l.locate(items, *l.query.Cursor); err != nil {
		return nil, nil, 0, err
	}
	places = cut(items, offset, l.size)
	if end := offset + len(places); end < len(items) {
		list.NextCursor = l.cursor(end, places[len(places)-1])
	}
	return list, places, offset, nil
}

// listed is the page of what one search found, which there is room for.
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

const (
	// pageOctets is what the entries on a page may take, or one of them alone: as an answer it takes several times as much memory.
	pageOctets = 16 << 20
	// unknownSize is how many entries that may be large are asked for while it is not known how large they are.
	unknownSize = 10
)

// read shows the resources at these places, and says how many of the places it has come by. It ends the page when the entries take
// pageOctets. However many are asked for at once, no more are read than there is room for: those that came before others that are missing
// are read again with these, fewer at a time.
func (l *listing) read(ctx context.Context, items []item) (resources []scim.Resource, come int, err error) {
	next, largest, octets := len(items), 1, 0
	if slices.ContainsFunc(l.parts, (*part).mayBeLarge) {
		next = unknownSize
	}
	for come < len(items) && octets < pageOctets {
		some := cut(items, come, next)
		shown, err := l.show(ctx, some, pageOctets-octets)
		if err != nil {
			return nil, 0, err
		}
		resources, come, octets = append(resources, shown.resources...), come+shown.come, octets+shown.octets
		largest = max(largest, shown.largest)
		next = max(1, (pageOctets-octets)/largest)
		if shown.come < len(some) {
			next = max(1, min(next, len(some)/2))
		}
	}
	return resources, come, nil
}

// mayBeLarge says that an entry of the part may take very much: by its members, or by a photo or the like.
func (p *part) mayBeLarge() bool {
	if p.t.HasMembers() && p.p.Wants(p.t.MemberRef()) {
		return true
	}
	for _, s := range p.t.Sources {
		a := p.t.Server.Schema.Attribute(s.Attribute)
		if a != nil && (a.Syntax == ldif.SyntaxJPEG || a.Syntax == ldif.SyntaxOctetString) && slices.ContainsFunc(s.For, p.p.Wants) {
			return true
		}
	}
	return false
}

// shown is what was read for places of a list.
type shown struct {
	resources []scim.Resource
	come      int // by how many of the places
	octets    int // that their entries take
	largest   int // octets that an entry was seen to take
}

// show makes the resources at these places, as far as there is room for so many octets: where that is full, up to the first place whose
// entry was not read. One that has gone since is left out.
func (l *listing) show(ctx context.Context, items []item, octets int) (s shown, err error) {
	room, read := directory.NewRoom(octets), map[item]*ldif.Entry{}
	for number, p := range l.parts {
		var ids, filters []string
		for _, i := range items {
			if i.part == number {
				ids = append(ids, i.id)
			}
		}
		for some := range slices.Chunk(ids, ldapmap.SearchChunk) {
			filters = append(filters, p.t.IDsFilter(some))
		}
		if room.Full() || len(filters) == 0 {
			continue
		}
		entries, err := l.find(ctx, p, p.p.Wants, room, filters...)
		if err != nil {
			return s, err
		}
		for _, e := range entries {
			read[item{number, p.t.ID(e)}] = e
			s.largest = max(s.largest, e.Octets())
		}
	}
	for s.come < len(items) && (read[items[s.come]] != nil || !room.Full()) {
		s.come++
	}
	items = items[:s.come]
	refs := make([]ldapmap.Refs, len(l.parts))
	for number, p := range l.parts {
		var entries []*ldif.Entry
		for _, i := range items {
			if e := read[i]; i.part == number && e != nil {
				s.octets += e.Octets()
				entries = append(entries, e)
			}
		}
		if refs[number], err = l.refs(ctx, p, entries, p.p.Wants); err != nil {
			return s, err
		}
	}
	for _, i := range items {
		if p, e := l.parts[i.part], read[i]; e != nil && p.t.IsAmong(e) { // and was not moved since, to a place below a base
			s.resources = append(s.resources, p.p.Apply(l.b.resource(l.call, p.t, e, refs[i.part])))
		}
	}
	return s, nil
}
