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
	key      any
}

// items are the places of the list: those of a snapshot where nothing was written since, but a first page is always found anew.
func (l *listing) items(ctx context.Context) ([]item, error) {
	first := l.query.Cursor == nil && l.query.StartIndex <= 1 || l.query.Cursor != nil && *l.query.Cursor == ""
	at := moment{list: l.key(), mark: l.b.directory.Mark(ctx, l.bases())}
	if !first {
		if items, ok := l.b.snapshots.get(at); ok {
			return items, nil
		}
	}
	return l.b.snapshots.shared(ctx, at, l.enumerate)
}

// bases are the places that the list's entries are in, and what they refer to.
func (l *listing) bases() []string {
	var bases []string
	for _, t := range l.types[0].Map.Types {
		bases = append(bases, t.Base)
	}
	return bases
}

// enumerate finds every part's matches, in order.
func (l *listing) enumerate(ctx context.Context) ([]item, error) {
	var all []found
	for number := range l.parts {
		matches, err := l.matches(ctx, number)
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
	return items, nil
}

// matches gathers a part's matches: of each entry it reads only what decides on it and its place, and of that it keeps the place alone.
func (l *listing) matches(ctx context.Context, number int) ([]found, error) {
	p := l.parts[number]
	attributes := []string{p.t.Server.IDAttribute}
	if p.decides() {
		attributes = read.Attributes(p.t, p.judges)
	}
	var matches []found
	batch := make([]*ldif.Entry, 0, idsASearch)
	decide := func() error {
		refs := ldapmap.Refs{}
		var err error
		if p.decides() {
			refs, err = l.refs(ctx, p, batch, p.judges)
		}
		for _, f := range l.matching(number, batch, refs) {
			matches = append(matches, found{item: f.item, key: f.key})
		}
		batch = batch[:0]
		return err
	}
	search := directory.Search{Base: p.t.Base, Filter: p.ldap, Attributes: attributes}
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
	if err != nil {
		return nil, err
	}
	return matches, nil
}

// count holds an enumeration to what it may look through, and what it may keep.
func (l *listing) count(p *part) error {
	l.seen++
	most, detail := placesMax, "the list has more than %d resources: narrow it with a filter"
	switch {
	case p.remainder != nil:
		most = l.b.limits.LookThrough
		detail = "the filter would look through more than %d resources: name a value that the directory can search for"
	case p.sortBy != nil:
		most, detail = l.b.limits.LookThrough, "the sort would look through more than %d resources: narrow it with a filter"
	}
	if l.seen > most {
		return &scim.Error{Type: scim.TooMany, Detail: fmt.Sprintf(detail, most)}
	}
	return nil
}

// matching keeps of a part's entries those that match.
func (l *listing) matching(number int, entries []*ldif.Entry, refs ldapmap.Refs) []found {
	p := l.parts[number]
	var matches []found
	for _, e := range entries {
		f := found{item: item{number, p.t.ID(e)}, entry: e}
		if p.decides() {
			f.resource = l.b.resource(l.call, p.t, e, refs)
			if p.remainder != nil && !p.matcher.Matches(read.Judged(p.t, f.resource, e)) {
				continue
			}
			if p.sortBy != nil {
				f.key = f.resource.SortKey(*p.sortBy)
			}
		}
		matches = append(matches, f)
	}
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
