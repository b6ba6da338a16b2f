package bridge

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/ldapmap/search"
	"scimbridge/scim/schema"
)

// listing is a query on its way.
type listing struct {
	b     *Bridge
	call  Call
	typ   string // that was asked for; "": all
	query Query
	types []*ldapmap.Type
	parts []*part
	size  int          // of a page
	seen  int          // entries that an enumeration has looked at
	keys  map[item]any // what sortBy sorts them by
}

// listing reads a query, for one type or all.
func (b *Bridge) listing(ctx context.Context, c Call, typ string, q Query) (*listing, error) {
	m, _, err := b.world(ctx)
	if err != nil {
		return nil, err
	}
	l := &listing{b: b, call: c, typ: typ, query: q, keys: map[item]any{}}
	if l.size, err = b.limits.pageSize(q); err != nil {
		return nil, err
	}
	l.types = m.Types
	if t := m.Type(typ); t != nil {
		l.types = []*ldapmap.Type{t}
	} else if typ != "" {
		return nil, errNotFound
	}
	for _, t := range l.types {
		if err := c.Role.Check("query", t.Name); err != nil {
			return nil, err
		}
	}
	return l, l.split()
}

// key tells one list from another.
func (l *listing) key() string {
	return strings.Join([]string{l.typ, l.query.Filter, l.query.SortBy, strconv.FormatBool(l.query.Descending)}, "\x00")
}

// isDirect says that few entries can match, and a search finds them.
func (l *listing) isDirect() bool {
	return len(l.parts) == 1 && len(l.types) == 1 && l.query.Cursor == nil && search.IsDirect(l.parts[0].t, l.parts[0].filter)
}

// find finds a part's entries by filters, as far as there is room for them.
func (l *listing) find(
	ctx context.Context, p *part, wants func(schema.Ref) bool, room *directory.Room, filters ...string,
) ([]*ldif.Entry, error) {
	attributes, searches := read.Attributes(p.t, wants), make([]directory.Search, len(filters))
	for i, text := range filters {
		searches[i] = directory.Search{Base: p.t.Base, More: p.t.More, Filter: text, Attributes: attributes, Room: room}
	}
	return l.b.directory.SearchAll(ctx, searches)
}

// search finds a part's entries by a filter, and what they refer to. all says that they are all that there are: there may be no room for
// more on a page.
func (l *listing) search(
	ctx context.Context, p *part, wants func(schema.Ref) bool, filter string,
) (entries []*ldif.Entry, refs ldapmap.Refs, all bool, err error) {
	room := directory.NewRoom(pageOctets)
	if entries, err = l.find(ctx, p, wants, room, filter); err != nil || room.Full() {
		return nil, refs, false, err
	}
	refs, err = l.refs(ctx, p, entries, wants)
	return entries, refs, true, err
}

func (l *listing) refs(ctx context.Context, p *part, entries []*ldif.Entry, wants func(schema.Ref) bool) (ldapmap.Refs, error) {
	var names []ldapmap.Name
	var groups []ldif.SID
	for _, e := range entries {
		names = append(names, read.References(p.t, e, wants)...)
		groups = append(groups, read.PrimaryGroups(p.t, e, wants)...)
	}
	slices.SortFunc(names, func(a, b ldapmap.Name) int {
		return cmp.Or(strings.Compare(a.Of, b.Of), strings.Compare(a.Value, b.Value))
	})
	refs, err := l.b.refs(ctx, p.t, wants, nil, slices.Compact(names), groups)
	if err != nil {
		return refs, err
	}
	return l.b.withGroups(ctx, p.t, wants, refs, entries...)
}
