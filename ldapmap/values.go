package ldapmap

import (
	"encoding/base64"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// values are the LDAP values that the rule gives a resource. entry is the entry that holds the resource, nil for a new one: a reference that it already
// holds keeps its spelling.
func (t *Type) values(rule *rule, r scim.Resource, entry *ldif.Entry, refs Refs) ([]string, error) {
	switch {
	case rule.isConstant():
		return rule.options.Constant, nil
	case rule.computed():
		values, err := t.evaluated(rule.value, r)
		for i, v := range values {
			values[i], _ = t.fit(rule.ldap, v)
		}
		return values, err
	}
	var values []string
	for _, value := range t.scimValues(rule, r) {
		v, err := t.ldapValue(rule, value, entry, refs)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(values, func(other string) bool { return ldif.Equal(t.server.Schema, rule.ldap, v, other) }) {
			values = append(values, v) // the directory refuses a value twice
		}
	}
	if len(values) == 0 && rule.empty != nil {
		return t.evaluated(rule.empty, r)
	}
	return values, nil
}

func (t *Type) evaluated(e *expression, r scim.Resource) ([]string, error) {
	v, err := e.eval(r, t.resource, t.Base)
	if err != nil || v == "" {
		return nil, err
	}
	return []string{v}, nil
}

// scimValues are the SCIM values that the rule takes from a resource: one, or every value of a multi-valued attribute.
func (t *Type) scimValues(rule *rule, r scim.Resource) []any {
	if !rule.ref.Attr.MultiValued {
		if value := r.Get(rule.ref); value != nil {
			return []any{value}
		}
		return nil
	}
	elements, _ := r.Get(schema.Ref{Extension: rule.ref.Extension, Attr: rule.ref.Attr}).([]any)
	if len(rule.slot) > 0 {
		if element := t.elementFor(rule, elements); element != nil && element[rule.ref.Sub.Name] != nil {
			return []any{element[rule.ref.Sub.Name]}
		}
		return nil
	}
	var values []any
	for _, e := range elements {
		value := e
		if element, ok := e.(map[string]any); ok && rule.ref.Sub != nil {
			value = element[rule.ref.Sub.Name]
		}
		if value != nil {
			values = append(values, value)
		}
	}
	return values
}

// newest makes room for what a change adds to a slot that is taken: the element that was there gives way, and hands on what the new one does not say.
func (t *Type) newest(before, after scim.Resource) {
	for _, rule := range t.rules {
		if rule.computed() || len(rule.slot) == 0 {
			continue
		}
		owner := rule.ref.Owner()
		old, _ := before.Get(owner).([]any)
		now, _ := after.Get(owner).([]any)
		inSlot := func(e any) bool { element, ok := e.(map[string]any); return ok && fits(element, rule.slot) }
		was := func(e any) bool {
			return inSlot(e) && slices.ContainsFunc(old, func(o any) bool { return reflect.DeepEqual(o, e) })
		}
		i := slices.IndexFunc(now, func(e any) bool { return inSlot(e) && !was(e) })
		if i < 0 {
			continue
		}
		added := now[i].(map[string]any)
		for _, e := range now {
			if was(e) {
				kept := maps.Clone(e.(map[string]any))
				maps.Copy(kept, added)
				maps.Copy(added, kept)
			}
		}
		after.Set(owner, slices.DeleteFunc(slices.Clone(now), was))
	}
}

// elementFor finds the element that belongs to the rule's slot: the primary one of those that the clauses describe, else the first; for the
// first slot that the map names also one that names none of the clauses' attributes (an address without a type), where nothing better is there.
func (t *Type) elementFor(rule *rule, elements []any) map[string]any {
	var found, bare map[string]any
	for _, e := range elements {
		element, ok := e.(map[string]any)
		if !ok {
			continue
		}
		primary := element["primary"] == true
		if fits(element, rule.slot) && (found == nil || primary) {
			found = element
		}
		if namesNone(element, rule.slot) && (bare == nil || primary) {
			bare = element
		}
	}
	if found == nil && t.firstSlot(rule) {
		return bare
	}
	return found
}

func namesNone(element map[string]any, slot []clause) bool {
	for _, c := range slot {
		if element[c.attribute] != nil {
			return false
		}
	}
	return true
}

// firstSlot says that no earlier rule maps another slot of the same attribute.
func (t *Type) firstSlot(rule *rule) bool {
	for _, r := range t.rules {
		if !r.computed() && r.ref.Attr == rule.ref.Attr {
			return slices.Equal(r.slot, rule.slot)
		}
	}
	return false
}

// ldapValue turns one SCIM value into the rule's LDAP value.
func (t *Type) ldapValue(rule *rule, value any, entry *ldif.Entry, refs Refs) (string, error) {
	if b, ok := value.(bool); ok {
		return strings.ToUpper(fmt.Sprint(b)), nil
	}
	v, err := text(value)
	if err != nil {
		return "", &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("%s: %v", rule.scimPath(), err)}
	}
	switch {
	case rule.options.Reference != "":
		return t.referenceValue(rule.scimPath(), rule.options.Reference, v, entry.Values(rule.ldap), refs)
	case strings.EqualFold(rule.ldap, "unicodePwd"):
		return unicodePassword(v), nil
	}
	switch rule.scimType() {
	case schema.Binary:
		raw, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			return "", &scim.Error{Type: scim.InvalidValue, Detail: rule.scimPath() + " is not base64"}
		}
		return string(raw), nil
	case schema.DateTime:
		at, err := time.Parse(time.RFC3339Nano, v)
		if definition := t.server.Schema.Attribute(rule.ldap); err == nil && definition != nil && definition.Syntax == "1.3.6.1.4.1.1466.115.121.1.24" {
			return at.Format("20060102150405.999999999Z0700"), nil
		}
	}
	return v, nil
}

// referenceValue is the DN behind an id. The spelling that the entry holds is kept; a new one names the target on Active Directory by
// its GUID, which a rename in between does not change.
func (t *Type) referenceValue(path, typ, id string, present []string, refs Refs) (string, error) {
	for _, dn := range present {
		if m, ok := refs.byDN[ldif.NormalDN(dn)]; ok && strings.EqualFold(m.id, id) {
			return dn, nil
		}
	}
	dn, ok := refs.dn[strings.ToLower(id)]
	if !ok {
		return "", &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("%s: no %s with id %q", path, orResource(typ), id)}
	}
	if typ != "" && refs.byDN[ldif.NormalDN(dn)].typ != typ {
		return "", &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("%s: %q is no %s", path, id, typ)}
	}
	if t.server.Kind == ldif.ActiveDirectory {
		return "<GUID=" + strings.ToLower(id) + ">", nil
	}
	return dn, nil
}

func orResource(typ string) string {
	if typ == "" {
		return "resource"
	}
	return typ
}

// unicodePassword is the form of unicodePwd: the password in quotes, UTF-16LE ([MS-ADTS] §3.1.1.3.1.5).
func unicodePassword(password string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(`"` + password + `"`)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}
