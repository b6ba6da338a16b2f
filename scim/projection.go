package scim

import (
	"strings"

	"scimbridge/scim/schema"
)

// Projection is what a client asked to see (RFC 7644 §3.9), already checked against the resource type.
type Projection struct {
	rt    *schema.ResourceType
	named bool
	// listed holds the attribute paths (schema.Ref's text) that attributes or excludedAttributes name, and under above those whose
	// sub-attribute they name.
	listed, above map[string]bool
	specified     map[string]bool // by a write
}

// NewProjection reads the parameters attributes and excludedAttributes, each a list of attribute paths. Naming both is a *Error; a name
// that rt does not have is ignored.
func NewProjection(rt *schema.ResourceType, d Dialect, attributes, excluded []string) (*Projection, error) {
	attributes, excluded = d.paths(attributes), d.paths(excluded)
	if len(attributes) > 0 && len(excluded) > 0 {
		return nil, &Error{Type: InvalidValue, Detail: "attributes and excludedAttributes cannot be used together"}
	}
	p := &Projection{rt: rt, named: len(attributes) > 0, listed: map[string]bool{}, above: map[string]bool{}}
	for _, path := range append(attributes, excluded...) {
		urn, name, sub := d.SplitPath(rt, path)
		ref, ok := d.Resolve(rt, urn, name, sub)
		if !ok {
			continue
		}
		p.listed[ref.String()] = true
		if ref.Sub != nil {
			p.above[ref.Owner().String()] = true
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
		p.specified = map[string]bool{}
	}
	for _, ref := range refs {
		p.specified[ref.String()] = true
		if ref.Attr != nil {
			p.specified[ref.Owner().String()] = true
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
	owner := ref.Owner().String()
	switch ref.Sub.Returned {
	case schema.Never:
		return false
	case schema.Always:
		return true
	case schema.OnRequest: // the attribute as a whole asks for it too
		return p.specified[ref.String()] || p.named && (p.listed[ref.String()] || p.listed[owner])
	}
	if !p.named {
		return !p.listed[ref.String()]
	}
	// An attribute that is shown though nobody named it, or that is named as a whole, is shown whole.
	return p.listed[ref.String()] || p.whole(ref) || !p.above[owner]
}

func (p *Projection) wantsAttribute(ref schema.Ref) bool {
	switch ref.Attr.Returned {
	case schema.Never:
		return false
	case schema.Always:
		return true
	case schema.OnRequest:
		return p.specified[ref.String()] || p.named && (p.listed[ref.String()] || p.above[ref.String()])
	}
	if !p.named {
		return !p.whole(ref)
	}
	return p.whole(ref) || p.above[ref.String()]
}

// whole says that the attribute, or the schema that it belongs to (the core schema's text is ""), is listed.
func (p *Projection) whole(ref schema.Ref) bool {
	return p.listed[ref.Owner().String()] || p.listed[schema.Ref{Extension: ref.Extension}.String()]
}

// Apply returns what is shown of r, honouring `returned` (always, default, request, never). It sets schemas to the core URN and the
// extensions in use (RFC 7643 §3).
func (p *Projection) Apply(r Resource) Resource {
	out := Resource{}
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
		switch v := v.(type) {
		case map[string]any:
			if shown := p.showComplex(ref, v); len(shown) > 0 {
				out.Set(ref, shown)
			}
		case []any:
			list := []any{}
			for _, e := range v {
				c, ok := e.(map[string]any)
				if !ok {
					list = append(list, e)
				} else if shown := p.showComplex(ref, c); len(shown) > 0 {
					list = append(list, shown)
				}
			}
			if len(list) > 0 {
				out.Set(ref, list)
			}
		default:
			out.Set(ref, v)
		}
	}
}

func (p *Projection) showComplex(ref schema.Ref, c map[string]any) map[string]any {
	shown := map[string]any{}
	for _, sub := range ref.Attr.SubAttributes {
		if v := c[sub.Name]; v != nil && p.Wants(schema.Ref{Extension: ref.Extension, Attr: ref.Attr, Sub: sub}) {
			shown[sub.Name] = v
		}
	}
	return shown
}
