// Package search turns a SCIM filter into an LDAP filter: the narrowest that cannot miss a match. What LDAP cannot say, or says
// otherwise (strings match more loosely there, an attribute without a matching rule matches nothing, not even negated), stays as
// a remainder to evaluate in memory.
package search

import (
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/filter"
)

// translated is an LDAP filter that matches at least what the SCIM filter matches, and what is left to evaluate.
type translated struct {
	ldap      string
	remainder filter.Expr // nil: the LDAP filter is exact
}

var (
	everything = translated{ldif.Everything, nil}
	nothing    = translated{ldif.Nothing, nil}
)

// Filter translates e within the type's scope (nil: all of it). Ids in e are looked up in refs, which holds those that IDs names. The
// scope comes last: slapd reads the index of each term in order, up to one that finds nobody, and the scope's holds everybody.
func Filter(t *ldapmap.Type, e filter.Expr, refs ldapmap.Refs) (text string, remainder filter.Expr) {
	if e == nil {
		return t.Scope(), nil
	}
	x := &translator{t, refs}
	f := x.translate(e)
	return ldif.AllOf(f.ldap, t.Scope()), f.remainder
}

// translator translates filters on one resource type.
type translator struct {
	*ldapmap.Type
	refs ldapmap.Refs
}

// IDs are the ids of other resources that e compares references with.
func IDs(t *ldapmap.Type, e filter.Expr) []string {
	var ids []string
	filter.Walk(e, func(c *filter.Compare, in *filter.ValuePath) {
		path := c.Path
		if in != nil {
			path = in.Path
		}
		if id, ok := c.Value.(string); ok && (t.Reference(path.Ref) != nil || t.IsGroups(path.Ref)) {
			ids = append(ids, id)
		}
	})
	return ids
}

func (x *translator) translate(e filter.Expr) translated {
	switch n := e.(type) {
	case *filter.And:
		return both(x.terms(e))
	case *filter.Or:
		return either(e, x.terms(e))
	case *filter.Not:
		return negated(e, x.translate(n.Inner))
	case *filter.ValuePath:
		return x.translateValuePath(n)
	case *filter.Compare:
		if n.Op == filter.NotEqual {
			equal := *n
			equal.Op = filter.Equal
			return negated(e, x.translateCompare(&equal))
		}
		return x.translateCompare(n)
	}
	return translated{ldif.Everything, e}
}

// terms are those of a chain, each translated: a server reads a long chain where it is flat, and drops the connection where it is nested.
func (x *translator) terms(chain filter.Expr) []translated {
	var all []translated
	for _, term := range filter.Terms(chain) {
		all = append(all, x.translate(term))
	}
	return all
}

func both(terms []translated) (f translated) {
	var texts []string
	for _, t := range terms {
		texts = append(texts, t.ldap)
		switch {
		case f.remainder == nil:
			f.remainder = t.remainder
		case t.remainder != nil:
			f.remainder = &filter.And{Left: f.remainder, Right: t.remainder}
		}
	}
	f.ldap = ldif.AllOf(texts...)
	return f
}

func either(whole filter.Expr, terms []translated) (f translated) {
	var texts []string
	for _, t := range terms {
		if texts = append(texts, t.ldap); t.remainder != nil {
			f.remainder = whole
		}
	}
	f.ldap = ldif.AnyOf(texts...)
	return f
}

// negated can be said to LDAP where the inner filter is exact only: the negation of a filter that matches too much misses.
func negated(whole filter.Expr, inner translated) translated {
	switch {
	case inner.remainder != nil:
		return translated{ldif.Everything, whole}
	case inner.ldap == ldif.Nothing:
		return everything
	case inner.ldap == ldif.Everything:
		return nothing
	case strings.HasPrefix(inner.ldap, "(!"):
		return translated{inner.ldap[len("(!") : len(inner.ldap)-len(")")], nil}
	}
	return translated{"(!" + inner.ldap + ")", nil}
}

