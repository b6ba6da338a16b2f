package ldapmap

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Refs is what is known of the entries that others refer to: those within a mapped type's fence.
type Refs struct {
	dn   map[string]string // id -> DN
	byDN map[string]target // NormalDN -> entry
}

type target struct{ id, typ string }

// Refs gathers entries found by a look-up of ids or DNs; an entry outside every type's fence is left out, and so is never shown.
func (m *Map) Refs(found []*ldif.Entry) Refs {
	refs := Refs{dn: map[string]string{}, byDN: map[string]target{}}
	for _, e := range found {
		for _, t := range m.Types {
			if t.Holds(e) {
				id := t.ID(e)
				refs.dn[strings.ToLower(id)] = e.DN
				refs.byDN[ldif.NormalDN(e.DN)] = target{id, t.Name}
				break
			}
		}
	}
	return refs
}

// Resource turns an entry into the SCIM resource that it shows. Values whose DN refs does not know are not shown; members show where the
// entry was read with them. meta has no location: the bridge knows where it serves.
func (t *Type) Resource(e *ldif.Entry, refs Refs) scim.Resource {
	r := scim.Resource{"id": t.ID(e)}
	for _, rule := range t.rules {
		if rule.empty == nil {
			t.show(r, rule, e.Values(rule.ldap), refs)
		}
	}
	if tomb := t.tombstoneOf(e); tomb != "" {
		r["userName"] = tomb
	}
	t.showStandIns(r, e, refs)
	if len(t.active) > 0 {
		r["active"] = t.isActive(e)
	}
	if t.members != nil {
		if members := t.Members(e, refs); len(members) > 0 {
			r["members"] = members
		}
	}
	r["meta"] = t.meta(e)
	return r
}

// Members are the members that the entry was read with, those that refs knows.
func (t *Type) Members(e *ldif.Entry, refs Refs) []any {
	var members []any
	for _, dn := range e.Values(t.members.Attribute) {
		if m, ok := refs.byDN[ldif.NormalDN(dn)]; ok {
			members = append(members, map[string]any{"value": m.id, "type": m.typ})
		}
	}
	return members
}

// References are the DNs that Resource needs refs for, of the attributes that wants names (nil: all, members where the entry has them).
func (t *Type) References(e *ldif.Entry, wants func(schema.Ref) bool) []string {
	var dns []string
	for _, rule := range t.rules {
		if rule.options.Reference != "" && (wants == nil || wants(rule.ref.Owner())) {
			dns = append(dns, e.Values(rule.ldap)...)
		}
	}
	if t.members != nil && (wants == nil || wants(t.MemberRef())) {
		dns = append(dns, e.Values(t.members.Attribute)...)
	}
	return dns
}

// show puts the values of a rule's LDAP attribute into the resource.
func (t *Type) show(r scim.Resource, rule *rule, values []string, refs Refs) {
	if rule.computed() || rule.writeOnly() || len(values) == 0 {
		return
	}
	var shown []any
	for _, v := range values {
		value, ok := t.scimValue(rule, v, refs)
		if !ok {
			continue
		}
		shown = append(shown, value)
		if !rule.many() {
			break
		}
	}
	if len(shown) == 0 {
		return
	}
	if !rule.ref.Attr.MultiValued {
		r.Set(rule.ref, shown[0])
		return
	}
	for _, value := range shown {
		t.showElement(r, rule, value)
	}
}

// showElement puts one value into a multi-valued attribute: into the element of the rule's slot, made where it is not there yet.
func (t *Type) showElement(r scim.Resource, rule *rule, value any) {
	ref := schema.Ref{Extension: rule.ref.Extension, Attr: rule.ref.Attr}
	elements, _ := r.Get(ref).([]any)
	if rule.ref.Sub == nil {
		r.Set(ref, append(elements, value))
		return
	}
	if element := slotOf(elements, rule.slot); element != nil && len(rule.slot) > 0 {
		element[rule.ref.Sub.Name] = value
		return
	}
	element := map[string]any{rule.ref.Sub.Name: value}
	for _, c := range rule.slot {
		element[c.attribute] = c.value
	}
	r.Set(ref, append(elements, element))
}

// slotOf finds the element that the clauses describe, or nil.
func slotOf(elements []any, slot []clause) map[string]any {
	for _, e := range elements {
		element, ok := e.(map[string]any)
		if ok && fits(element, slot) {
			return element
		}
	}
	return nil
}

func fits(element map[string]any, slot []clause) bool {
	for _, c := range slot {
		if !sameValue(element[c.attribute], c.value) {
			return false
		}
	}
	return true
}

func sameValue(a, b any) bool {
	x, isText := a.(string)
	y, also := b.(string)
	if isText && also {
		return strings.EqualFold(x, y)
	}
	return a == b
}

// scimValue turns one LDAP value into the attribute's SCIM value; false where it cannot be shown.
func (t *Type) scimValue(rule *rule, v string, refs Refs) (any, bool) {
	if rule.options.Reference != "" {
		m, ok := refs.byDN[ldif.NormalDN(v)]
		return m.id, ok && m.typ == rule.options.Reference
	}
	switch rule.scimType() {
	case schema.Boolean:
		return strings.EqualFold(v, "TRUE"), true
	case schema.Integer, schema.Decimal:
		n := json.Number(v)
		_, err := n.Float64()
		return n, err == nil && json.Valid([]byte(v))
	case schema.Binary:
		return base64.StdEncoding.EncodeToString([]byte(v)), true
	case schema.DateTime:
		if at, err := parseGeneralizedTime(v); err == nil {
			return at.Format(time.RFC3339Nano), true
		}
	}
	return v, true
}

// scimType is the data type of the value that the rule maps.
func (r *rule) scimType() schema.Type {
	if r.ref.Sub != nil {
		return r.ref.Sub.Type
	}
	return r.ref.Attr.Type
}

func (t *Type) meta(e *ldif.Entry) map[string]any {
	meta := map[string]any{"resourceType": t.Name}
	for i, name := range []string{"created", "lastModified"} {
		if at, err := parseGeneralizedTime(e.Value(t.timeAttributes()[i])); err == nil {
			meta[name] = at.UTC().Format(time.RFC3339Nano)
		}
	}
	return meta
}

// Created is when the entry came to be, as far as the server keeps the time; the zero time where it does not say.
func (t *Type) Created(e *ldif.Entry) time.Time {
	at, _ := parseGeneralizedTime(e.Value(t.timeAttributes()[0]))
	return at
}
