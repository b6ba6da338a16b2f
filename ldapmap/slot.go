package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/compile"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// SCIMValues are the SCIM values that the rule takes from a resource: one, or every value of a multi-valued attribute.
func (t *Type) SCIMValues(rule *Rule, r scim.Resource) []any {
	if !rule.Ref.Attr.MultiValued {
		if value := r.Get(rule.Ref); value != nil {
			return []any{value}
		}
		return nil
	}
	elements, _ := r.Get(schema.Ref{Extension: rule.Ref.Extension, Attr: rule.Ref.Attr}).([]any)
	if rule.HasOnePlace() {
		if element := t.elementFor(rule, elements); element != nil && element[rule.Ref.Sub.Name] != nil {
			return []any{element[rule.Ref.Sub.Name]}
		}
		return nil
	}
	var values []any
	for _, e := range elements {
		value := e
		if element, ok := e.(map[string]any); ok && rule.Ref.Sub != nil {
			value = element[rule.Ref.Sub.Name]
		}
		if value != nil {
			values = append(values, value)
		}
	}
	return values
}

// HasOnePlace says that of a multi-valued attribute's values the rule's LDAP attribute takes one.
func (r *Rule) HasOnePlace() bool {
	return !r.Computed() && r.Ref.Attr.MultiValued && r.Ref.Sub != nil && (len(r.Slot) > 0 || r.Single)
}

// elementFor finds the element that belongs to the rule's slot: the primary one of those that the clauses describe, else the
// first; for the first slot that the map names also one that names none of the clauses' attributes (an address without a type),
// where nothing better is there.
func (t *Type) elementFor(rule *Rule, elements []any) map[string]any {
	var found, bare map[string]any
	for _, e := range elements {
		element, ok := e.(map[string]any)
		if !ok {
			continue
		}
		primary := element["primary"] == true
		if Fits(element, rule.Slot) && (found == nil || primary) {
			found = element
		}
		if namesNone(element, rule.Slot) && (bare == nil || primary) {
			bare = element
		}
	}
	if found == nil && t.firstSlot(rule) {
		return bare
	}
	return found
}

// Fits says whether the clauses describe the element.
func Fits(element map[string]any, slot []compile.Clause) bool {
	for _, c := range slot {
		if !SameValue(element[c.Attribute], c.Value) {
			return false
		}
	}
	return true
}

// SameValue compares a value with a clause's: case does not count.
func SameValue(a, b any) bool {
	x, isText := a.(string)
	y, also := b.(string)
	if isText && also {
		return strings.EqualFold(x, y)
	}
	return a == b
}

func namesNone(element map[string]any, slot []compile.Clause) bool {
	for _, c := range slot {
		if element[c.Attribute] != nil {
			return false
		}
	}
	return true
}

// firstSlot says that no earlier rule maps another slot of the same attribute.
func (t *Type) firstSlot(rule *Rule) bool {
	for _, r := range t.Rules {
		if !r.Computed() && r.Ref.Attr == rule.Ref.Attr {
			return slices.Equal(r.Slot, rule.Slot)
		}
	}
	return false
}
