// Package scim holds the SCIM protocol as plain values (RFC 7643, RFC 7644): resources, errors, lists. It knows no LDAP and no HTTP
// framework.
package scim

import (
	"scimbridge/scim/schema"
)

// Resource is a SCIM resource: canonical attribute names to values. A value is a string, a bool, a json.Number, a map[string]any
// (complex value, extension object under its URN) or a []any. Unassigned attributes (null, "", []) are absent (RFC 7643 §2.5).
type Resource map[string]any

// ScimType is an error's scimType (RFC 7644 §3.12, RFC 9865 §2.1).
type ScimType string

// The scimTypes of RFC 7644 table 9.
const (
	InvalidFilter ScimType = "invalidFilter"
	TooMany       ScimType = "tooMany"
	Uniqueness    ScimType = "uniqueness"
	Mutability    ScimType = "mutability"
	InvalidSyntax ScimType = "invalidSyntax"
	InvalidPath   ScimType = "invalidPath"
	NoTarget      ScimType = "noTarget"
	InvalidValue  ScimType = "invalidValue"
	InvalidVers   ScimType = "invalidVers"
	Sensitive     ScimType = "sensitive"

	// RFC 9865 §2.1.
	InvalidCursor ScimType = "invalidCursor"
	ExpiredCursor ScimType = "expiredCursor"
	InvalidCount  ScimType = "invalidCount"
)

// Error is a fault in what the client sent. Its text names what is wrong and where, and goes to the client.
type Error struct {
	Type      ScimType
	Detail    string
	Attribute string // at fault, as the detail names it, where it is one; ""
}

func (e *Error) Error() string { return string(e.Type) + ": " + e.Detail }

// Clone returns a deep copy.
func (r Resource) Clone() Resource {
	if r == nil {
		return nil
	}
	return Resource(CloneValue(map[string]any(r)).(map[string]any))
}

// CloneValue returns a deep copy of an attribute's value.
func CloneValue(v any) any {
	switch v := v.(type) {
	case Resource:
		return v.Clone()
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = CloneValue(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = CloneValue(e)
		}
		return out
	}
	return v
}

// Get returns the value at ref, or nil: the attribute's, the sub-attribute's of a singular complex attribute, or the extension object.
func (r Resource) Get(ref schema.Ref) any {
	in := map[string]any(r)
	if ref.Extension != nil {
		in, _ = r[ref.Extension.ID].(map[string]any)
		if ref.Attr == nil {
			if in == nil {
				return nil // and not a nil map, which is no nil any
			}
			return in
		}
	}
	if ref.Attr == nil {
		return nil
	}
	v := in[ref.Attr.Name]
	if ref.Sub == nil {
		return v
	}
	complexValue, _ := v.(map[string]any)
	return complexValue[ref.Sub.Name]
}

// Set stores a value at ref, making the extension object or the singular complex value on the way; nil removes, and removes what it leaves
// empty. The sub-attribute of a multi-valued attribute is no place for a value: Set leaves it alone.
func (r Resource) Set(ref schema.Ref, value any) {
	if ref.Sub != nil && ref.Attr.MultiValued {
		return
	}
	switch {
	case ref.Extension == nil:
		setIn(r, ref, value)
	case ref.Attr == nil:
		set(r, ref.Extension.ID, value)
	default:
		within(r, ref.Extension.ID, func(extension map[string]any) { setIn(extension, ref, value) })
	}
}

// setIn stores a value in the object that holds ref's attribute.
func setIn(in map[string]any, ref schema.Ref, value any) {
	switch {
	case ref.Attr == nil:
	case ref.Sub == nil:
		set(in, ref.Attr.Name, value)
	default:
		within(in, ref.Attr.Name, func(c map[string]any) { set(c, ref.Sub.Name, value) })
	}
}

// within changes the object under a name, which is made where it is not there, and goes where nothing is left of it.
func within(in map[string]any, name string, change func(map[string]any)) {
	inner, ok := in[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
	}
	if change(inner); len(inner) == 0 {
		delete(in, name)
	} else {
		in[name] = inner
	}
}

func set(in map[string]any, name string, value any) {
	if value == nil {
		delete(in, name)
	} else {
		in[name] = value
	}
}
