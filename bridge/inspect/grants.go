package inspect

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Grant is what the bridge's account must be allowed at one place, and no more.
type Grant struct {
	Key   string // of the configuration
	What  string // whose: people, in the name of an access rule
	Base  string // DN
	Alone bool   // the entry itself, and not what is below it

	Makes   []string // structural object classes of the entries below it that it makes, names and removes; alone: its own
	From    []string // DNs from below which it moves such entries here
	Classes []string // those of the entries that it changes; none: of any
	Reads   []string // attributes
	Writes  []string
	Sets    []string // attributes that it writes and need not see: passwords
}

// Grants are those of a map: what its account needs, and no more.
func Grants(s Subject, m *ldapmap.Map) (all []Grant) {
	for i, t := range m.Types {
		all = append(all, typeGrants(s, i, t)...)
	}
	for i, base := range m.Elsewhere.Bases {
		g := Grant{Key: fmt.Sprintf("references.bases[%d]", i), What: "references", Base: base}
		g.Reads = []string{"objectClass", m.Server.IDAttribute, m.Server.DNAttribute, m.Server.VersionAttribute}
		for _, r := range m.Elsewhere.References {
			g.Writes = append(g.Writes, r.Attribute)
		}
		all = append(all, g)
	}
	for _, c := range m.Counters {
		all = append(all, counterGrants(m, c)...)
	}
	for i, group := range s.Guard.PrivilegedGroups {
		g := Grant{Key: fmt.Sprintf("guard.privilegedGroups[%d]", i), What: "privileged", Base: group, Alone: true}
		g.Reads = []string{"objectClass"}
		for _, name := range []string{"member", "uniqueMember"} {
			if m.Server.Schema.Attribute(name) != nil {
				g.Reads = append(g.Reads, name)
			}
		}
		for _, t := range m.Types {
			for _, r := range t.Members {
				g.Reads = append(g.Reads, r.Attribute)
			}
		}
		all = append(all, g)
	}
	if m.Server.MarkInContext {
		for i, t := range m.Types {
			marked := Grant{Key: resource(i, "base"), What: "mark", Base: m.Server.Marked(t.Base), Alone: true}
			marked.Reads = []string{"objectClass", m.Server.MarkAttribute}
			same := func(g Grant) bool { return g.What == marked.What && g.Base == marked.Base }
			if marked.Base != "" && !slices.ContainsFunc(all, same) {
				all = append(all, marked)
			}
		}
	}
	if m.Server.Reached != nil && m.Server.Reached.Apart() { // else it is what the mark is
		all = append(all, reachedGrants(m)...)
	}
	for i := range all {
		all[i].Reads, all[i].Writes = bare(m, all[i].Reads), bare(m, all[i].Writes)
		all[i].Sets = bare(m, all[i].Sets)
	}
	return all
}

// bare are the attributes without their options, each once, by name.
func bare(m *ldapmap.Map, names []string) (all []string) {
	for _, name := range names {
		name, _, _ = strings.Cut(m.Server.Schema.Canonical(name), ";")
		if name != "" && !ldif.Named(all, name) {
			all = append(all, name)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return all
}

// typeGrants are those of the entries of a type.
func typeGrants(s Subject, i int, t *ldapmap.Type) (all []Grant) {
	g := Grant{What: strings.ToLower(t.Name) + "s", From: t.Widest(), Classes: classesOf(s, i, t)}
	if names, ok := rdnOf(t, sample(t, true)); ok {
		g.Writes = append(g.Writes, names...)
	}
	if !t.Server.KeepsClasses {
		g.Writes = append(g.Writes, "objectClass")
	}
	for _, a := range t.Attributes {
		if t.Secret(a.Name) {
			g.Sets = append(g.Sets, a.Name)
		} else {
			g.Writes = append(g.Writes, a.Name)
		}
	}
	if t.Password != nil {
		g.Sets = append(g.Sets, t.Password.LDAP)
	}
	for _, r := range t.References {
		g.Writes = append(g.Writes, r.Attribute)
	}
	g.Reads = append(t.Map.LookUpAttributes(), t.Server.DNAttribute)
	for _, source := range t.Sources {
		g.Reads = append(g.Reads, source.Attribute)
	}
	for _, k := range t.Match {
		g.Reads = append(g.Reads, k.In.LDAP)
	}
	if t.Groups != nil {
		g.Reads = append(g.Reads, t.Groups.Sources()...)
	}
	g.Reads = slices.DeleteFunc(append(g.Reads, g.Writes...), t.Secret)
	for j, base := range t.Bases() {
		own := g
		own.Key, own.Base, own.Makes = resource(i, fmt.Sprintf("base[%d]", j)), base, []string{structural(t)}
		if t.MakesUnits {
			own.Makes = append(own.Makes, ldapmap.UnitClass)
		}
		all = append(all, own)
	}
	if l := t.Leaving; l != nil && l.Place != "" && !t.Covers(l.Place) {
		g.Key, g.Base, g.Makes = resource(i, "delete.to"), l.Place, []string{structural(t)}
		all = append(all, g)
	}
	return all
}

// classesOf are the structural classes that every entry of the type has; none where the map's filter says otherwise.
func classesOf(s Subject, i int, t *ldapmap.Type) (classes []string) {
	if i < len(s.Map.Types) {
		own, err := ldif.ParseFilter(s.Map.Types[i].Options.Filter)
		if err == nil && (ldif.Named(own.Attributes(), "objectClass") || ldif.Named(own.Attributes(), t.Server.Category)) {
			return nil
		}
	}
	return []string{structural(t)}
}

// counterGrants are those of an entry that numbers are taken from, and of what tells whether a number is in use.
func counterGrants(m *ldapmap.Map, c *ldapmap.Counter) (all []Grant) {
	key, own := "resources", Grant{What: "numbers", Base: c.DN, Alone: true, Writes: []string{c.Attribute}}
	for i, t := range m.Types {
		for _, r := range t.Rules {
			if r.Counter == c {
				key = boundKey(i, r)
			}
		}
	}
	own.Key = key
	own.Reads = []string{"objectClass", m.Server.IDAttribute, m.Server.VersionAttribute, m.Server.DNAttribute}
	if len(c.Classes) > 0 {
		own.Makes = c.Classes[:1]
	}
	all = append(all, own)
	for _, context := range c.Contexts {
		all = append(all, Grant{Key: key, What: "numbers in use", Base: context, Reads: append([]string{"objectClass"}, c.Of...)})
	}
	return all
}
