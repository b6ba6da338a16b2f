package scim

import (
	"scimbridge/scim/schema"
)

// Parse reads a resource of type rt from a request body (RFC 7644 §3.3). Names become canonical; client dialects are understood;
// unassigned values are absent; readOnly attributes and schemas are left out. dropped lists the attributes (as sent) that rt does not have.
// An attribute that is sent twice, in other case or once dotted, has the last value that is assigned. Values stay as sent.
// It returns a *Error (invalidSyntax, invalidValue).
func Parse(body []byte, rt *schema.ResourceType, d Dialect) (r Resource, dropped []string, err error) {
	o, err := Decode(body)
	if err != nil {
		return nil, nil, err
	}
	return ParseObject(o, rt, d)
}

// ParseObject is Parse for a body that is decoded.
func ParseObject(o Object, rt *schema.ResourceType, d Dialect) (r Resource, dropped []string, err error) {
	if err := d.checkSchemas(rt, o); err != nil {
		return nil, nil, err
	}
	rd := Reader{Dialect: d, Type: rt}
	assignments, err := rd.Object(o)
	if err != nil {
		return nil, nil, err
	}
	r = Resource{}
	for _, a := range assignments {
		if err := onePrimary(a); err != nil {
			return nil, nil, err
		}
		r.assign(a)
	}
	return r, rd.Dropped, nil
}

func (r Resource) assign(a Assignment) {
	if a.Value == nil {
		return
	}
	c, ok := a.Value.(map[string]any)
	if !ok {
		r.Set(a.Ref, a.Value)
		return
	}
	for _, sub := range a.Ref.Attr.SubAttributes {
		if v := c[sub.Name]; v != nil {
			r.Set(schema.Ref{Extension: a.Ref.Extension, Attr: a.Ref.Attr, Sub: sub}, v)
		}
	}
}

// onePrimary holds RFC 7643 §2.4: "primary" is true for one value at most.
func onePrimary(a Assignment) error {
	list, _ := a.Value.([]any)
	if a.Ref.Attr == nil || a.Ref.Attr.Sub("primary") == nil {
		return nil
	}
	primaries := 0
	for _, e := range list {
		if c, ok := e.(map[string]any); ok && c["primary"] == true {
			primaries++
		}
	}
	if primaries > 1 {
		return wrongValue(a.Ref.String(), " has more than one primary value")
	}
	return nil
}

// CheckRequired says which required extension or attribute r lacks, as a *Error (invalidValue). An extension's attributes count where it is
// in use, a complex attribute's where it has a value.
func CheckRequired(r Resource, rt *schema.ResourceType) error {
	if err := required(r, nil, rt.Core.Attributes); err != nil {
		return err
	}
	for _, e := range rt.Extensions {
		switch used := r.Get(schema.Ref{Extension: e.Schema}) != nil; {
		case !used && e.Required:
			return &Error{Type: InvalidValue, Detail: e.Schema.ID + " is required"}
		case !used:
			continue
		}
		if err := required(r, e.Schema, e.Schema.Attributes); err != nil {
			return err
		}
	}
	return nil
}

func required(r Resource, extension *schema.Schema, attributes []*schema.Attribute) error {
	for _, a := range attributes {
		ref := schema.Ref{Extension: extension, Attr: a}
		v := r.Get(ref)
		if v == nil && a.Required && a.Mutability != schema.ReadOnly {
			return wrongValue(ref.String(), " is required")
		}
		for _, sub := range a.SubAttributes {
			if !sub.Required || sub.Mutability == schema.ReadOnly || v == nil {
				continue
			}
			elements, ok := v.([]any)
			if !ok {
				elements = []any{v}
			}
			for _, e := range elements {
				if c, ok := e.(map[string]any); ok && c[sub.Name] == nil {
					return wrongValue(schema.Ref{Extension: extension, Attr: a, Sub: sub}.String(), " is required")
				}
			}
		}
	}
	return nil
}
