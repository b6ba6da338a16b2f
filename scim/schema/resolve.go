package schema

import (
	"slices"
	"strings"
)

// Resolve finds the attribute that (urn, name, sub) names, ignoring case (RFC 7644 §3.10). urn may be "", the core schema's or an
// extension's; without a name it is the schema as a whole. The common attributes id, schemas and meta belong to every type; externalId
// belongs to a type whose core schema lists it (see ExternalID), since not every store has a home for it. Without a URN a name that
// the core schema lacks is not looked for in extensions.
func (rt *ResourceType) Resolve(urn, name, sub string) (Ref, bool) {
	var ref Ref
	switch {
	case urn == "" || strings.EqualFold(urn, rt.Core.ID):
		if name == "" {
			return ref, urn != "" && sub == ""
		}
		ref.Attr = rt.Core.Attribute(name)
		if ref.Attr == nil {
			ref.Attr = named(common, name)
		}
	default:
		ref.Extension = rt.Extension(urn)
		if ref.Extension == nil {
			return Ref{}, false
		}
		if name == "" {
			return ref, sub == ""
		}
		ref.Attr = ref.Extension.Attribute(name)
	}
	if ref.Attr == nil {
		return Ref{}, false
	}
	if sub != "" {
		if ref.Sub = ref.Attr.Sub(sub); ref.Sub == nil {
			return Ref{}, false
		}
	}
	return ref, true
}

// Extension returns the extension schema with this URN, ignoring case, or nil.
func (rt *ResourceType) Extension(urn string) *Schema {
	for _, e := range rt.Extensions {
		if strings.EqualFold(e.Schema.ID, urn) {
			return e.Schema
		}
	}
	return nil
}

// Split takes an attribute path (RFC 7644 §3.10) apart: URN, attribute, sub-attribute, each "" where absent. A URN may itself hold dots
// ("2.0"), so those of the type's own schemas are known by their text, and any other ends at the last colon.
func (rt *ResourceType) Split(path string) (urn, name, sub string) {
	rest := path
	if known := rt.urnOf(path); known > 0 {
		urn = path[:known]
		if known == len(path) {
			return urn, "", ""
		}
		rest = path[known+1:]
	} else if colon := strings.LastIndexByte(path, ':'); colon >= 0 {
		urn, rest = path[:colon], path[colon+1:]
	}
	name, sub, _ = strings.Cut(rest, ".")
	return urn, name, sub
}

// urnOf returns the length of the longest of the type's schema URNs that path begins with, or 0.
func (rt *ResourceType) urnOf(path string) int {
	longest := 0
	try := func(id string) {
		n := len(id)
		if n <= longest || len(path) < n || !strings.EqualFold(path[:n], id) {
			return
		}
		if len(path) == n || path[n] == ':' {
			longest = n
		}
	}
	try(rt.Core.ID)
	for _, e := range rt.Extensions {
		try(e.Schema.ID)
	}
	return longest
}

// Leaf returns what the path ends at: the sub-attribute, the attribute, or nil for a schema as a whole.
func (r Ref) Leaf() *Attribute {
	if r.Sub != nil {
		return r.Sub
	}
	return r.Attr
}

// Owner returns the Ref of the attribute as a whole, without the sub-attribute.
func (r Ref) Owner() Ref { return Ref{Extension: r.Extension, Attr: r.Attr} }

// String returns the attribute path in canonical form: userName, name.givenName, urn:…:User:manager.value, or an extension's URN.
func (r Ref) String() string {
	var b strings.Builder
	if r.Extension != nil {
		b.WriteString(r.Extension.ID)
	}
	if r.Attr != nil {
		if r.Extension != nil {
			b.WriteByte(':')
		}
		b.WriteString(r.Attr.Name)
	}
	if r.Sub != nil {
		b.WriteByte('.')
		b.WriteString(r.Sub.Name)
	}
	return b.String()
}

// Attribute returns the schema's attribute named, ignoring case, or nil.
func (s *Schema) Attribute(name string) *Attribute { return named(s.Attributes, name) }

// Sub returns the sub-attribute named, ignoring case, or nil.
func (a *Attribute) Sub(name string) *Attribute { return named(a.SubAttributes, name) }

func named(attributes []*Attribute, name string) *Attribute {
	for _, a := range attributes {
		if strings.EqualFold(a.Name, name) {
			return a
		}
	}
	return nil
}

// Clone returns a deep copy.
func (a *Attribute) Clone() *Attribute {
	if a == nil {
		return nil
	}
	c := *a
	c.CanonicalValues = append([]string(nil), a.CanonicalValues...)
	c.ReferenceTypes = append([]string(nil), a.ReferenceTypes...)
	c.SubAttributes = nil
	for _, sub := range a.SubAttributes {
		c.SubAttributes = append(c.SubAttributes, sub.Clone())
	}
	return &c
}

// Clone returns a copy that shares no schema and no attribute with rt.
func (rt *ResourceType) Clone() *ResourceType {
	c := *rt
	c.Core = rt.Core.clone()
	c.Extensions = slices.Clone(rt.Extensions)
	for i := range c.Extensions {
		c.Extensions[i].Schema = c.Extensions[i].Schema.clone()
	}
	return &c
}

func (s *Schema) clone() *Schema {
	c := *s
	c.Attributes = slices.Clone(s.Attributes)
	for i, a := range c.Attributes {
		c.Attributes[i] = a.Clone()
	}
	return &c
}
