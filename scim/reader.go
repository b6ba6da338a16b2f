package scim

import (
	"encoding/json"
	"fmt"
	"strings"

	"scimbridge/scim/schema"
)

// Reader turns JSON as clients send it into canonical values of one resource type's attributes. A body is read with one Reader, which
// gathers in Dropped what the type does not have, as sent.
type Reader struct {
	Dialect
	Type    *schema.ResourceType
	Dropped []string

	dropped map[string]bool
}

// Assignment is what an object says about one attribute. Value is of the attribute's own type; nil says that the attribute is unassigned.
type Assignment struct {
	Ref   schema.Ref
	Value any
}

// Object reads an object whose members are attributes: a resource, or the value of a PATCH operation without a path. Keys may be dotted
// ("name.givenName"), carry an URN or name an extension. readOnly attributes and schemas are left out.
func (rd *Reader) Object(o Object) ([]Assignment, error) {
	var out []Assignment
	for _, m := range o {
		key, err := rd.keyOf(rd.Type, nil, m.Name)
		if err != nil {
			return nil, err
		}
		got, err := rd.member(key, m)
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
	}
	return out, nil
}

func (rd *Reader) member(k key, m Member) ([]Assignment, error) {
	ref, ok := rd.Resolve(rd.Type, k.urn, k.name, k.sub)
	switch {
	case !ok || ref.Sub != nil && ref.Attr.MultiValued:
		rd.Drop(k.text)
		return nil, nil
	case ref.Attr == nil:
		return rd.Extension(ref, m.Value)
	case fixed(ref) || ref.Attr.Name == "schemas":
		return nil, nil
	}
	v, said, err := rd.Value(ref, false, m.Value)
	if err != nil || !said {
		return nil, err
	}
	return []Assignment{{ref, v}}, nil
}

// fixed says that a client cannot set the attribute.
func fixed(ref schema.Ref) bool {
	return ref.Attr.Mutability == schema.ReadOnly || ref.Leaf().Mutability == schema.ReadOnly
}

// Extension reads the object under an extension's URN: what it does not name is left as it is, and only null or "" clears the extension.
// With the core schema's URN (ref is empty) it is a resource by another name.
func (rd *Reader) Extension(ref schema.Ref, v any) ([]Assignment, error) {
	v = rd.unwrapped(v)
	o, ok := v.(Object)
	if !ok && rd.unassigned(v) {
		if ref.Extension == nil {
			return nil, nil
		}
		return []Assignment{{Ref: ref}}, nil
	}
	if !ok {
		return nil, wrongType(ref.String(), "a JSON object")
	}
	if ref.Extension == nil {
		return rd.Object(o)
	}
	var out []Assignment
	for _, m := range o {
		key, err := rd.keyOf(rd.Type, ref.Extension, m.Name)
		if err != nil {
			return nil, err
		}
		if key.name == "" { // an empty name, or a schema again
			rd.Drop(key.text)
			continue
		}
		got, err := rd.member(key, m)
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
	}
	return out, nil
}

// Value reads the value of the attribute at ref; element says that it is for one of the values of a multi-valued attribute. A nil value
// means unassigned. said is false where the value holds only what the type does not have. In a complex value that is not multi-valued, a
// nil sub-attribute is one that was sent unassigned.
func (rd *Reader) Value(ref schema.Ref, element bool, v any) (value any, said bool, err error) {
	if element && ref.Sub == nil {
		return rd.one(ref.Attr, rd.unwrapped(v), ref.String())
	}
	return rd.value(ref.Leaf(), v, ref.String())
}

