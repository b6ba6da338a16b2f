package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// A SCIM filter becomes the narrowest LDAP filter that cannot miss a match; what LDAP cannot say, or says otherwise (strings match more loosely
// there, an attribute without a matching rule matches nothing, not even negated), stays as a remainder to evaluate in memory.

// matchAll and matchNone are filters that every server evaluates.
const (
	matchAll  = "(objectClass=*)"
	matchNone = "(!(objectClass=*))"
)

// translated is an LDAP filter that matches at least what the SCIM filter matches, and what is left to evaluate.
type translated struct {
	ldap      string
	remainder filter.Expr // nil: the LDAP filter is exact
}

var (
	everything = translated{matchAll, nil}
	nothing    = translated{matchNone, nil}
)

// Filter translates e within the type's scope (nil: all of it). Ids in e are looked up in refs, which holds those that FilterIDs names.
func (t *Type) Filter(e filter.Expr, refs Refs) (text string, remainder filter.Expr) {
	if e == nil {
		return t.scopeText, nil
	}
	f := t.translate(e, refs)
	return and(t.scopeText, f.ldap), f.remainder
}

// FilterIDs are the ids of other resources that e compares references with.
func (t *Type) FilterIDs(e filter.Expr) []string {
	var ids []string
	filter.Walk(e, func(c *filter.Compare, in *filter.ValuePath) {
		path := c.Path
		if in != nil {
			path = in.Path
		}
		if id, ok := c.Value.(string); ok && t.referenceAttribute(path.Ref) != "" {
			ids = append(ids, id)
		}
	})
	return ids
}

// reference is how a SCIM reference attribute stands in the directory.
type reference struct {
	attribute string // the LDAP attribute that holds the DNs
	typ       string // the resource type referred to; "": any
	all       bool   // every value shows, not just the first
}

func (t *Type) reference(ref schema.Ref) (reference, bool) {
	if ref.Attr != nil && ref.Attr == t.MemberRef().Attr && t.members != nil {
		return reference{t.members.Attribute, "", true}, true
	}
	for _, r := range t.rules {
		if r.options.Reference != "" && r.ref.Attr == ref.Attr {
			return reference{r.ldap, r.options.Reference, r.many() || r.single}, true
		}
	}
	return reference{}, false
}

// referenceAttribute is the LDAP attribute that holds the DNs of the SCIM reference attribute, or "".
func (t *Type) referenceAttribute(ref schema.Ref) string {
	found, _ := t.reference(ref)
	return found.attribute
}

func (t *Type) translate(e filter.Expr, refs Refs) translated {
	switch n := e.(type) {
	case *filter.And:
		return both(t.translate(n.Left, refs), t.translate(n.Right, refs))
	case *filter.Or:
		return either(e, t.translate(n.Left, refs), t.translate(n.Right, refs))
	case *filter.Not:
		return negated(e, t.translate(n.Inner, refs))
	case *filter.ValuePath:
		return t.translateValuePath(n, refs)
	case *filter.Compare:
		if n.Op == filter.NotEqual {
			equal := *n
			equal.Op = filter.Equal
			return negated(e, t.translateCompare(&equal, refs))
		}
		return t.translateCompare(n, refs)
	}
	return translated{matchAll, e}
}

func both(a, b translated) translated {
	f := translated{and(a.ldap, b.ldap), a.remainder}
	switch {
	case f.remainder == nil:
		f.remainder = b.remainder
	case b.remainder != nil:
		f.remainder = &filter.And{Left: a.remainder, Right: b.remainder}
	}
	return f
}

func either(whole filter.Expr, a, b translated) translated {
	f := translated{ldap: or(a.ldap, b.ldap)}
	if a.remainder != nil || b.remainder != nil {
		f.remainder = whole
	}
	return f
}

// negated can be said to LDAP where the inner filter is exact only: the negation of a filter that matches too much misses.
func negated(whole filter.Expr, inner translated) translated {
	switch {
	case inner.remainder != nil:
		return translated{matchAll, whole}
	case inner.ldap == matchNone:
		return everything
	case inner.ldap == matchAll:
		return nothing
	case strings.HasPrefix(inner.ldap, "(!"):
		return translated{inner.ldap[len("(!") : len(inner.ldap)-len(")")], nil}
	}
	return translated{"(!" + inner.ldap + ")", nil}
}

func (t *Type) translateCompare(c *filter.Compare, refs Refs) translated {
	attribute := c.Path.Ref.Attr
	reference, isReference := t.reference(c.Path.Ref)
	switch {
	case attribute.Name == "id" && c.Path.Ref.Extension == nil:
		return t.translateID(c)
	case attribute.Name == "active" && c.Path.Ref.Extension == nil && len(t.active) > 0:
		return t.activeFilter(c)
	case isReference:
		return t.translateReference(c, reference, refs)
	}
	if bounds, ok := t.timeFilter(c); ok {
		return translated{bounds, c}
	}
	var alternatives []string
	for _, r := range t.rules {
		if !r.computed() && r.ref.Attr == attribute && (c.Path.Ref.Sub == nil || r.ref.Sub == c.Path.Ref.Sub) {
			alternatives = append(alternatives, t.compareRule(r, c))
		}
	}
	if len(alternatives) == 0 { // meta, or the fixed part of a slot (`emails.type`)
		return translated{matchAll, c}
	}
	return translated{or(alternatives...), c}
}

