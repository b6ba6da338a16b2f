package ldapmap

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// Memberships is how the groups of a type's entries are found: from an attribute in which the server keeps their DNs, by the primary group,
// and by what groups hold themselves.
type Memberships struct {
	SCIM       schema.Ref
	Transitive bool
	Attribute  string             // LDAP; "": none, or not to be trusted
	Primary    *ldif.PrimaryGroup // nil: there is none
	Chain      string             // matching rule that follows the attribute through any number of groups; "": none

	groups *Type
	by     []*Reference // of groups, that the attribute does not tell of
}

// setMemberships says how the groups of the types are found whose map serves them. Which server keeps the attribute is a trait: a schema
// may define it where nothing fills it in, so that elsewhere the map has to name it.
func (m *Map) setMemberships(all []*compile.Type) (faults compile.Faults) {
	groups := m.Type("Group")
	for i, t := range m.Types {
		o := all[i].Options.Groups
		if o == (compile.GroupsOptions{}) || groups == nil {
			continue
		}
		ref, _ := t.Resource.Resolve("", "groups", "")
		ms := &Memberships{SCIM: ref, Transitive: o.Show == "transitive", Attribute: m.Server.Backlink, groups: groups}
		if o.Attribute != "" {
			ms.Attribute = o.Attribute
			path := fmt.Sprintf("[%d].groups.attribute", i)
			switch definition := m.Server.Schema.Attribute(o.Attribute); {
			case definition == nil:
				faults = append(faults, compile.Fault{Path: path, Problem: o.Attribute + " is not in the directory's schema"})
			case !holdsDNs(definition):
				faults = append(faults, compile.Fault{Path: path, Problem: o.Attribute + " holds no DNs in the directory's schema"})
			}
		}
		ms.Attribute = t.Canonical(ms.Attribute)
		if p := m.Server.Privilege; p != nil && t.IsSame(ms.Attribute, m.Server.Backlink) {
			ms.Chain = p.MemberOf
		}
		for _, r := range groups.Members {
			if r.Primary != nil {
				ms.Primary = r.Primary
			}
			if ms.Attribute == "" || r.Of != "" || r.Suffixes {
				ms.by = append(ms.by, r)
			}
		}
		t.Groups = ms
	}
	return faults
}

// Sources are the LDAP attributes that an entry is read with for its groups.
func (ms *Memberships) Sources() []string {
	var names []string
	if ms.Attribute != "" {
		names = append(names, ms.Attribute)
	}
	if ms.Primary != nil {
		names = append(names, ms.Primary.Attribute, ms.Primary.SID)
	}
	return names
}

// IsGroups says that the SCIM attribute is the groups of a User, and served.
func (t *Type) IsGroups(ref schema.Ref) bool {
	return t.Groups != nil && ref.Attr != nil && ref.Attr == t.Groups.SCIM.Attr
}

// Has says that the target is a group.
func (ms *Memberships) Has(t Target) bool { return t.Type == ms.groups.Name }

// Filter cannot miss anybody in the group. It is not exact where some may be found who show the group by no groups that SCIM knows.
func (ms *Memberships) Filter(group Target, refs Refs) (text string, exact bool) {
	texts, of := []string{ldif.Equality(ms.Attribute, group.DN)}, []ldif.SID{group.SID}
	switch {
	case len(ms.by) > 0 || ms.Transitive && ms.Chain == "":
		return ldif.Everything, false
	case ms.Transitive:
		texts[0], of = ms.chained(group.DN), append(of, refs.below[group.ID]...)
	}
	for _, sid := range of {
		if ms.Primary != nil && sid != "" {
			texts = append(texts, ms.Primary.Filter(sid))
		}
	}
	return ldif.AnyOf(texts...), !ms.Transitive
}

func (ms *Memberships) chained(dn string) string {
	return "(" + ms.Attribute + ":" + ms.Chain + ":=" + ldif.EscapeFilter(dn) + ")"
}

