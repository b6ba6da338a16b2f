package scim

import (
	"slices"
	"strings"

	"scimbridge/scim/schema"
)

// Projection is what a client asked to see (RFC 7644 §3.9), already checked against the resource type.
type Projection struct {
	rt    *schema.ResourceType
	named bool
	// listed are the attributes that attributes or excludedAttributes name, a schema as a whole among them, and above those whose
	// sub-attribute they name.
	listed, above map[schema.Ref]bool
	specified     map[schema.Ref]bool // by a write
}

// NewProjection reads the parameters attributes and excludedAttributes, each a list of attribute paths. Naming both is a *Error; a name
// that rt does not have is ignored.
func NewProjection(rt *schema.ResourceType, d Dialect, attributes, excluded []string) (*Projection, error) {
	attributes, excluded = d.paths(attributes), d.paths(excluded)
	if len(attributes) > 0 && len(excluded) > 0 {
		return nil, &Error{Type: InvalidValue, Detail: "attributes and excludedAttributes cannot be used together"}
	}
	p := &Projection{rt: rt, named: len(attributes) > 0}
	if len(attributes)+len(excluded) > 0 {
		p.listed, p.above = map[schema.Ref]bool{}, map[schema.Ref]bool{}
	}
	for _, path := range append(attributes, excluded...) {
		urn, name, sub := d.SplitPath(rt, path)
		ref, ok := d.Resolve(rt, urn, name, sub)
		if !ok {
			continue
		}
		p.listed[ref] = true
		if ref.Sub != nil {
			p.above[ref.Owner()] = true
		}
	}
	return p, nil
}

// paths splits lists at commas, but not at one in a value filter.
func (d Dialect) paths(lists []string) []string {
	var out []string
	for _, list := range lists {
		start, bracketed, quoted := 0, false, false
		list += ","
		for i, r := range list {
			switch {
			case r == '"' && bracketed:
				quoted = !quoted
			case r == '[' && !quoted, r == ']' && !quoted:
				bracketed = r == '['
			case r == ',' && (!bracketed || i == len(list)-1):
				if path := strings.TrimSpace(d.bracketless(list[start:i])); path != "" {
					out = append(out, path)
				}
				start = i + 1
			}
		}
	}
	return out
}

// Specify notes what a write's client specified. An attribute that is returned on request is, in answers to POST, PUT and PATCH, also
// returned where the client specified it (RFC 7643 §7, `returned`).
func (p *Projection) Specify(refs ...schema.Ref) {
	if p.specified == nil {
		p.specified = map[schema.Ref]bool{}
	}
	for _, ref := range refs {
		p.specified[ref] = true
		if ref.Attr != nil {
			p.specified[ref.Owner()] = true
		}
	}
}

// SpecifyAll is Specify for everything that a resource as sent has.
func (p *Projection) SpecifyAll(sent Resource) {
	all := func(extension *schema.Schema, attributes []*schema.Attribute) {
		for _, a := range attributes {
			ref := schema.Ref{Extension: extension, Attr: a}
			v := sent.Get(ref)
			if v == nil {
				continue
			}
			p.Specify(ref)
			elements, ok := v.([]any)
			if !ok {
				elements = []any{v}
			}
			for _, e := range elements {
				c, _ := e.(map[string]any)
				for _, sub := range a.SubAttributes {
					if c[sub.Name] != nil {
						p.Specify(schema.Ref{Extension: extension, Attr: a, Sub: sub})
					}
				}
			}
		}
	}
	all(nil, p.rt.Core.Attributes)
	for _, e := range p.rt.Extensions {
		all(e.Schema, e.Schema.Attributes)
	}
}

// Named says whether attributes was given.
func (p *Projection) Named() bool { return p.named }

