package ldapmap

import (
	"fmt"
	"slices"
	"strings"

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
		return nil
	}
	if rt.Core.Attribute("externalId") == nil {
		rt.Core.Attributes = append(rt.Core.Attributes, externalID())
	}
	for _, a := range o.Attributes {
		addOwnExtension(rt, a)
	}
	return rt
}

// externalID is the common attribute of RFC 7643 §3.1, which a deployment has where it maps it.
func externalID() *schema.Attribute {
	return &schema.Attribute{
		Name: "externalId", Type: schema.String, CaseExact: true, Description: "The resource's identifier as the provisioning client defined it",
		Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: schema.UniqueNone,
	}
}

// addOwnExtension makes room for a singular string attribute under an extension URN of the map's own
// (`urn:ietf:params:scim:schemas:extension:shore:2.0:User:badge`).
func addOwnExtension(rt *schema.ResourceType, a AttributeOptions) {
	if len(a.SCIM) < 4 || !strings.EqualFold(a.SCIM[:4], "urn:") {
		return
	}
	colon := strings.LastIndexByte(a.SCIM, ':')
	urn, name := a.SCIM[:colon], a.SCIM[colon+1:]
	if strings.EqualFold(urn, rt.Core.ID) || strings.EqualFold(urn, schema.EnterpriseURN) || name == "" || strings.ContainsAny(name, ".[ ") {
		return
	}
	var extension *schema.Schema
	for _, e := range rt.Extensions {
		if strings.EqualFold(e.Schema.ID, urn) {
			extension = e.Schema
		}
	}
	if extension == nil {
		parts := strings.Split(urn, ":")
		extension = &schema.Schema{ID: urn, Name: parts[max(0, len(parts)-3)], Description: "Attributes of this deployment"}
		rt.Extensions = append(rt.Extensions, schema.Extension{Schema: extension})
	}
	extension.Attributes = append(extension.Attributes, &schema.Attribute{
		Name: name, Type: schema.String, Description: "Held in " + a.LDAP,
		Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: schema.UniqueNone,
	})
}

// prune returns what the map covers of the full resource type, and points the rules at it.
func prune(full *schema.ResourceType, t *Type) *schema.ResourceType {
	rt := &schema.ResourceType{Name: full.Name, Endpoint: full.Endpoint, Description: full.Description}
	rt.Core = pruneSchema(full.Core, t, nil)
	for _, e := range full.Extensions {
		if s := pruneSchema(e.Schema, t, e.Schema); len(s.Attributes) > 0 {
			rt.Extensions = append(rt.Extensions, schema.Extension{Schema: s, Required: e.Required})
		}
	}
	for _, r := range t.rules {
		if r.computed() {
			continue
		}
		sub := ""
		if r.ref.Sub != nil {
			sub = r.ref.Sub.Name
		}
		r.ref, _ = rt.Resolve(urnOf(r.ref), r.ref.Attr.Name, sub)
	}
	return rt
}

func pruneSchema(s *schema.Schema, t *Type, extension *schema.Schema) *schema.Schema {
	pruned := &schema.Schema{ID: s.ID, Name: s.Name, Description: s.Description}
	for _, a := range s.Attributes {
		keep := map[string]bool{} // sub-attributes
		canonical := []string{}   // values of `type` that the map fixes
		mapped := extension == nil && (a.Name == "active" && len(t.active) > 0 || a.Name == "members" && t.members != nil)
		if a.Name == "members" {
			keep = map[string]bool{"value": true, "$ref": true, "type": true}
		}
		for _, r := range t.rules {
			if r.computed() || r.ref.Attr != a {
				continue
			}
			mapped = true
			if r.ref.Sub != nil {
				keep[r.ref.Sub.Name] = true
			}
			if r.options.Reference != "" {
				keep["$ref"] = true
			}
			for _, c := range r.slot {
				keep[c.attribute] = true
				if value, ok := c.value.(string); ok && c.attribute == "type" && !slices.Contains(canonical, value) {
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
		pruned.Attributes = append(pruned.Attributes, kept)
	}
	return pruned
}

// urnOf is the URN that a ref's attribute is resolved under: an extension's, or "" for a core attribute.
func urnOf(ref schema.Ref) string {
	if ref.Extension != nil {
		return ref.Extension.ID
	}
	return ""
}

// scimPath writes a rule's SCIM attribute as a client would name it in a detail.
func (r *rule) scimPath() string {
	if r.options.SCIM != "" {
		return r.options.SCIM
	}
	return fmt.Sprintf("(computed) %s", r.ldap)
}

// compareName is the attribute that a comparison inside a value path names.
func compareName(c *filter.Compare) string {
	if c.Path.Ref.Sub != nil {
		return c.Path.Ref.Sub.Name
	}
	if c.Path.Sub != "" {
		return c.Path.Sub
	}
	return c.Path.Name
}