// Below finds the groups in a group, at any depth, whose primary members Filter must know of; false where it need not.
func (ms *Memberships) Below(group Target) (s Search, needed bool) {
	if !ms.Has(group) || !ms.Transitive || ms.Chain == "" || ms.Primary == nil || len(ms.by) > 0 {
		return s, false
	}
	return Search{Base: ms.groups.Base, More: ms.groups.More, Filter: ldif.AllOf(ms.chained(group.DN), ms.groups.scopeText)}, true
}

// WithBelow are the references with the groups found in a group.
func (r Refs) WithBelow(group Target, p *ldif.PrimaryGroup, found []*ldif.Entry) Refs {
	if r.below == nil {
		r.below = map[string][]ldif.SID{}
	}
	for _, e := range found {
		r.below[group.ID] = append(r.below[group.ID], ldif.SID(e.Value(p.SID)))
	}
	return r
}

// Of is a group that somebody is in.
type Of struct {
	Group  Target
	Direct bool
}

// Climb finds the groups of entries, one level at a time: what holds them, what holds that, until there is nothing new. It ends where
// groups hold one another in a circle, for each is looked at once.
type Climb struct {
	ms      *Memberships
	start   []string            // ids
	parents map[string][]string // ids of groups, by the id of what is in them
	groups  map[string]Target   // by id
	level   []*ldif.Entry       // whose groups are looked for
	levels  int
}

// levels is how deep groups are followed in groups.
const levels = 32

// Climb begins at the entries.
func (ms *Memberships) Climb(entries []*ldif.Entry) *Climb {
	c := &Climb{ms: ms, parents: map[string][]string{}, groups: map[string]Target{}, level: entries}
	for _, e := range entries {
		c.start = append(c.start, ms.groups.ID(e))
	}
	return c
}

// Level is a search for the groups of a level. Of Values each group is read with those alone, where the server can: it may have many more.
type Level struct {
	Search
	Attributes []string
	Values     []ldif.Attribute
}

