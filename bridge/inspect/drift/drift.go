// Package drift finds what was changed outside the bridge in what the map owns, since the journal's last record of each entry.
//
// The journal tells of an entry what the bridge wrote last of each attribute, and of what it never wrote how it first saw it: what the
// bridge saw changed later, and left so, is no less changed outside. What the journal does not tell is not told: what was cut or forgotten,
// passwords, and what nobody knows became of.
package drift

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Kind is what became of an entry outside the bridge.
type Kind string

// The kinds.
const (
	Enabled   Kind = "enabled" // it was blocked
	Blocked   Kind = "blocked"
	Gone      Kind = "gone"
	Back      Kind = "there again" // it was deleted
	Renamed   Kind = "renamed"
	Moved     Kind = "moved"
	Elsewhere Kind = "elsewhere" // it is no resource any more: out of the bases, or of the scope
	Changed   Kind = "changed"
	Removed   Kind = "removed" // members, whom the bridge had added
	Added     Kind = "added"   // members, whom it had taken out
)

// Kinds are all of them, the worst first.
var Kinds = []Kind{Enabled, Blocked, Gone, Back, Elsewhere, Renamed, Moved, Changed, Removed, Added}

// Difference is one thing that was changed.
type Difference struct {
	Kind      Kind       `json:"kind"`
	Attribute string     `json:"attribute,omitempty"` // LDAP
	Left      []string   `json:"left,omitempty"`      // by the bridge
	Now       []string   `json:"now,omitempty"`
	Record    journal.ID `json:"record"` // that tells of it last
	Time      time.Time  `json:"time"`
}

// Entry is an entry in which something was changed.
type Entry struct {
	ID          string       `json:"id"`
	Type        string       `json:"type,omitempty"`
	Name        string       `json:"name,omitempty"`
	DN          string       `json:"dn"`     // that it has, or had last
	Record      journal.ID   `json:"record"` // the last about it
	Time        time.Time    `json:"time"`
	Differences []Difference `json:"differences"`
}

// Sums are what was found in all.
type Sums struct {
	Entries  int          `json:"entries"` // that the journal tells of
	Differ   int          `json:"differ"`  // of them
	Kinds    map[Kind]int `json:"kinds,omitempty"`
	Unknown  int          `json:"unknown,omitempty"`  // of which some is not known: nobody knows what became of a write
	UnderWay int          `json:"underWay,omitempty"` // that the bridge was writing meanwhile: they were left out
}

// Look is where to look.
type Look struct {
	Store     *store.Store
	Directory *directory.Client
	Map       *ldapmap.Map
}

// together is how many entries are compared at a time: what is held in memory.
const together = 400

// All compares the entries with the ids, or all that the journal tells of where there are none.
func (l Look) All(ctx context.Context, ids []string, each func(Entry) error) (sums Sums, err error) {
	sums.Kinds = map[Kind]int{}
	if len(ids) > 0 {
		return sums, l.some(ctx, &sums, ids, each)
	}
	for last := ""; ; {
		keys, err := journal.SubjectsAfter(ctx, l.Store, last, together)
		if err != nil || len(keys) == 0 {
			return sums, err
		}
		last = keys[len(keys)-1]
		keys = slices.DeleteFunc(keys, func(key string) bool {
			_, isID := l.Map.Server.IDFilter(key)
			return !isID
		})
		if err := l.some(ctx, &sums, keys, each); err != nil {
			return sums, err
		}
	}
}

// tries is how often an entry is compared that the bridge itself writes meanwhile.
const tries = 3

// some compares a batch. What differs is looked up in the journal again: the bridge may have written it between the two looks.
func (l Look) some(ctx context.Context, sums *Sums, ids []string, each func(Entry) error) error {
	for n := 0; len(ids) > 0; n++ {
		told, err := l.told(ctx, ids)
		if err != nil {
			return err
		}
		found, err := l.compare(ctx, told)
		if err != nil {
			return err
		}
		var differ, again []string
		for id := range found {
			differ = append(differ, id)
		}
		slices.SortFunc(differ, func(a, b string) int {
			x, y := told[a].last, told[b].last
			return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Record.Seq, y.Record.Seq), strings.Compare(a, b))
		})
		later := map[string]*known{}
		if len(differ) > 0 {
			if later, err = l.told(ctx, differ); err != nil {
				return err
			}
		}
		for _, id := range differ {
			switch e := found[id]; {
			case later[id] == nil: // forgotten, this moment
			case later[id].last == told[id].last:
				if err := each(e); err != nil {
					return err
				}
				sums.note(e)
			case n+1 < tries:
				again = append(again, id)
			default:
				sums.UnderWay++
			}
		}
		for id, k := range told {
			if slices.Contains(again, id) {
				continue
			}
			sums.Entries++
			if k.unsure {
				sums.Unknown++
			}
		}
		ids = again
	}
	return nil
}

func (s *Sums) note(e Entry) {
	s.Differ++
	var kinds []Kind
	for _, d := range e.Differences {
		if !slices.Contains(kinds, d.Kind) {
			kinds = append(kinds, d.Kind)
			s.Kinds[d.Kind]++
		}
	}
}

// told is what the journal tells of the entries with the ids; nothing of those that it does not know.
func (l Look) told(ctx context.Context, ids []string) (map[string]*known, error) {
	t := &teller{m: l.Map, entries: map[string]*known{}}
	for _, id := range ids {
		t.entries[id] = &known{id: id}
	}
	err := journal.Find(ctx, l.Store, journal.Query{Subjects: ids}, func(a journal.Account) error {
		t.tell(a)
		return nil
	})
	for id, k := range t.entries {
		if k.last == (by{}) {
			delete(t.entries, id)
		}
	}
	return t.entries, err
}

// now are the entries as they are, by their ids: looked for where the map is, and then wherever else the directory shows them.
func (l Look) now(ctx context.Context, ids, attributes []string) (map[string]*ldif.Entry, error) {
	server := l.Map.Server
	filters := func(ids []string) (filters []string) {
		for some := range slices.Chunk(ids, ldapmap.SearchChunk) {
			var one []string
			for _, id := range some {
				if filter, ok := server.IDFilter(id); ok {
					one = append(one, filter)
				}
			}
			filters = append(filters, ldif.AnyOf(one...))
		}
		return filters
	}
	found := map[string]*ldif.Entry{}
	note := func(entries []*ldif.Entry) {
		for _, e := range entries {
			found[server.ID(e)] = e
		}
	}
	var searches []directory.Search
	for _, filter := range filters(ids) {
		for _, base := range l.Map.Outermost() {
			searches = append(searches, directory.Search{Base: base, Filter: filter, Attributes: attributes})
		}
	}
	if len(searches) == 0 {
		return found, nil
	}
	entries, err := l.Directory.SearchAll(ctx, searches)
	if err != nil {
		return nil, err
	}
	note(entries)
	missing := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return found[id] != nil })
	if len(missing) == 0 {
		return found, nil
	}
	for _, filter := range filters(missing) {
		for _, base := range server.Contexts {
			entries, err := l.Directory.Look(ctx, directory.Search{Base: base, Filter: filter, Attributes: attributes})
			if err != nil {
				return nil, err
			}
			note(entries)
		}
	}
	return found, nil
}
