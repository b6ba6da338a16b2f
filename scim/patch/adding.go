package patch

import (
	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
	"scimbridge/scim/stringprep"
)

// Adding are the operations that add what the resource has to another, as an `add` without a path has it (RFC 7644 §3.5.2.1): a single
// value takes the place of what is there, a list gets what it lacks. What a list has in another spelling is spelled as the resource has it.
func Adding(r, to scim.Resource, rt *schema.ResourceType) Ops {
	var ops Ops
	add := func(extension *schema.Schema, attributes []*schema.Attribute) {
		for _, a := range attributes {
			ref := schema.Ref{Extension: extension, Attr: a}
			v := scim.CloneValue(r.Get(ref))
			if v == nil || readOnly(ref) {
				continue
			}
			ops = append(ops, respelling(ref, v, to.Get(ref))...)
			ops = append(ops, Op{Kind: Add, Path: filter.PathOf(ref), Value: v})
		}
	}
	add(nil, rt.Core.Attributes)
	for _, e := range rt.Extensions {
		add(e.Schema, e.Schema.Attributes)
	}
	return ops
}

// respelling gives the values that the old list has of the new one, case ignored, the new one's spelling.
func respelling(ref schema.Ref, list, old any) (ops Ops) {
	value := ref.Attr.Sub("value")
	if value == nil || value.CaseExact {
		return nil
	}
	inside := func(name string) schema.Ref {
		return schema.Ref{Extension: ref.Extension, Attr: ref.Attr, Sub: ref.Attr.Sub(name)}
	}
	values, _ := list.([]any)
	there, _ := old.([]any)
	for _, v := range values {
		is, _ := v.(map[string]any)
		text, _ := is["value"].(string)
		for _, o := range there {
			was, _ := o.(map[string]any)
			held, _ := was["value"].(string)
			if text == held || !stringprep.Equal(text, held) || is["type"] != nil && was["type"] != nil && is["type"] != was["type"] {
				continue
			}
			path := filter.PathOf(inside("value"))
			if path.Filter = equal(inside("value"), "value", held); was["type"] != nil {
				path.Filter = &filter.And{Left: path.Filter, Right: equal(inside("type"), "type", was["type"])}
			}
			ops = append(ops, Op{Kind: Replace, Path: path, Value: text})
		}
	}
	return ops
}
