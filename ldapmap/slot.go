package ldapmap

import (
	"fmt"
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
		if i := t.elementFor(rule, elements); i >= 0 && elements[i].(map[string]any)[rule.Ref.Sub.Name] != nil {
			return []any{elements[i].(map[string]any)[rule.Ref.Sub.Name]}
		}
		return nil
	}
	others := t.besideRest(rule, elements)
	var values []any
	for i, e := range elements {
		if slices.Contains(others, i) {
			continue
		}
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

// besideRest are the places of the elements that others take, where the rule takes the rest.
func (t *Type) besideRest(rule *Rule, elements []any) (others []int) {
	if !rule.IsPart() {
		return nil
	}
	for _, other := range t.Rules {
		if rule.IsRestBeside(&other.Rule) {
			others = append(others, t.elementFor(other, elements))
		}
	}
	return others
}

// Setting is the resource with another value of the rule.
func (t *Type) Setting(rule *Rule, r scim.Resource, value any) scim.Resource {
	r = r.Clone()
	if !rule.Ref.Attr.MultiValued {
		r.Set(rule.Ref, value)
		return r
	}
	elements, _ := r.Get(rule.Ref.Owner()).([]any)
	if i := t.elementFor(rule, elements); i >= 0 {
		elements[i].(map[string]any)[rule.Ref.Sub.Name] = value
		return r
	}
	element := map[string]any{rule.Ref.Sub.Name: value}
	for _, c := range rule.Slot {
		element[c.Attribute] = c.Value
	}
	r.Set(rule.Ref.Owner(), append(elements, element))
	return r
}

// Without is the resource without the values that the rule takes from it.
func (t *Type) Without(rule *Rule, r scim.Resource) scim.Resource {
	r = r.Clone()
	if !rule.Ref.Attr.MultiValued {
		r.Set(rule.Ref, nil)
		return r
	}
	elements, _ := r.Get(rule.Ref.Owner()).([]any)
	if i := t.elementFor(rule, elements); rule.HasOnePlace() && i >= 0 {
		delete(elements[i].(map[string]any), rule.Ref.Sub.Name)
		if namesNothing(elements[i].(map[string]any), rule.Slot) {
			elements = slices.Delete(elements, i, i+1)
		}
	} else if !rule.HasOnePlace() {
		elements = nil
	}
	if len(elements) == 0 {
		r.Set(rule.Ref.Owner(), nil)
		return r
	}
	r.Set(rule.Ref.Owner(), elements)
	return r
}

// namesNothing says that nothing is left of the element but what tells it from others.
func namesNothing(element map[string]any, slot []compile.Clause) bool {
	for name := range element {
		if name != "primary" && name != "type" && !slices.ContainsFunc(slot, func(c compile.Clause) bool { return c.Attribute == name }) {
			return false
		}
	}
	return true
}

// HasOnePlace says that of a multi-valued attribute's values the rule's LDAP attribute takes one.
func (r *Rule) HasOnePlace() bool {
	return !r.Computed() && r.Ref.Attr.MultiValued && r.Ref.Sub != nil && (len(r.Slot) > 0 || r.Single)
}

// elementFor finds the element that belongs to the rule's slot: the primary one of those that the clauses describe, else the
// first; for the first slot that the map names also one that names none of the clauses' attributes (an address without a type),
// where nothing better is there. It returns the element's index, or -1.
func (t *Type) elementFor(rule *Rule, elements []any) int {
	found, bare := -1, -1
	for i, e := range elements {
		element, ok := e.(map[string]any)
		if !ok {
			continue
		}
		primary := element["primary"] == true
		if Fits(element, rule.Slot) && (found < 0 || primary) {
			found = i
		}
		if namesNone(element, rule.Slot) && (bare < 0 || primary) {
			bare = i
		}
	}
	if found < 0 && t.firstSlot(rule) {
		return bare
	}
	return found
}

// Untaken names the elements of the resource that no rule takes: those that no slot of the map describes, and those whose slot another
// takes.
func (t *Type) Untaken(r scim.Resource) []string {
	var untaken []string
	seen := map[*schema.Attribute]bool{}
	for _, rule := range t.Rules {
		if !rule.HasOnePlace() || seen[rule.Ref.Attr] {
			continue
		}
		seen[rule.Ref.Attr] = true
		ref := schema.Ref{Extension: rule.Ref.Extension, Attr: rule.Ref.Attr}
		elements, _ := r.Get(ref).([]any)
		taken := map[int]bool{}
		for _, other := range t.Rules {
			switch {
			case other.Computed() || other.Ref.Attr != rule.Ref.Attr:
			case other.HasOnePlace():
				taken[t.elementFor(other, elements)] = true
			default: // it takes them all
				elements = nil
			}
		}
		for i, e := range elements {
			if !taken[i] {
				untaken = append(untaken, ref.String()+slotOf(rule, e))
			}
		}
	}
	return untaken
}

// slotOf writes the slot of an element as the map would: `[type eq "home"]`. What is none of the attribute's own values may be anybody's.
func slotOf(rule *Rule, e any) string {
	element, _ := e.(map[string]any)
	for _, c := range rule.Slot {
		value, _ := element[c.Attribute].(string)
		if sub := rule.Ref.Attr.Sub(c.Attribute); sub != nil && slices.Contains(sub.CanonicalValues, value) {
			return fmt.Sprintf("[%s eq %q]", c.Attribute, value)
		}
	}
	return "[…]"
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

// firstSlot says that no earlier rule maps another slot of the same attribute, and none takes the rest.
func (t *Type) firstSlot(rule *Rule) bool {
	if rule.IsPart() && slices.ContainsFunc(t.Rules, func(r *Rule) bool { return r.IsRestBeside(&rule.Rule) }) {
		return false
	}
	for _, r := range t.Rules {
		if !r.Computed() && r.Ref.Attr == rule.Ref.Attr {
			return slices.Equal(r.Slot, rule.Slot)
		}
	}
	return false
}
