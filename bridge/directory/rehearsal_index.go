package directory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// index finds touched entries by the values that searches ask for: there may be as many as a company has people. It is brought up to date
// when a search asks.
type index struct {
	held  map[string]holders // by the attribute that was asked for
	dirty map[*rehearsed]struct{}
}

// holders are the entries that hold a value, by its key.
type holders map[string]map[*rehearsed]struct{}

// stale notes that an entry is not what the index has it by.
func (x *index) stale(t *rehearsed) {
	if x.dirty == nil {
		x.dirty, x.held = map[*rehearsed]struct{}{}, map[string]holders{}
	}
	x.dirty[t] = struct{}{}
}

// candidates are those of the touched entries that a filter may find, in the order in which they were touched.
func (p *Rehearsal) candidates(ctx context.Context, c *Client, filter *ldif.Filter) ([]*rehearsed, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	server := c.learned()
	var fault error
	set, known := ldif.Candidates(filter, func(attribute, value string) (map[*rehearsed]struct{}, bool) {
		name := server.Schema.Canonical(attribute)
		switch {
		case fault != nil, strings.EqualFold(name, "objectClass"), strings.EqualFold(name, server.Category):
			return nil, false // by whatever class is above, or as the server fills it in
		case strings.EqualFold(name, server.IDAttribute):
			e := &ldif.Entry{Attributes: []ldif.Attribute{{Name: server.IDAttribute, Values: []string{value}}}}
			return alone(p.byID[strings.ToLower(server.ID(e))]), true
		case strings.EqualFold(name, server.DNAttribute):
			return alone(p.byDN[server.NormalDN(value)]), true
		}
		var held holders
		held, fault = p.holders(ctx, c, name)
		return held[ldif.Key(server.Schema, name, value)], fault == nil
	})
	switch {
	case fault != nil:
		return nil, fault
	case !known:
		return p.touched[:len(p.touched):len(p.touched)], nil
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b *rehearsed) int { return cmp.Compare(a.place, b.place) }), nil
}

func alone(t *rehearsed) map[*rehearsed]struct{} {
	if t == nil {
		return nil
	}
	return map[*rehearsed]struct{}{t: {}}
}

// holders are those of the touched entries that hold values of an attribute.
func (p *Rehearsal) holders(ctx context.Context, c *Client, name string) (holders, error) {
	x, server := &p.index, c.learned()
	behind := maps.Keys(x.dirty)
	if x.held[name] == nil { // asked for the first time
		x.held[name] = holders{}
		behind = func(yield func(*rehearsed) bool) {
			for _, t := range p.touched {
				if !yield(t) {
					return
				}
			}
		}
	}
	needed := listed(server, slices.Sorted(maps.Keys(x.held)))
	for t := range behind {
		e, err := t.now(ctx, c, server, needed)
		if err != nil {
			delete(x.held, name)
			return nil, err
		}
		x.enter(server, t, e)
	}
	clear(x.dirty)
	return x.held[name], nil
}

// enter has the entry found by what it is, and no longer by what it was.
func (x *index) enter(server *ldif.Server, t *rehearsed, e *ldif.Entry) {
	for name, keys := range t.keys {
		for _, key := range keys {
			if delete(x.held[name][key], t); len(x.held[name][key]) == 0 {
				delete(x.held[name], key)
			}
		}
	}
	t.keys = map[string][]string{}
	for name, held := range x.held {
		for _, key := range keysOf(server, e, name) {
			if held[key] == nil {
				held[key] = map[*rehearsed]struct{}{}
			}
			held[key][t] = struct{}{}
			t.keys[name] = append(t.keys[name], key)
		}
	}
}

// keysOf are the keys of the values that an entry has of an attribute, and of those below it.
func keysOf(server *ldif.Server, e *ldif.Entry, name string) (keys []string) {
	if e == nil {
		return nil
	}
	for _, a := range e.Attributes {
		if server.Schema.Covers(name, a.Name) {
			for _, v := range a.Values {
				keys = append(keys, ldif.Key(server.Schema, name, v))
			}
		}
	}
	return keys
}