func (x *translator) translateCompare(c *filter.Compare) translated {
	attribute := c.Path.Ref.Attr
	references := x.ReferencesBy(c.Path.Ref)
	switch {
	case attribute.Name == "id" && c.Path.Ref.Extension == nil:
		return x.translateID(c)
	case attribute.Name == "active" && c.Path.Ref.Extension == nil && len(x.Active) > 0:
		return x.translateActive(c)
	case len(references) > 0:
		return x.translateReferences(c, references)
	case x.IsGroups(c.Path.Ref):
		return x.translateGroups(c)
	}
	if bounds, ok := x.timeFilter(c); ok {
		return translated{bounds, c}
	}
	var alternatives []string
	for _, r := range x.Rules {
		if !r.Computed() && r.Ref.Attr == attribute && (c.Path.Ref.Sub == nil || r.Ref.Sub == c.Path.Ref.Sub) {
			alternatives = append(alternatives, x.compareRule(r, c))
		}
	}
	if len(alternatives) == 0 { // meta, or the fixed part of a slot (`emails.type`)
		return translated{ldif.Everything, c}
	}
	return translated{ldif.AnyOf(alternatives...), c}
}

func (x *translator) translateID(c *filter.Compare) translated {
	id, _ := c.Value.(string)
	switch c.Op {
	case filter.Present:
		return everything
	case filter.Equal:
		if f, ok := x.Server.IDFilter(id); ok {
			return translated{f, c} // an id is case-exact, its LDAP rule is not
		}
		return nothing
	}
	return translated{ldif.Everything, c}
}

// translateReferences finds what refers by one of the attributes.
func (x *translator) translateReferences(c *filter.Compare, by []*ldapmap.Reference) translated {
	terms := make([]translated, 0, len(by))
	for _, r := range by {
		terms = append(terms, x.translateReference(c, r))
	}
	return either(c, terms)
}

// translateReference is exact where the server compares the values as references and every value shows.
func (x *translator) translateReference(c *filter.Compare, r *ldapmap.Reference) translated {
	id, ok := c.Value.(string)
	isValue := c.Path.Ref.Sub != nil && c.Path.Ref.Sub.Name == "value"
	if c.Op != filter.Equal || !ok || !isValue || !r.Comparable() {
		return translated{presence(r), c}
	}
	target, ok := x.refs.ByID(id)
	if !ok || !r.Takes(target) {
		return nothing // no resource shows it
	}
	names := []string{target.DN}
	if r.Of != "" {
		names = target.Names[r.Naming]
	}
	var texts []string
	for _, name := range names {
		texts = append(texts, ldif.Equality(r.Attribute, name))
	}
	if r.Suffixes {
		texts = append(texts, r.Suffixed(target, x.refs))
	}
	f := translated{ldap: ldif.AnyOf(texts...)}
	if len(names) == 0 {
		f.ldap = ldif.Nothing
	}
	if r.Primary != nil && target.Primary != "" {
		f.ldap = ldif.AnyOf(f.ldap, target.Primary.Equality(r.Primary.SID))
	}
	if !r.Many {
		f.remainder = c
	}
	return f
}

// presence finds what may refer to anything by r: a group that holds nobody may be the primary group of some.
func presence(r *ldapmap.Reference) string {
	if r.Primary != nil {
		return ldif.Everything
	}
	return ldif.Presence(r.Attribute)
}

// translateGroups is exact where the server keeps the groups on their members. Elsewhere they are found for each who may match.
func (x *translator) translateGroups(c *filter.Compare) translated {
	id, ok := c.Value.(string)
	if c.Op != filter.Equal || !ok || c.Path.Ref.Sub == nil || c.Path.Ref.Sub.Name != "value" {
		return translated{ldif.Everything, c}
	}
	target, known := x.refs.ByID(id)
	if !known || !x.Groups.Has(target) {
		return nothing
	}
	text, exact := x.Groups.Filter(target, x.refs)
	if exact {
		return translated{ldap: text}
	}
	return translated{text, c}
}

