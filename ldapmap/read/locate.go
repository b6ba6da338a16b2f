package read

import (
	"scimbridge/ldapmap"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Locate gives the references in a resource their addresses ($ref), under the base URL.
func Locate(t *ldapmap.Type, r scim.Resource, baseURL string) {
	if t.Groups != nil {
		locate(t.Map, r.Get(t.Groups.SCIM), "Group", baseURL)
	}
	for _, reference := range t.References {
		to := reference.To
		if reference.IsMembers() { // each says of what type it is
			to = ""
		}
		locate(t.Map, r.Get(schema.Ref{Extension: reference.SCIM.Extension, Attr: reference.SCIM.Attr}), to, baseURL)
	}
}

func locate(m *ldapmap.Map, value any, typ, baseURL string) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			locate(m, element, typ, baseURL)
		}
	case map[string]any:
		if named, ok := v["type"].(string); ok && typ == "" {
			typ = named
		}
		id, _ := v["value"].(string)
		if target := m.Type(typ); target != nil && id != "" {
			v["$ref"] = baseURL + target.Resource.Endpoint + "/" + id
		}
	}
}
