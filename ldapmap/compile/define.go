package compile

import (
	"fmt"
	"reflect"
	"regexp"
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
// sub-attribute of a complex attribute, which has many values where the path has a filter, and with it what the filter compares; a
// reference is a complex attribute with `value` and `$ref`.
func define(rt *schema.ResourceType, a AttributeOptions, own bool) {
	name, slot, many := strings.Cut(a.SCIM, "[")
	target := rt.Core
	if len(name) > 4 && strings.EqualFold(name[:4], "urn:") {
		colon := strings.LastIndexByte(name, ':')
		urn := name[:colon]
		name = name[colon+1:]
		switch {
		case strings.EqualFold(urn, rt.Core.ID):
		case strings.EqualFold(urn, schema.EnterpriseURN):
			return
		default:
			target, own = ownExtension(rt, urn), true
		}
	}
	if !own || name == "" || strings.Contains(name, " ") || strings.EqualFold(name, "externalId") {
		return
	}
	name, sub, _ := strings.Cut(name, ".")
	if end := strings.LastIndexByte(slot, ']'); many {
		if sub = strings.TrimPrefix(slot[end+1:], "."); sub == "" {
			sub = "value"
		}
	}
	attribute := target.Attribute(name)
	switch {
	case attribute != nil:
	case sub == "" && a.Reference == "":
		target.Attributes = append(target.Attributes, a.attribute(name))
		return
	default:
		attribute = &schema.Attribute{
			Name: name, Type: schema.Complex, MultiValued: many || a.Define.MultiValued, Description: a.attribute(name).Description,
			Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: schema.UniqueNone,
		}
		target.Attributes = append(target.Attributes, attribute)
	}
	if attribute.Type != schema.Complex {
		return
	}
	add := func(inner *schema.Attribute) {
		if inner.MultiValued = false; attribute.Sub(inner.Name) == nil {
			attribute.SubAttributes = append(attribute.SubAttributes, inner)
		}
	}
	if a.Reference != "" {
		value, address := a.attribute("value"), a.attribute("$ref")
		value.CaseExact = true
		address.Type, address.CaseExact, address.ReferenceTypes = schema.Reference, true, []string{a.Reference}
		add(value)
		add(address)
		return
	}
	if sub != "" {
		add(a.attribute(sub))
	}
	for _, clause := range clausePattern.FindAllStringSubmatch(slot, -1) {
		label := AttributeOptions{Define: DefineOptions{Description: "Tells the values apart"}}.attribute(clause[1])
		if clause[2] == "" {
			label.Type = schema.Boolean
		}
		add(label)
	}
}

// clausePattern finds the `eq` clauses of a path's filter: the attribute, and the text that it is compared with ("": it is no text).
var clausePattern = regexp.MustCompile(`(?i)([a-z][\w-]*)\s+eq\s+(?:("(?:[^"\\]|\\.)*")|true|false)`)

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
		attribute.ReferenceTypes = d.ReferenceTypes
		if attribute.Type == schema.Binary || attribute.Type == schema.Reference {
			attribute.CaseExact = true // RFC 7643 §2.3.6, §2.3.7
		}
	}
	if d.Mutability != "" {
		attribute.Mutability = schema.Mutability(d.Mutability)
	}
	if d.Returned != "" {
		attribute.Returned = schema.Returned(d.Returned)
	}
	return attribute
}

// isZero says that nothing is defined.
func (d DefineOptions) isZero() bool { return reflect.DeepEqual(d, DefineOptions{}) }

// check says what is wrong with a line's definition, under its key.
func (a AttributeOptions) check(report func(key, problem string)) {
	d := a.Define
	oneOf := func(key, value string, known ...string) {
		if value != "" && !slices.Contains(known, value) {
			report(key, fmt.Sprintf("%q is none of %s", value, strings.Join(known, ", ")))
		}
	}
	oneOf("define.type", d.Type, "string", "boolean", "decimal", "integer", "dateTime", "binary", "reference")
	oneOf("define.mutability", d.Mutability, "readWrite", "readOnly", "immutable", "writeOnly")
	oneOf("define.returned", d.Returned, "default", "always", "request", "never")
	switch isReference := d.Type == string(schema.Reference); {
	case a.Reference != "" && d.Type != "":
		report("define.type", "what `reference` names is found by its id: the line has no type of its own")
	case isReference && len(d.ReferenceTypes) == 0:
		report("define.type", "a reference needs `referenceTypes`: external, uri or resource types")
	case !isReference && len(d.ReferenceTypes) > 0:
		report("define.referenceTypes", "goes with `type: reference`")
	}
}

// extensions marks those that the map demands.
func (c *compiler) extensions(o Options) {
	for i, e := range o.Extensions {
		same := func(other schema.Extension) bool { return strings.EqualFold(other.Schema.ID, e.Schema) }
		at := slices.IndexFunc(c.t.Resource.Extensions, same)
		if at < 0 {
			c.report(fmt.Sprintf("extensions[%d].schema", i), fmt.Sprintf("no attribute of %q is mapped", e.Schema))
			continue
		}
		extension := &c.t.Resource.Extensions[at]
		extension.Required = e.Required
		settable := func(a *schema.Attribute) bool { return a.Mutability != schema.ReadOnly }
		if e.Required && !slices.ContainsFunc(extension.Schema.Attributes, settable) {
			c.report(fmt.Sprintf("extensions[%d].required", i), "no client can set an attribute of it")
		}
	}
}
