// Package read turns an entry into the resource that it shows, and says with which attributes an entry must be read for that.
package read

import (
	"time"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Resource turns an entry into the SCIM resource that it shows. References whose target refs does not know are not shown; members
// show where the entry was read with them. meta has no location: the bridge knows where it serves.
func Resource(t *ldapmap.Type, e *ldif.Entry, refs ldapmap.Refs) scim.Resource {
	r := make(scim.Resource, 16)
	r["id"] = t.ID(e)
	for _, rule := range t.Rules {
		if rule.Empty == nil {
			show(t, r, rule, t.Held(rule, e), refs)
		}
	}
	if tombstone := t.TombstoneOf(e); tombstone != "" {
		r["userName"] = tombstone
	}
	showStandIns(t, r, e, refs)
	if len(t.Active) > 0 {
		r["active"] = t.IsActive(e)
	}
	if t.HasMembers() {
		if members := members(t, e, refs); len(members) > 0 {
			r["members"] = members
		}
	}
	if t.Groups != nil {
		if groups := refs.GroupsOf(t.ID(e)); len(groups) > 0 {
			r["groups"] = groupsOf(groups)
		}
	}
	r["meta"] = meta(t, e)
	return r
}

// Judged is the resource for a filter: an attribute that no two resources share, and one of which any value is to match, has every value
// that the entry holds of it, so that whoever asks for one finds who has it. A tombstone name is the only one.
func Judged(t *ldapmap.Type, r scim.Resource, e *ldif.Entry) scim.Resource {
	cloned := false
	for _, rule := range t.Rules {
		byEach := rule.Options.Match == "any"
		if !byEach && !t.IsUnique(rule) || rule.Empty != nil || rule.Many() || rule.Ref.Attr.MultiValued && !byEach {
			continue
		}
		held := t.Held(rule, e)
		if len(held) < 2 || rule == t.Login && t.TombstoneOf(e) != "" {
			continue
		}
		var values []any
		for _, v := range held {
			if value, ok := t.SCIMValue(rule, v, ldapmap.Refs{}); ok {
				values = append(values, value)
			}
		}
		if !cloned {
			r, cloned = r.Clone(), true
		}
		if !rule.Ref.Attr.MultiValued {
			r.Set(rule.Ref, values)
			continue
		}
		elements, _ := r.Get(rule.Ref.Owner()).([]any)
		for _, value := range values[min(1, len(values)):] { // beside the one that shows
			elements = append(elements, elementWith(rule, value))
		}
		r.Set(rule.Ref.Owner(), elements)
	}
	return r
}

// members are the members that the entry was read with, those that refs knows. One that several attributes hold is one member.
func members(t *ldapmap.Type, e *ldif.Entry, refs ldapmap.Refs) []any {
	var members []any
	var known map[string]bool
	if len(t.Members) > 1 || t.Members[0].Of != "" || t.Members[0].Suffixes {
		known = map[string]bool{}
	}
	add := func(target ldapmap.Target) {
		if known[target.ID] {
			return
		}
		if known != nil {
			known[target.ID] = true
		}
		member := map[string]any{"value": target.ID, "type": target.Type}
		if target.Name != "" {
			member["display"] = target.Name
		}
		members = append(members, member)
	}
	for _, r := range t.Members {
		for _, v := range e.Values(r.Attribute) {
			if target, ok := r.Target(v, refs); ok {
				add(target)
			}
		}
		for _, target := range r.PrimaryMembers(e, refs) {
			add(target)
		}
	}
	return members
}

// groupsOf are the groups of an entry (RFC 7643 §4.1.2).
func groupsOf(all []ldapmap.Of) []any {
	groups := make([]any, 0, len(all))
	for _, of := range all {
		group := map[string]any{"value": of.Group.ID, "type": map[bool]string{true: "direct", false: "indirect"}[of.Direct]}
		if of.Group.Name != "" {
			group["display"] = of.Group.Name
		}
		groups = append(groups, group)
	}
	return groups
}

// show puts the values of a rule's LDAP attribute into the resource.
func show(t *ldapmap.Type, r scim.Resource, rule *ldapmap.Rule, values []string, refs ldapmap.Refs) {
	if rule.Computed() || rule.WriteOnly() {
		return
	}
	for _, v := range values {
		value, ok := t.SCIMValue(rule, v, refs)
		if !ok {
			continue
		}
		if rule.Ref.Attr.MultiValued {
			showElement(r, rule, value)
		} else {
			r.Set(rule.Ref, value)
		}
		if !rule.Many() {
			return
		}
	}
}

// showElement puts one value into a multi-valued attribute: into the element of the rule's slot, made where it is not there yet.
func showElement(r scim.Resource, rule *ldapmap.Rule, value any) {
	ref := schema.Ref{Extension: rule.Ref.Extension, Attr: rule.Ref.Attr}
	elements, _ := r.Get(ref).([]any)
	if rule.Ref.Sub == nil {
		r.Set(ref, append(elements, value))
		return
	}
	if element := elementOf(elements, rule.Slot); element != nil && len(rule.Slot) > 0 {
		element[rule.Ref.Sub.Name] = value
		return
	}
	r.Set(ref, append(elements, elementWith(rule, value)))
}

// elementWith is an element of the rule's slot with the value.
func elementWith(rule *ldapmap.Rule, value any) map[string]any {
	element := map[string]any{rule.Ref.Sub.Name: value}
	for _, c := range rule.Slot {
		element[c.Attribute] = c.Value
	}
	return element
}

// elementOf finds the element that the clauses describe, or nil.
func elementOf(elements []any, slot []compile.Clause) map[string]any {
	for _, e := range elements {
		if element, ok := e.(map[string]any); ok && ldapmap.Fits(element, slot) {
			return element
		}
	}
	return nil
}

func meta(t *ldapmap.Type, e *ldif.Entry) map[string]any {
	meta := map[string]any{"resourceType": t.Name}
	setTime(meta, "created", e.Value(t.Server.CreatedAttribute))
	setTime(meta, "lastModified", t.Server.Modified(e))
	return meta
}

func setTime(meta map[string]any, name, text string) {
	if at, err := ldapmap.ParseTime(text); err == nil {
		meta[name] = at.UTC().Format(time.RFC3339Nano)
	}
}

// Created is when the entry came to be, as far as the server keeps the time; the zero time where it does not say.
func Created(t *ldapmap.Type, e *ldif.Entry) time.Time {
	at, _ := ldapmap.ParseTime(e.Value(t.Server.CreatedAttribute))
	return at
}
