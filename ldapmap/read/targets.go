package read

import (
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// names are the attributes that a resource is shown by where another refers to it; the first that it has counts.
var names = []string{"displayName", "userName"}

// Targets says how entries that those of t refer to are read for what wants names (nil: for what identifies them alone): with which
// attributes, and what tells their names (nil: nobody asks).
func Targets(t *ldapmap.Type, wants func(schema.Ref) bool) (attributes []string, name func(*ldapmap.Type, *ldif.Entry) string) {
	attributes = t.Map.LookUpAttributes()
	for _, r := range t.References {
		if wants != nil && r.Name.Sub != nil && wants(r.Name) {
			return ofAll(t.Map, attributes, isName), nameOf
		}
	}
	return attributes, nil
}

// Naming are the attributes of groups that their names are made of, and what tells them.
func Naming(m *ldapmap.Map) (attributes []string, name func(*ldapmap.Type, *ldif.Entry) string) {
	return Attributes(m.Type("Group"), isName), nameOf
}

func isName(ref schema.Ref) bool {
	return ref.Extension == nil && ref.Attr != nil && (ref.Attr.Name == names[0] || ref.Attr.Name == names[1])
}

// nameOf is the name that an entry's own resource shows, or "": what is never shown there is not shown here.
func nameOf(t *ldapmap.Type, e *ldif.Entry) string {
	r := Resource(t, e, ldapmap.Refs{})
	for _, attribute := range names {
		a := t.Resource.Core.Attribute(attribute)
		if name, ok := r[attribute].(string); ok && a != nil && a.Returned != schema.Never {
			return name
		}
	}
	return ""
}
