// Package maptest is a directory as plain values, for tests of the attribute map: what the bridge would ask a server is answered
// from its entries.
package maptest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
	"go.yaml.in/yaml/v3"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
)

// World is a directory with a map of it. Entries may be changed between plans.
type World struct {
	T       Failer
	Map     *ldapmap.Map
	Server  *ldif.Server
	Entries []*ldif.Entry
}

// Failer is what a test and a drawn one have in common.
type Failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Read reads the configuration's `resources`, as YAML.
func Read(t testing.TB, text string) []compile.Options {
	t.Helper()
	var items []any
	if err := yaml.Unmarshal([]byte(text), &items); err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		classes, _ := item.(map[string]any)["objectClasses"].([]any)
		for i, class := range classes {
			if name, alone := class.(string); alone {
				classes[i] = map[string]any{"class": name}
			}
		}
	}
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(map[string]any{"resources": items}, "."), nil); err != nil {
		t.Fatal(err)
	}
	var all []compile.Options
	if err := k.Unmarshal("resources", &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// New makes a world of a map, as YAML, and entries, as LDIF. Their ids are ID of their numbers.
func New(t testing.TB, kind ldif.ServerKind, mapText, entries string) *World {
	t.Helper()
	compiled, err := compile.Compile(Read(t, mapText))
	if err != nil {
		t.Fatal(err)
	}
	w := &World{T: t, Server: Server(t, kind)}
	var problems compile.Faults
	if w.Map, problems = ldapmap.For(compiled, w.Server); len(problems) > 0 {
		t.Fatal(problems)
	}
	if w.Entries, err = ldif.Parse(entries); err != nil {
		t.Fatal(err)
	}
	for i, e := range w.Entries {
		w.Stamp(e, i)
	}
	return w
}

// Stamp fills in what the server keeps. An id begins with the number of the entry in the file.
func (w *World) Stamp(e *ldif.Entry, i int) {
	e.Set(w.Server.IDAttribute, w.Server.IDValue(ID(i)))
	e.Set(w.Server.DNAttribute, e.DN)
	if w.Server.VersionForm == ldif.VersionInstance {
		e.Set(w.Server.VersionAttribute, "7")
		return
	}
	e.Set("entryCSN", "csn")
	e.Set("createTimestamp", fmt.Sprintf("2026010212000%dZ", i%10))
}

// ID is the id of the entry with the number.
func ID(i int) string { return fmt.Sprintf("%08x-0000-0000-0000-000000000000", i) }

func (w *World) Refs(ids []string, names []ldapmap.Name, groups ...ldif.SID) ldapmap.Refs {
	var found []*ldif.Entry
	for _, s := range w.Map.LookUp(ids, names, groups) {
		found = append(found, w.Search(s)...)
	}
	return w.Map.Refs(found, nil)
}

// See is a resource as the bridge shows it.
func (w *World) See(t *ldapmap.Type, e *ldif.Entry) scim.Resource {
	return read.Resource(t, e, w.Refs(nil, read.References(t, e, nil), read.PrimaryGroups(t, e, nil)...))
}

// Entry finds an entry by its id.
func (w *World) Entry(t *ldapmap.Type, id string) *ldif.Entry {
	w.T.Helper()
	for _, e := range w.Entries {
		if t.ID(e) == id {
			return e
		}
	}
	w.T.Fatalf("no entry %s", id)
	return nil
}

// Draft is the write's draft with the refs that it needs.
func (w *World) Draft(t *ldapmap.Type, write draft.Write) (*draft.Draft, ldapmap.Refs, error) {
	ids := append(draft.ResourceIDs(t, write.After), append(write.Members.Add, write.Members.Remove...)...)
	var names []ldapmap.Name
	if write.Entry != nil {
		names = read.References(t, write.Entry, nil)
	}
	d, err := draft.New(t, write)
	return d, w.Refs(ids, names), err
}

// Plan asks and answers what the bridge would. What makes room for the write comes first in the plan.
func (w *World) Plan(t *ldapmap.Type, write draft.Write, placeholder bool) (ldif.Plan, error) {
	d, refs, err := w.Draft(t, write)
	if err != nil {
		return ldif.Plan{}, err
	}
	p, room, err := w.planDraft(d, refs, placeholder)
	if room == nil {
		return p, err
	}
	first, further, err := w.planDraft(room, ldapmap.Refs{}, placeholder)
	if err != nil || further != nil {
		w.T.Fatalf("making room needs room: %v", err)
	}
	after := w.Clone()
	for _, s := range first.Steps {
		after.Apply(s.Change)
	}
	rest, err := after.Plan(t, write, placeholder)
	rest.Steps, rest.Effects = append(first.Steps, rest.Steps...), append(first.Effects, rest.Effects...)
	return rest, err
}

func (w *World) planDraft(d *draft.Draft, refs ldapmap.Refs, placeholder bool) (p ldif.Plan, room *draft.Draft, err error) {
	facts := draft.Facts{Placeholder: placeholder, Refs: refs, Again: draft.Patience} // nobody else is there
	for {
		p, needs, err := d.Plan(facts)
		if err != nil || needs.None() || needs.Room != nil {
			return p, needs.Room, err
		}
		if needs.Rounds > 0 {
			facts.Rounds = needs.Rounds
		}
		if needs.Search != nil {
			facts.Found = w.Search(*needs.Search)
		}
		for _, n := range needs.Along {
			facts = facts.Told(n, facts.Found)
		}
		if needs.Password != nil {
			facts.Passwords = []string{"random-password"}
		}
		if needs.Chance {
			facts.Chance[0] = 1
		}
		for _, dn := range needs.Places {
			facts = facts.Placed(dn, true)
		}
		if len(needs.Entries) > 0 {
			facts = facts.Seen(w.Server, needs.Entries, w.Entries)
		}
		for _, c := range needs.Numbers {
			facts = facts.Allotted(c, w.take(c))
		}
		for _, n := range needs.Referrers {
			facts = facts.Told(n, w.Search(n.Search))
		}
	}
}

// Text is the entries as LDIF, sorted, each attribute's values sorted: what a directory promises.
func (w *World) Text() string {
	var records []string
	for _, e := range w.Entries {
		e := e.Clone()
		for _, a := range e.Attributes {
			slices.Sort(a.Values)
		}
		slices.SortFunc(e.Attributes, func(a, b ldif.Attribute) int { return strings.Compare(a.Name, b.Name) })
		records = append(records, e.String())
	}
	slices.Sort(records)
	return strings.Join(records, "\n")
}

func (w *World) Clone() *World {
	c := *w
	c.Entries = nil
	for _, e := range w.Entries {
		c.Entries = append(c.Entries, e.Clone())
	}
	return &c
}