func (t *Type) translateID(c *filter.Compare) translated {
	id, _ := c.Value.(string)
	switch c.Op {
	case filter.Present:
		return everything
	case filter.Equal:
		if f, ok := t.idFilter(id); ok {
			return translated{f, c} // an id is case-exact, its LDAP rule is not
		}
		return nothing
	}
	return translated{matchAll, c}
}

// translateReference is exact where the server compares DNs and every value shows.
func (t *Type) translateReference(c *filter.Compare, r reference, refs Refs) translated {
	id, ok := c.Value.(string)
	isValue := c.Path.Ref.Sub != nil && c.Path.Ref.Sub.Name == "value"
	rule, _ := rulesOf(t.server, r.attribute)
	compares := strings.EqualFold(rule, "distinguishedNameMatch") || strings.EqualFold(rule, "uniqueMemberMatch")
	if c.Op != filter.Equal || !ok || !isValue || !compares {
		return translated{presence(r.attribute), c}
	}
	dn := refs.dn[strings.ToLower(id)]
	to := refs.byDN[ldif.NormalDN(dn)]
	if dn == "" || to.id != id || r.typ != "" && to.typ != r.typ {
		return nothing // no resource shows it
	}
	f := translated{ldap: equality(r.attribute, dn)}
	if !r.all {
		f.remainder = c
	}
	return f
}

// translateValuePath asks of each slot of the attribute whether its value can satisfy the inner filter, the slot's fixed part (`type eq "work"`)
// decided here.
func (t *Type) translateValuePath(v *filter.ValuePath, refs Refs) translated {
	if r, ok := t.reference(v.Path.Ref); ok {
		if c, ok := v.Inner.(*filter.Compare); ok && compareName(c) == "value" && c.Op == filter.Equal {
			return t.translateReference(&filter.Compare{Path: valueOf(v.Path), Op: c.Op, Value: c.Value}, r, refs)
		}
		return translated{presence(r.attribute), v}
	}
	var alternatives []string
	seen := [][]clause{}
	for _, r := range t.rules {
		if r.computed() || r.ref.Attr != v.Path.Ref.Attr || slices.ContainsFunc(seen, func(s []clause) bool { return slices.Equal(s, r.slot) }) {
			continue
		}
		seen = append(seen, r.slot)
		alternatives = append(alternatives, t.slotFilter(r, v.Inner))
	}
	if len(alternatives) == 0 {
		return translated{matchAll, v}
	}
	return translated{or(alternatives...), v}
}

// valueOf names the `value` sub-attribute of a path's attribute.
func valueOf(path filter.AttrPath) filter.AttrPath {
	path.Sub = "value"
	path.Ref.Sub = path.Ref.Attr.Sub("value")
	return path
}

// slotFilter is a filter that cannot miss an entry whose value in r's slot satisfies the inner filter of a value path.
func (t *Type) slotFilter(slot *rule, inner filter.Expr) string {
	switch n := inner.(type) {
	case *filter.And:
		return and(t.slotFilter(slot, n.Left), t.slotFilter(slot, n.Right))
	case *filter.Or:
		return or(t.slotFilter(slot, n.Left), t.slotFilter(slot, n.Right))
	case *filter.Compare:
		name := compareName(n)
		for _, c := range slot.slot {
			if strings.EqualFold(c.attribute, name) && n.Op == filter.Equal {
				if sameValue(c.value, n.Value) {
					return matchAll
				}
				return matchNone
			}
		}
		for _, r := range t.rules {
			if !r.computed() && r.ref == n.Path.Ref && slices.Equal(r.slot, slot.slot) && n.Op != filter.NotEqual {
				return t.assertion(r.ldap, r, n)
			}
		}
	}
	return matchAll
}

func presence(attribute string) string { return "(" + attribute + "=*)" }

func and(filters ...string) string { return combine('&', matchAll, matchNone, filters) }

func or(filters ...string) string { return combine('|', matchNone, matchAll, filters) }

// combine joins filters, leaving out the neutral ones and giving in to an absorbing one.
func combine(operator byte, neutral, absorbing string, filters []string) string {
	var kept []string
	for _, f := range filters {
		if f == absorbing {
			return absorbing
		}
		if f != neutral && f != "" {
			kept = append(kept, f)
		}
	}
	switch len(kept) {
	case 0:
		return neutral
	case 1:
		return kept[0]
	}
	return "(" + string(operator) + strings.Join(kept, "") + ")"
}

// IsDirect says that few entries can match e: it holds an id or a unique value to be equal.
func (t *Type) IsDirect(e filter.Expr) bool {
	switch n := e.(type) {
	case *filter.And:
		return t.IsDirect(n.Left) || t.IsDirect(n.Right)
	case *filter.Compare:
		if n.Op != filter.Equal || n.Value == nil {
			return false
		}
		if n.Path.Ref.Attr.Name == "id" && n.Path.Ref.Extension == nil {
			return true
		}
		for _, r := range t.uniqueRefs {
			if len(r.slot) == 0 && r.ref == n.Path.Ref {
				return true
			}
		}
	}
	return false
}
