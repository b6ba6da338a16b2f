package bridge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
)

// This file finds the places of a list, that its pages are cut from. They are kept while nothing is written (snapshot.go).

// item is a place in a list.
type item struct {
	part int
	id   string
}

// found is an entry that a listing holds, on its way to its place.
type found struct {
	item
	entry    *ldif.Entry
	resource scim.Resource // nil: nothing was to be decided
}

// items are the places of the list: those of a snapshot where nothing was written since, but a first page is always found anew.
func (l *listing) items(ctx context.Context) ([]item, error) {
	first := l.query.Cursor == nil && l.query.StartIndex <= 1 || l.query.Cursor != nil && *l.query.Cursor == ""
	mark, err := l.b.mark(ctx, l.types[0].Map)
	if err != nil {
		return nil, err
	}
	at := moment{list: l.key(), mark: mark}
	if !first {
		if items, ok := l.b.snapshots.get(at); ok {
			return items, nil
		}
	}
	return l.b.snapshots.shared(ctx, at, l.enumerate)
}

// mark is a text that is another after each write of this copy of the bridge, and after anybody's that the directory tells of; "": it does
// not. The error is that the directory does not answer.
func (b *Bridge) mark(ctx context.Context, m *ldapmap.Map) (string, error) {
	b.mu.Lock()
	plans := b.written
	b.mu.Unlock()
	written := plans.Load() // slapd may confirm a write beside an earlier one that it has yet to confirm, and tell of both then
	var bases []string
	for _, t := range m.Types {
		bases = append(bases, t.Bases()...)
	}
	mark, err := b.directory.Mark(ctx, bases)
	if err != nil || mark == "" {
		return "", err
	}
	return fmt.Sprintf("%s%d", mark, written), nil
}

// enumerate finds the places of every part's matches, in order. What the filter refers to is looked up behind the mark: before, it may yet
// be renamed.
func (l *listing) enumerate(ctx context.Context) (items []item, err error) {
	if err := l.translate(ctx); err != nil {
		return nil, err
	}
	for number := range l.parts {
		if items, err = l.gather(ctx, number, items); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(items, l.order)
	return items, nil
}

// judged is how many entries are decided on together.
const judged = 500

// gather adds the places of a part's matches: of each entry it reads only what decides on it and its place, and keeps the place alone.
func (l *listing) gather(ctx context.Context, number int, items []item) ([]item, error) {
	p := l.parts[number]
	attributes := []string{p.t.Server.IDAttribute}
	if p.decides() {
		attributes = read.Attributes(p.t, p.judges)
	}
	batch := make([]*ldif.Entry, 0, judged)
	decide := func() error {
		refs := ldapmap.Refs{}
		var err error
		if p.decides() {
			refs, err = l.refs(ctx, p, batch, p.judges)
		}
		items = append(items, packed(l.matching(number, batch, refs))...)
		batch = batch[:0]
		return err
	}
	search := directory.Search{Base: p.t.Base, More: p.t.More, Filter: p.ldap, Attributes: attributes}
	err := l.b.directory.Enumerate(ctx, search, func(e *ldif.Entry) error {
		if err := l.count(p); err != nil {
			return err
		}
		if batch = append(batch, e); len(batch) < cap(batch) {
			return nil
		}
		return decide()
	})
	if err == nil {
		err = decide()
	}
	return items, err
}

// packed are the places of what was found. Their ids share one text: there may be a million of them.
func packed(list []found) []item {
	var text strings.Builder
	for _, f := range list {
		text.WriteString(f.id)
	}
	ids, items := text.String(), make([]item, len(list))
	for i, f := range list {
		items[i] = item{f.part, ids[:len(f.id)]}
		ids = ids[len(f.id):]
	}
	return items
}

// count holds an enumeration to what it may look through, and what it may keep.
func (l *listing) count(p *part) error {
	l.seen++
	most, detail := placesMax, "the list has more than %d resources: narrow it with a filter"
	switch {
	case p.remainder != nil:
		most = l.b.limits.LookThrough
		detail = "the filter would look through more than %d resources (limits.lookThrough): name a value that the directory can search for"
	case p.sortBy != nil:
		most = l.b.limits.LookThrough
		detail = "the sort would look through more than %d resources (limits.lookThrough): narrow it with a filter"
	}
	if l.seen > most {
		return &scim.Error{Type: scim.TooMany, Detail: fmt.Sprintf(detail, most)}
	}
	return nil
}

// matching keeps of a part's entries those that match, and notes what they are sorted by.
func (l *listing) matching(number int, entries []*ldif.Entry, refs ldapmap.Refs) []found {
	p := l.parts[number]
	var matches []found
	for _, e := range entries {
		if !p.t.IsAmong(e) {
			continue
		}
		f := found{item: item{number, p.t.ID(e)}, entry: e}
		if p.decides() {
			f.resource = l.b.resource(l.call, p.t, e, refs)
			if p.remainder != nil && !p.matcher.Matches(read.Judged(p.t, f.resource, e)) {
				continue
			}
			if p.sortBy != nil {
				l.keys[f.item] = f.resource.SortKey(*p.sortBy)
			}
		}
		matches = append(matches, f)
	}
	return matches
}

// sort orders what was found.
func (l *listing) sort(list []found) {
	slices.SortFunc(list, func(a, b found) int { return l.order(a.item, b.item) })
}

// order compares places as SortBy says; what is equal by that, by type and id.
func (l *listing) order(a, b item) int {
	order := 0
	if by := cmp.Or(l.parts[a.part].sortBy, l.parts[b.part].sortBy); by != nil {
		order = scim.CompareKeys(l.keys[a], l.keys[b], by.Leaf(), l.query.Descending)
	}
	return cmp.Or(order, cmp.Compare(a.part, b.part), strings.Compare(a.id, b.id))
}