// Wants says whether the attribute (or any of its sub-attributes) will be shown.
func (p *Projection) Wants(ref schema.Ref) bool {
	if ref.Attr == nil {
		if ref.Extension == nil {
			return true
		}
		for _, a := range ref.Extension.Attributes {
			if p.Wants(schema.Ref{Extension: ref.Extension, Attr: a}) {
				return true
			}
		}
		return false
	}
	if ref.Sub == nil {
		return p.wantsAttribute(ref)
	}
	if !p.wantsAttribute(ref.Owner()) {
		return false
	}
	owner := ref.Owner()
	switch ref.Sub.Returned {
	case schema.Never:
		return false
	case schema.Always:
		return true
	case schema.OnRequest: // the attribute as a whole asks for it too
		return p.specified[ref] || p.named && (p.listed[ref] || p.listed[owner])
	}
	if !p.named {
		return !p.listed[ref]
	}
	// An attribute that is shown though nobody named it, or that is named as a whole, is shown whole.
	return p.listed[ref] || p.whole(ref) || !p.above[owner]
}

func (p *Projection) wantsAttribute(ref schema.Ref) bool {
	switch ref.Attr.Returned {
	case schema.Never:
		return false
	case schema.Always:
		return true
	case schema.OnRequest:
		return p.specified[ref] || p.named && (p.listed[ref] || p.above[ref])
	}
	if !p.named {
		return !p.whole(ref)
	}
	return p.whole(ref) || p.above[ref]
}

// whole says that the attribute, or the schema that it belongs to (the core schema's Ref is the zero one), is listed.
func (p *Projection) whole(ref schema.Ref) bool {
	return p.listed[ref.Owner()] || p.listed[schema.Ref{Extension: ref.Extension}]
}

// Apply returns what is shown of r, honouring `returned` (always, default, request, never). It sets schemas to the core URN and the
// extensions in use (RFC 7643 §3). What is shown whole is shared with r.
func (p *Projection) Apply(r Resource) Resource {
	out := make(Resource, len(r)+1)
	schemas := []any{p.rt.Core.ID}
	p.show(out, r, nil, p.rt.Core.Attributes)
	for _, name := range []string{"id", "meta"} {
		if ref, ok := p.rt.Resolve("", name, ""); ok {
			p.show(out, r, nil, []*schema.Attribute{ref.Attr})
		}
	}
	for _, e := range p.rt.Extensions {
		p.show(out, r, e.Schema, e.Schema.Attributes)
		if out[e.Schema.ID] != nil {
			schemas = append(schemas, e.Schema.ID)
		}
	}
	out["schemas"] = schemas
	return out
}

func (p *Projection) show(out, r Resource, extension *schema.Schema, attributes []*schema.Attribute) {
	for _, a := range attributes {
		ref := schema.Ref{Extension: extension, Attr: a}
		v := r.Get(ref)
		if v == nil || !p.Wants(ref) {
			continue
		}
		if shown := p.shown(ref, v); shown != nil {
			out.Set(ref, shown)
		}
	}
}

// shown is what is shown of an attribute's value, nil where that is nothing: the value itself where it is shown whole.
func (p *Projection) shown(ref schema.Ref, v any) any {
	switch value := v.(type) {
	case map[string]any:
		switch count := p.count(ref, value); count {
		case 0:
			return nil
		case len(value):
			return v
		default:
			shown := make(map[string]any, count)
			for _, sub := range ref.Attr.SubAttributes {
				if p.shows(ref, value, sub) {
					shown[sub.Name] = value[sub.Name]
				}
			}
			return shown
		}
	case []any:
		isCut := func(e any) bool {
			c, ok := e.(map[string]any)
			return ok && (len(c) == 0 || p.count(ref, c) < len(c))
		}
		if len(value) > 0 && !slices.ContainsFunc(value, isCut) {
			return v
		}
		var list []any
		for _, e := range value {
			if shown := p.shown(ref, e); shown != nil {
				list = append(list, shown)
			}
		}
		if list == nil {
			return nil
		}
		return list
	}
	return v
}

// count is how many sub-attributes are shown of a complex value.
func (p *Projection) count(ref schema.Ref, c map[string]any) (count int) {
	for _, sub := range ref.Attr.SubAttributes {
		if p.shows(ref, c, sub) {
			count++
		}
	}
	return count
}

func (p *Projection) shows(ref schema.Ref, c map[string]any, sub *schema.Attribute) bool {
	return c[sub.Name] != nil && p.Wants(schema.Ref{Extension: ref.Extension, Attr: ref.Attr, Sub: sub})
}
