package draft

import (
	"maps"

	"scimbridge/ldapmap"
	"scimbridge/scim"
	"scimbridge/scim/patch"
)

// OperationIDs are the ids that PATCH operations write into reference attributes.
func OperationIDs(t *ldapmap.Type, ops []patch.Op) []string {
	var ids []string
	for _, op := range ops {
		if t.Reference(op.Path.Attr.Ref) != nil {
			ids = append(ids, idsIn(op.Value)...)
		} else if extension, ok := op.Value.(map[string]any); ok && op.Path.Attr.Ref.Attr == nil {
			ids = append(ids, idsOf(t, extension)...)
		}
	}
	return ids
}

// ResourceIDs are the ids that a resource refers to, its members aside.
func ResourceIDs(t *ldapmap.Type, r scim.Resource) []string {
	ids := idsOf(t, r)
	for _, e := range t.Resource.Extensions {
		if extension, ok := r[e.Schema.ID].(map[string]any); ok {
			ids = append(ids, idsOf(t, extension)...)
		}
	}
	return ids
}

func idsOf(t *ldapmap.Type, object map[string]any) []string {
	var ids []string
	for _, r := range t.References {
		if !r.IsMembers() {
			ids = append(ids, idsIn(object[r.SCIM.Attr.Name])...)
		}
	}
	return ids
}

// MemberIDs are the ids of a resource's members.
func MemberIDs(t *ldapmap.Type, r scim.Resource) []string {
	if !t.HasMembers() {
		return nil
	}
	return idsIn(r["members"])
}

// TakeMembers takes the members out of a resource and returns their ids.
func TakeMembers(t *ldapmap.Type, r scim.Resource) []string {
	ids := MemberIDs(t, r)
	if t.HasMembers() {
		delete(r, "members")
	}
	return ids
}

// WithoutMembers is the resource without its members.
func WithoutMembers(t *ldapmap.Type, r scim.Resource) scim.Resource {
	if t.HasMembers() {
		r = maps.Clone(r)
		delete(r, "members")
	}
	return r
}

// idsIn are the ids in a reference attribute's value: text, a complex value, or a list of either.
func idsIn(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case map[string]any:
		return idsIn(v["value"])
	case []any:
		var ids []string
		for _, element := range v {
			ids = append(ids, idsIn(element)...)
		}
		return ids
	}
	return nil
}
