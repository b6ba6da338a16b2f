package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// Search is a subtree search: a base, a filter, and further bases that are searched by it too. Who runs it says with which attributes
// entries are read.
type Search struct {
	Base, Filter string
	More         []string
}

// Chunk is the most values that one Modify names: servers bound a request's size.
const Chunk = 500

// SearchChunk is the most values that one search names: a server compares each entry that it finds with all that are named.
const SearchChunk = 50

// LookUp are the searches that resolve ids and names of entries of any type to one another, in batches that servers take, and find those
// whose primary group is one of groups.
func (m *Map) LookUp(ids []string, names []Name, groups []ldif.SID) []Search {
	if len(m.Types) == 0 {
		return nil
	}
	var clauses []string
	known := map[string]bool{}
	for _, id := range ids {
		if key := strings.ToLower(id); !known[key] {
			known[key] = true
			if f, ok := m.Server.IDFilter(id); ok {
				clauses = append(clauses, f)
			}
		}
	}
	clauses = append(clauses, m.named(names)...)
	for _, group := range groups {
		clauses = append(clauses, m.Server.PrimaryGroup.Filter(group))
	}
	return m.lookUp(clauses, m.anyScope)
}

// Without are those of the ids that none of the entries has.
func (m *Map) Without(ids []string, found []*ldif.Entry) []string {
	known := make(map[string]bool, len(found))
	for _, e := range found {
		known[strings.ToLower(m.Server.ID(e))] = true
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return known[strings.ToLower(id)] })
}

// LookAt are the searches for the entries with the DNs, of whatever kind they are, as LookUp's.
func (m *Map) LookAt(dns []string) []Search { return m.lookUp(m.named(DNs(dns...)), "") }

func (m *Map) named(names []Name) (clauses []string) {
	for _, name := range names {
		switch {
		case name.Of != "":
			clauses = append(clauses, ldif.Equality(name.Of, name.Value))
		case m.Covers(name.Value):
			clauses = append(clauses, ldif.Equality(m.Server.DNAttribute, name.Value))
		}
	}
	return clauses
}

func (m *Map) lookUp(clauses []string, scope string) (searches []Search) {
	for part := range slices.Chunk(clauses, SearchChunk) {
		for _, base := range m.lookUpBases {
			searches = append(searches, Search{Base: base, Filter: ldif.AllOf(ldif.AnyOf(part...), scope)})
		}
	}
	return searches
}

// prepare says where and among what LookUp looks.
func (m *Map) prepare() {
	var scopes []string
	for _, t := range m.Types {
		m.lookUpBases = append(m.lookUpBases, t.Bases()...)
		scopes = append(scopes, t.scopeText)
	}
	if common := ldif.CommonBase(m.lookUpBases...); common != "" {
		m.lookUpBases = []string{common}
	}
	m.anyScope = ldif.AnyOf(scopes...)
}

// Bases are the places that the directory is searched below: those of the types, and what several of them have in common where they are
// searched at once, for what refers to one another.
func (m *Map) Bases() []string {
	var bases []string
	add := func(base string) {
		same := func(other string) bool { return m.Server.SameDN(base, other) }
		if base != "" && !slices.ContainsFunc(bases, same) {
			bases = append(bases, base)
		}
	}
	for _, t := range m.Types {
		for _, base := range t.Bases() {
			add(base)
		}
		if t.Leaving != nil {
			add(t.Leaving.Place)
		}
	}
	for _, base := range m.Elsewhere.Bases {
		add(base)
	}
	add(ldif.CommonBase(m.Elsewhere.Bases...))
	if m.HasReferences() {
		for i, t := range m.Types {
			for _, other := range m.Types[i+1:] {
				add(ldif.CommonBase(append(t.Bases(), other.Bases()...)...))
			}
		}
	}
	return bases
}

// Outermost are those of the bases that lie below no other.
func (m *Map) Outermost() []string {
	all := m.Bases()
	return slices.DeleteFunc(slices.Clone(all), func(base string) bool {
		return slices.ContainsFunc(all, func(other string) bool {
			return !m.Server.SameDN(base, other) && m.Server.Under(base, other)
		})
	})
}

// Covers says whether the DN lies under a mapped base: others are nobody's.
func (m *Map) Covers(dn string) bool {
	return slices.ContainsFunc(m.Types, func(t *Type) bool { return t.Covers(dn) })
}

// LookUpAttributes are the attributes that Refs judges an entry by.
func (m *Map) LookUpAttributes() []string {
	names := []string{m.Server.IDAttribute}
	if p := m.Server.PrimaryGroup; p != nil {
		names = append(names, p.Attribute, p.SID)
	}
	for _, t := range m.Types {
		needed := t.scope.Attributes()
		for _, naming := range t.Namings {
			needed = append(needed, naming.Of)
		}
		for _, name := range needed {
			if !ldif.Named(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// IDFilter is the LDAP filter for the entry of this type with the id; false where the text is no id of this directory.
func (t *Type) IDFilter(id string) (string, bool) {
	f, ok := t.Server.IDFilter(id)
	return ldif.AllOf(f, t.scopeText), ok
}

// IDsFilter is the LDAP filter for the entries of this type with these ids.
func (t *Type) IDsFilter(ids []string) string {
	filters := make([]string, 0, len(ids))
	for _, id := range ids {
		if f, ok := t.Server.IDFilter(id); ok {
			filters = append(filters, f)
		}
	}
	return ldif.AllOf(ldif.AnyOf(filters...), t.scopeText)
}