// Searches are those of the next level; none: the climb has ended. names are the attributes that a group's name is made of.
func (c *Climb) Searches(names []string) (searches []Level) {
	if len(c.level) == 0 || c.levels == levels || c.levels > 0 && !c.ms.Transitive {
		return nil
	}
	c.levels++
	t := c.ms.groups
	var clauses []ldif.Attribute // an attribute with one value
	asked := map[string]bool{}
	ask := func(attribute, value string) {
		if key := attribute + "\x00" + value; !asked[key] {
			asked[key] = true
			clauses = append(clauses, ldif.Attribute{Name: attribute, Values: []string{value}})
		}
	}
	for _, e := range c.level {
		for _, dn := range c.listed(e) {
			if t.Covers(dn) {
				ask(t.Server.DNAttribute, dn)
			}
		}
		if sid := c.ms.Primary.Of(e); sid != "" {
			ask(c.ms.Primary.SID, string(sid))
		}
		for _, r := range c.ms.by {
			if r.Suffixes {
				continue
			}
			for _, name := range c.calls(r, e) {
				ask(r.Attribute, name)
			}
		}
	}
	attributes := slices.Concat(t.Map.LookUpAttributes(), names, c.ms.Sources())
	for _, r := range c.ms.by {
		attributes = append(attributes, r.Attribute)
	}
	slices.SortFunc(attributes, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	attributes = slices.CompactFunc(attributes, strings.EqualFold)
	for part := range slices.Chunk(clauses, SearchChunk) {
		l := Level{Attributes: attributes}
		var filters []string
		for _, clause := range part {
			filters = append(filters, c.clause(clause))
			if slices.ContainsFunc(c.ms.by, func(r *Reference) bool { return r.Attribute == clause.Name }) {
				l.Values = append(l.Values, clause)
			}
		}
		l.Search = Search{Base: t.Base, More: t.More, Filter: ldif.AllOf(ldif.AnyOf(filters...), t.scopeText)}
		searches = append(searches, l)
	}
	for _, r := range c.ms.by {
		if r.Suffixes {
			searches = append(searches, c.suffixed(r, attributes)...)
		}
	}
	return searches
}

func (c *Climb) clause(a ldif.Attribute) string {
	if p := c.ms.Primary; p != nil && a.Name == p.SID {
		return ldif.SID(a.Values[0]).Equality(p.SID)
	}
	return ldif.Equality(a.Name, a.Values[0])
}

// listed are the DNs of groups that the server keeps on the entry.
func (c *Climb) listed(e *ldif.Entry) []string {
	if c.ms.Attribute == "" {
		return nil
	}
	return e.Values(c.ms.Attribute)
}

// calls are what the reference calls the entry; none where it refers to no such entries.
func (c *Climb) calls(r *Reference, e *ldif.Entry) []string {
	t := c.ms.groups.Map.TypeOf(e)
	if t == nil || r.To != "" && r.To != t.Name {
		return nil
	}
	return t.Names(r.Naming, e)
}

// Found notes the groups that the level's searches found. name tells their names.
func (c *Climb) Found(found []*ldif.Entry, name func(*Type, *ldif.Entry) string) {
	t := c.ms.groups
	called, listed, primary := map[Name][]string{}, map[string][]string{}, map[ldif.SID][]string{} // the level's ids
	for _, e := range c.level {
		id := t.ID(e)
		for _, dn := range c.listed(e) {
			key := t.Server.NormalDN(dn)
			listed[key] = append(listed[key], id)
		}
		if sid := c.ms.Primary.Of(e); sid != "" {
			primary[sid] = append(primary[sid], id)
		}
		for _, r := range c.ms.by {
			for _, v := range c.calls(r, e) {
				key := r.Calls(v).key(t.Server)
				called[key] = append(called[key], id)
			}
		}
	}
	c.level = nil
	for _, e := range found {
		if !t.Holds(e) {
			continue
		}
		id := t.ID(e)
		if _, known := c.groups[id]; !known {
			c.groups[id] = Target{ID: id, Type: t.Name, DN: e.DN, Name: name(t, e)}
			c.level = append(c.level, e)
		}
		holds := func(ids []string) {
			for _, child := range ids {
				if !slices.Contains(c.parents[child], id) {
					c.parents[child] = append(c.parents[child], id)
				}
			}
		}
		holds(listed[t.Server.NormalDN(e.DN)])
		if c.ms.Primary != nil {
			holds(primary[ldif.SID(e.Value(c.ms.Primary.SID))])
		}
		for _, r := range c.ms.by {
			for _, v := range e.Values(r.Attribute) {
				holds(called[r.Calls(v).key(t.Server)])
			}
		}
	}
}

// Groups are those of the entries that the climb began at, by their ids, in the groups' order of ids.
func (c *Climb) Groups() map[string][]Of {
	all := map[string][]Of{}
	for _, id := range c.start {
		seen := map[string]bool{}
		direct := c.parents[id]
		for next := slices.Clone(direct); len(next) > 0; {
			at := next[0]
			next = next[1:]
			if seen[at] {
				continue
			}
			seen[at] = true
			all[id] = append(all[id], Of{c.groups[at], slices.Contains(direct, at)})
			if c.ms.Transitive {
				next = append(next, c.parents[at]...)
			}
		}
		slices.SortFunc(all[id], func(a, b Of) int { return strings.Compare(a.Group.ID, b.Group.ID) })
	}
	return all
}

// With are the references with the groups of entries, by their ids.
func (r Refs) With(groups map[string][]Of) Refs {
	r.groups = groups
	return r
}

// GroupsOf are the groups of the entry with the id, as far as they were asked for.
func (r Refs) GroupsOf(id string) []Of { return r.groups[id] }