func (rd *Reader) value(a *schema.Attribute, v any, at string) (any, bool, error) {
	if !a.MultiValued {
		return rd.one(a, rd.unwrapped(v), at)
	}
	if i, found := rd.nullAmong(v); found {
		return nil, false, wrongType(fmt.Sprintf("%s[%d]", at, i), "a value: null is none")
	}
	if items, isList := v.([]any); rd.unassigned(v) && (!RefersByValue(a) || !isList || len(items) == 0) {
		return nil, true, nil
	}
	list, ok := rd.wrapped(v).([]any)
	if !ok {
		return nil, false, wrongType(at, "a JSON array")
	}
	if most := rd.Dialect.Limits.WithDefaults().Values; len(list) > most && !RefersByValue(a) {
		return nil, false, wrongValue(at, fmt.Sprintf(" has more than %d values (limits.values)", most))
	}
	out, seen, unsaid := []any{}, map[string]bool{}, false
	for i, element := range list {
		e, said, err := rd.one(a, element, fmt.Sprintf("%s[%d]", at, i))
		if err != nil {
			return nil, false, err
		}
		if RefersByValue(a) {
			if e, said, err = rd.identified(e, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return nil, false, err
			}
		} else if c, ok := e.(map[string]any); ok && compact(c) {
			e = nil
		}
		if !said {
			unsaid = true
			continue
		}
		if e == nil {
			continue
		}
		// The values are a set (RFC 7643 §2.4): the same one twice is one.
		key, err := json.Marshal(e)
		if err != nil {
			return nil, false, err
		}
		if !seen[string(key)] {
			seen[string(key)] = true
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, !unsaid, nil
	}
	return out, true, nil
}

// RefersByValue says that the attribute's values are references to other resources: members, and what a map defines like them.
func RefersByValue(a *schema.Attribute) bool { return a.Sub("value") != nil && a.Sub("$ref") != nil }

// identified holds a reference to naming its resource. One that names nobody is a fault and never passed over: a group whose new members
// cannot be read must not lose those it has.
func (rd *Reader) identified(element any, at string) (any, bool, error) {
	c, _ := element.(map[string]any)
	if c == nil || c["value"] == nil && !rd.addressed(c) {
		return nil, false, wrongValue(at+".value", " is missing")
	}
	compact(c)
	return c, true, nil
}

// compact removes the unassigned sub-attributes of an element, and says whether that leaves nothing of substance.
func compact(c map[string]any) bool {
	cleared := false
	for name, v := range c {
		if v == nil {
			delete(c, name)
			cleared = true
		}
	}
	return cleared && Hollow(c)
}

// Hollow says that an element of a multi-valued attribute has lost its content: only its labels (type, primary, display) are left.
func Hollow(element map[string]any) bool {
	for name := range element {
		if name != "type" && name != "primary" && name != "display" {
			return false
		}
	}
	return true
}

// one reads a single value: of a singular attribute, or one element of a multi-valued.
func (rd *Reader) one(a *schema.Attribute, v any, at string) (any, bool, error) {
	if a.Type != schema.Complex {
		v, err := rd.simple(a, v, at)
		return v, err == nil, err
	}
	if _, ok := v.(Object); !ok && rd.unassigned(v) {
		return nil, true, nil
	}
	o, ok := rd.ofPlain(a, v).(Object)
	if !ok {
		return nil, false, wrongType(at, "a JSON object")
	}
	if _, keyed := o.Get("value"); rd.unassigned(o) && (keyed || a.MultiValued || len(o) == 0) {
		return nil, true, nil
	}
	out, primary := map[string]any{}, false
	for _, m := range rd.ofRoleText(a, o) {
		sub := a.Sub(m.Name)
		if sub == nil {
			sub = rd.subAlias(a, m.Name)
		}
		if sub == nil {
			rd.Drop(elementless(at) + "." + m.Name)
			primary = primary || strings.EqualFold(m.Name, "primary") && rd.ofBooleanText(m.Value) == true
			continue
		}
		if sub.Mutability == schema.ReadOnly {
			continue
		}
		v, said, err := rd.value(sub, m.Value, at+"."+sub.Name)
		if err != nil {
			return nil, false, err
		}
		if said {
			out[sub.Name] = v
		}
	}
	if len(out) == 0 {
		return nil, false, nil
	}
	if primary && a.MultiValued && !RefersByValue(a) {
		out["primary"] = true // the type does not keep it, but of two values for one place it tells which is kept
	}
	return out, true, nil
}

// wrongType never quotes the value: it may be a secret.
func wrongType(at, want string) *Error { return wrongValue(at, " must be "+want) }

func wrongValue(at, what string) *Error {
	return &Error{Type: InvalidValue, Detail: at + what, Attribute: elementless(at)}
}

// Drop notes a name that the type does not have, once.
func (rd *Reader) Drop(name string) {
	if rd.dropped[name] {
		return
	}
	if rd.dropped == nil {
		rd.dropped = map[string]bool{}
	}
	rd.dropped[name] = true
	rd.Dropped = append(rd.Dropped, name)
}

// elementless takes the index off emails[3].
func elementless(at string) string {
	if i := strings.LastIndexByte(at, '['); i >= 0 {
		return at[:i]
	}
	return at
}
