package patch

import (
	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// Adding are the operations that add what the resource has to another: a single value takes the place of what is there, a list gets what it
// lacks (RFC 7644 §3.5.2.1), as an `add` without a path has it.
func Adding(r scim.Resource, rt *schema.ResourceType) Ops {
	var ops Ops
	add := func(extension *schema.Schema, attributes []*schema.Attribute) {
		for _, a := range attributes {
			ref := schema.Ref{Extension: extension, Attr: a}
			if v := r.Get(ref); v != nil && !readOnly(ref) {
				ops = append(ops, Op{Kind: Add, Path: filter.PathOf(ref), Value: scim.CloneValue(v)})
			}
		}
	}
	add(nil, rt.Core.Attributes)
	for _, e := range rt.Extensions {
		add(e.Schema, e.Schema.Attributes)
	}
	return ops
}
