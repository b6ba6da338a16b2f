package compile

import (
	"slices"

	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// fullResourceType is everything that the options may map: the RFC's schemas, externalId and the extensions that the map itself names. It
// is nil for a type that is not known.
func fullResourceType(o Options) *schema.ResourceType {
	var rt *schema.ResourceType
	switch o.Type {
	case "User":
		rt = &schema.ResourceType{Name: "User", Endpoint: "/Users", Description: "User Account", Core: schema.User()}
		rt.Extensions = []schema.Extension{{Schema: schema.EnterpriseUser()}}
	case "Group":
		rt = &schema.ResourceType{Name: "Group", Endpoint: "/Groups", Description: "Group", Core: schema.Group()}
	default:
		if rt = ownResourceType(o); rt == nil {
			return nil
		}
	}
	if rt.Core.Attribute("externalId") == nil {
		rt.Core.Attributes = append(rt.Core.Attributes, schema.ExternalID())
	}
	for _, a := range o.Attributes {
		define(rt, a, o.Type != "User" && o.Type != "Group")
	}
	return rt
}

// prune returns what the map covers of the full resource type, and points the rules at it.
func prune(full *schema.ResourceType, t *Type) *schema.ResourceType {
	rt := &schema.ResourceType{Name: full.Name, Endpoint: full.Endpoint, Description: full.Description}
	rt.Core = pruneSchema(full.Core, t, true)
	for _, e := range full.Extensions {
		if s := pruneSchema(e.Schema, t, false); len(s.Attributes) > 0 {
			rt.Extensions = append(rt.Extensions, schema.Extension{Schema: s, Required: e.Required})
		}
	}
	for _, r := range t.Rules {
		if r.Computed() {
			continue
		}
		r.Ref = Resolve(rt, r.Ref)
	}
	return rt
}

// Resolve names in rt what ref names in another version of the resource type.
func Resolve(rt *schema.ResourceType, ref schema.Ref) schema.Ref {
	urn, sub := "", ""
	if ref.Extension != nil {
		urn = ref.Extension.ID
	}
	if ref.Sub != nil {
		sub = ref.Sub.Name
	}
	found, _ := rt.Resolve(urn, ref.Attr.Name, sub)
	return found
}

func pruneSchema(s *schema.Schema, t *Type, core bool) *schema.Schema {
	pruned := &schema.Schema{ID: s.ID, Name: s.Name, Description: s.Description}
	for _, a := range s.Attributes {
		keep := map[string]bool{} // sub-attributes
		canonical := []string{}   // values of `type` that the map fixes
		mapped := core && (a.Name == "active" && len(t.Active) > 0 || a.Name == "members" && len(t.Options.Members) > 0 ||
			a.Name == "groups" && t.Options.Groups.Show != "")
		if core && (a.Name == "members" || a.Name == "groups" && t.Options.Groups.Show != "") {
			keep = map[string]bool{"value": true, "$ref": true, "type": true, "display": true}
		}
		for _, r := range t.Rules {
			if r.Computed() || r.Ref.Attr != a {
				continue
			}
			mapped = true
			if r.Ref.Sub != nil {
				keep[r.Ref.Sub.Name] = true
			}
			if r.Options.Reference != "" {
				keep["$ref"] = true
			}
			for _, c := range r.Slot {
				keep[c.Attribute] = true
				if value, ok := c.Value.(string); ok && c.Attribute == "type" && !slices.Contains(canonical, value) {
					canonical = append(canonical, value)
				}
			}
		}
		if !mapped {
			continue
		}
		kept := a.Clone()
		kept.SubAttributes = slices.DeleteFunc(kept.SubAttributes, func(sub *schema.Attribute) bool { return !keep[sub.Name] })
		if sub := kept.Sub("type"); sub != nil && len(canonical) > 0 {
			sub.CanonicalValues = canonical
		}
		if sub := kept.Sub("display"); sub != nil && core && a.Name == "members" {
			sub.Returned = schema.OnRequest // for it the members' entries are read
		}
		pruned.Attributes = append(pruned.Attributes, kept)
	}
	return pruned
}

// CompareName is the attribute that a comparison inside a value path names.
func CompareName(c *filter.Compare) string {
	if c.Path.Ref.Sub != nil {
		return c.Path.Ref.Sub.Name
	}
	if c.Path.Sub != "" {
		return c.Path.Sub
	}
	return c.Path.Name
}
