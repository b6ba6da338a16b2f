package compile

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/scim/schema"
)

// A map may define what no RFC does: attributes under extension URNs of its own, and whole resource types. They are described,
// parsed, filtered and written as every other attribute is.

// ownResourceType makes the resource type that the options define, or nil where they define none.
func ownResourceType(o Options) *schema.ResourceType {
	if o.Endpoint == "" || o.Schema == "" || o.Type == "" {
		return nil
	}
	core := &schema.Schema{ID: o.Schema, Name: o.Type, Description: o.Description}
	return &schema.ResourceType{Name: o.Type, Endpoint: "/" + strings.Trim(o.Endpoint, "/"), Description: o.Description, Core: core}
}

// define adds to rt the attribute that a line of the map names and rt has not got: under an extension URN of the map's own
// (`urn:ietf:params:scim:schemas:extension:shore:2.0:User:badge`), or in the core schema of a type of its own. A dotted name is a
// sub-attribute of a singular complex attribute, a reference a complex one with `value` and `$ref`.
func define(rt *schema.ResourceType, a AttributeOptions, own bool) {
	target, name := rt.Core, a.SCIM
	if len(a.SCIM) > 4 && strings.EqualFold(a.SCIM[:4], "urn:") {
		colon := strings.LastIndexByte(a.SCIM, ':')
		urn := a.SCIM[:colon]
		name = a.SCIM[colon+1:]
		switch {
		case strings.EqualFold(urn, rt.Core.ID):
		case strings.EqualFold(urn, schema.EnterpriseURN):
			return
		default:
			target, own = ownExtension(rt, urn), true
		}
	}
	if !own || name == "" || strings.ContainsAny(name, "[ ") || strings.EqualFold(name, "externalId") {
		return
	}
	name, sub, _ := strings.Cut(name, ".")
	attribute := target.Attribute(name)
	switch {
	case sub == "" && a.Reference == "":
		if attribute == nil {
			target.Attributes = append(target.Attributes, a.attribute(name))
		}
		return
	case attribute == nil:
		attribute = &schema.Attribute{
			Name: name, Type: schema.Complex, MultiValued: a.Define.MultiValued, Description: a.Define.Description,
			Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: schema.UniqueNone,
		}
		target.Attributes = append(target.Attributes, attribute)
	}
	if a.Reference == "" {
		inner := a.attribute(sub)
		inner.MultiValued = false
		attribute.SubAttributes = append(attribute.SubAttributes, inner)
		return
	}
	if attribute.Sub("value") == nil {
		value, address := a.attribute("value"), a.attribute("$ref")
		value.Type, value.MultiValued, value.CaseExact = schema.String, false, true
		address.Type, address.MultiValued, address.CaseExact = schema.Reference, false, true
		address.ReferenceTypes = []string{a.Reference}
		attribute.SubAttributes = append(attribute.SubAttributes, value, address)
	}
}

// definedElsewhere says that RFC 7643 defines the attribute.
func definedElsewhere(ref schema.Ref, typ string) bool {
	if ref.Extension != nil {
		return ref.Extension.ID == schema.EnterpriseURN
	}
	return typ == "User" || typ == "Group" || ref.Attr.Name == "externalId"
}

// ownExtension is the extension of the URN, added where rt has not got it.
func ownExtension(rt *schema.ResourceType, urn string) *schema.Schema {
	for _, e := range rt.Extensions {
		if strings.EqualFold(e.Schema.ID, urn) {
			return e.Schema
		}
	}
	parts := strings.Split(urn, ":")
	extension := &schema.Schema{ID: urn, Name: parts[max(0, len(parts)-3)], Description: "Attributes of this deployment"}
	rt.Extensions = append(rt.Extensions, schema.Extension{Schema: extension})
	return extension
}

// attribute is the definition that the options give.
func (a AttributeOptions) attribute(name string) *schema.Attribute {
	d := a.Define
	attribute := &schema.Attribute{
		Name: name, Type: schema.String, MultiValued: d.MultiValued, Description: d.Description,
		Required: d.Required, CaseExact: d.CaseExact, CanonicalValues: d.CanonicalValues,
		Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: schema.UniqueNone,
	}
	if attribute.Description == "" {
		attribute.Description = "Held in " + a.LDAP
	}
	if d.Type != "" {
		attribute.Type = schema.Type(d.Type)
		attribute.CaseExact = d.CaseExact || attribute.Type == schema.Binary // RFC 7643 §2.3.6
	}
	if d.Mutability != "" {
		attribute.Mutability = schema.Mutability(d.Mutability)
	}
	if d.Returned != "" {
		attribute.Returned = schema.Returned(d.Returned)
	}
	return attribute
}

// check says what is wrong with a definition, under its key.
func (d DefineOptions) check(report func(key, problem string)) {
	oneOf := func(key, value string, known ...string) {
		if value != "" && !slices.Contains(known, value) {
			report(key, fmt.Sprintf("%q is none of %s", value, strings.Join(known, ", ")))
		}
	}
	oneOf("define.type", d.Type, "string", "boolean", "decimal", "integer", "dateTime", "binary")
	oneOf("define.mutability", d.Mutability, "readWrite", "readOnly", "immutable", "writeOnly")
	oneOf("define.returned", d.Returned, "default", "always", "request", "never")
}
