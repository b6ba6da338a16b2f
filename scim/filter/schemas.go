package filter

import (
	"strings"

	"scimbridge/scim/schema"
)

// onSchemas says a comparison of `schemas` with the attributes that it follows from, since no store keeps it: every resource has its core
// schema (and an id), and an extension is in use where one of its attributes is assigned (RFC 7643 §3). It returns nil for a comparison of
// anything else.
func onSchemas(c *Compare, rt *schema.ResourceType) Expr {
	ref := c.Path.Ref
	if ref.Extension != nil || ref.Attr.Name != "schemas" {
		return nil
	}
	id, _ := rt.Resolve("", "id", "")
	always := assigned(id)
	if c.Op == Present || c.says(rt.Core.ID) {
		return c.orNot(always)
	}
	var used Expr
	for _, e := range rt.Extensions {
		if !c.says(e.Schema.ID) {
			continue
		}
		for _, a := range e.Schema.Attributes {
			if a.Returned == schema.Never {
				continue
			}
			one := assigned(schema.Ref{Extension: e.Schema, Attr: a})
			if used == nil {
				used = one
			} else {
				used = &Or{used, one}
			}
		}
	}
	if used == nil {
		used = &Not{always}
	}
	return c.orNot(used)
}

func assigned(ref schema.Ref) Expr { return &Compare{Path: PathOf(ref).Attr, Op: Present} }

// says whether the comparison, or for ne its opposite, holds of an URN. Case does not count in one (RFC 8141 §3.1 for its first parts).
func (c *Compare) says(urn string) bool {
	op := c.Op
	if op == NotEqual {
		op = Equal
	}
	text, _ := c.Value.(string)
	return holds(op, &schema.Attribute{Type: schema.String}, urn, strings.TrimSpace(text))
}

func (c *Compare) orNot(e Expr) Expr {
	if c.Op == NotEqual {
		return &Not{e}
	}
	return e
}