// translateValuePath asks of each slot of the attribute whether its value can satisfy the inner filter, the slot's fixed part
// (`type eq "work"`) decided here.
func (x *translator) translateValuePath(v *filter.ValuePath) translated {
	if references := x.ReferencesBy(v.Path.Ref); len(references) > 0 {
		if c, ok := v.Inner.(*filter.Compare); ok && compile.CompareName(c) == "value" && c.Op == filter.Equal {
			return x.translateReferences(&filter.Compare{Path: valueOf(v.Path), Op: c.Op, Value: c.Value}, references)
		}
		var texts []string
		for _, r := range references {
			texts = append(texts, presence(r))
		}
		return translated{ldif.AnyOf(texts...), v}
	}
	if c, ok := v.Inner.(*filter.Compare); ok && x.IsGroups(v.Path.Ref) && compile.CompareName(c) == "value" && c.Op == filter.Equal {
		f := x.translateGroups(&filter.Compare{Path: valueOf(v.Path), Op: c.Op, Value: c.Value})
		if f.remainder != nil {
			f.remainder = v
		}
		return f
	}
	var alternatives []string
	seen := [][]compile.Clause{}
	for _, r := range x.Rules {
		same := func(slot []compile.Clause) bool { return slices.Equal(slot, r.Slot) }
		if r.Computed() || r.Ref.Attr != v.Path.Ref.Attr || slices.ContainsFunc(seen, same) {
			continue
		}
		seen = append(seen, r.Slot)
		alternatives = append(alternatives, x.slotFilter(r, v.Inner))
	}
	if len(alternatives) == 0 {
		return translated{ldif.Everything, v}
	}
	return translated{ldif.AnyOf(alternatives...), v}
}

// valueOf names the `value` sub-attribute of a path's attribute.
func valueOf(path filter.AttrPath) filter.AttrPath {
	path.Sub = "value"
	path.Ref.Sub = path.Ref.Attr.Sub("value")
	return path
}

// slotFilter is a filter that cannot miss an entry whose value in r's slot satisfies the inner filter of a value path.
func (x *translator) slotFilter(slot *ldapmap.Rule, inner filter.Expr) string {
	switch n := inner.(type) {
	case *filter.And:
		return ldif.AllOf(x.slotFilters(slot, inner)...)
	case *filter.Or:
		return ldif.AnyOf(x.slotFilters(slot, inner)...)
	case *filter.Compare:
		name := compile.CompareName(n)
		for _, c := range slot.Slot {
			if strings.EqualFold(c.Attribute, name) && n.Op == filter.Equal {
				if ldapmap.SameValue(c.Value, n.Value) {
					return ldif.Everything
				}
				return ldif.Nothing
			}
		}
		for _, r := range x.Rules {
			if !r.Computed() && r.Ref == n.Path.Ref && slices.Equal(r.Slot, slot.Slot) && n.Op != filter.NotEqual {
				return x.assertion(r.LDAP, r, n)
			}
		}
	}
	return ldif.Everything
}

// slotFilters are those of a chain's terms.
func (x *translator) slotFilters(slot *ldapmap.Rule, chain filter.Expr) []string {
	var texts []string
	for _, term := range filter.Terms(chain) {
		texts = append(texts, x.slotFilter(slot, term))
	}
	return texts
}

// IsDirect says that few entries can match e: it holds an id or a unique value to be equal.
func IsDirect(t *ldapmap.Type, e filter.Expr) bool {
	switch n := e.(type) {
	case *filter.And:
		return IsDirect(t, n.Left) || IsDirect(t, n.Right)
	case *filter.Compare:
		if n.Op != filter.Equal || n.Value == nil {
			return false
		}
		if n.Path.Ref.Attr.Name == "id" && n.Path.Ref.Extension == nil {
			return true
		}
		return slices.ContainsFunc(t.Unique, func(r *ldapmap.Rule) bool { return len(r.Slot) == 0 && r.Ref == n.Path.Ref })
	}
	return false
}
