package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/patch"
	"scimbridge/scim/schema"
)

// memberMods turns a change of members into value-level modifications of at most chunk values, each a success where it is so already. A member to add must
// exist; one to remove that does not is gone already.
func (t *Type) memberMods(m Members, f Facts) ([]ldif.Mod, error) {
	if t.members == nil {
		return nil, nil
	}
	var add, remove []string
	for _, id := range m.Add {
		dn, err := t.referenceValue("members", "", id, nil, f.Refs)
		if err != nil {
			return nil, err
		}
		add = append(add, dn)
	}
	for _, id := range m.Remove {
		if dn, err := t.referenceValue("members", "", id, nil, f.Refs); err == nil {
			remove = append(remove, dn)
		}
	}
	var mods []ldif.Mod
	if len(remove) > 0 && f.Placeholder && t.members.Placeholder != "" {
		mods = append(mods, t.settled(ldif.AddValues, t.members.Placeholder))
	}
	for part := range slices.Chunk(add, chunk) {
		mods = append(mods, t.settled(ldif.AddValues, part...))
	}
	for part := range slices.Chunk(remove, chunk) {
		mods = append(mods, t.settled(ldif.DeleteValues, part...))
	}
	return mods, nil
}

func (t *Type) settled(op ldif.ModOp, values ...string) ldif.Mod {
	return ldif.Mod{Op: op, Name: t.members.Attribute, Values: values, Settled: true}
}

// Delta is the change that turns the members present into those wanted.
func Delta(present, wanted []string) Members {
	return Members{Add: minusFold(wanted, present), Remove: minusFold(present, wanted)}
}

func minusFold(a, b []string) []string {
	known := make(map[string]bool, len(b))
	for _, id := range b {
		known[strings.ToLower(id)] = true
	}
	var rest []string
	for _, id := range a {
		if key := strings.ToLower(id); !known[key] {
			known[key] = true
			rest = append(rest, id)
		}
	}
	return rest
}

// OperationIDs are the ids that PATCH operations write into reference attributes.
func (t *Type) OperationIDs(ops []patch.Op) []string {
	var ids []string
	for _, op := range ops {
		if t.referenceAttribute(op.Path.Attr.Ref) != "" {
			ids = append(ids, idsIn(op.Value)...)
		} else if extension, ok := op.Value.(map[string]any); ok && op.Path.Attr.Ref.Attr == nil {
			ids = append(ids, t.idsOf(extension)...)
		}
	}
	return ids
}

// ResourceIDs are the ids that a resource refers to, its members aside.
func (t *Type) ResourceIDs(r map[string]any) []string {
	ids := t.idsOf(r)
	for _, e := range t.resource.Extensions {
		if extension, ok := r[e.Schema.ID].(map[string]any); ok {
			ids = append(ids, t.idsOf(extension)...)
		}
	}
	return ids
}

func (t *Type) idsOf(object map[string]any) []string {
	var ids []string
	for _, r := range t.rules {
		if r.options.Reference != "" {
			ids = append(ids, idsIn(object[r.ref.Attr.Name])...)
		}
	}
	return ids
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

// LookUp is the search that resolves ids and DNs of entries of any type to one another, in batches that servers take.
func (m *Map) LookUp(ids, dns []string) []Search {
	if len(m.Types) == 0 {
		return nil
	}
	t := m.Types[0]
	var clauses []string
	for _, id := range minusFold(ids, nil) {
		if f, ok := t.idFilter(id); ok {
			clauses = append(clauses, f)
		}
	}
	for _, dn := range dns {
		if m.covers(dn) {
			clauses = append(clauses, "("+t.dnAttribute()+"="+ldif.EscapeFilter(dn)+")")
		}
	}
	var bases, scopes []string
	for _, t := range m.Types {
		bases = append(bases, t.Base)
		scopes = append(scopes, t.scopeText)
	}
	if common := ldif.CommonBase(bases...); common != "" {
		bases = []string{common}
	}
	var searches []Search
	for part := range slices.Chunk(clauses, chunk) {
		for _, base := range bases {
			searches = append(searches, Search{base, and(or(part...), or(scopes...))})
		}
	}
	return searches
}

// covers says whether the DN lies under a mapped base: others are nobody's.
func (m *Map) covers(dn string) bool {
	return slices.ContainsFunc(m.Types, func(t *Type) bool { return ldif.Under(dn, t.Base) })
}

// dnAttribute is the operational attribute by which the server finds an entry by its DN in a filter.
func (t *Type) dnAttribute() string {
	if t.server.Kind == ldif.ActiveDirectory {
		return "distinguishedName"
	}
	return "entryDN"
}

// LookUpAttributes are the attributes that Refs judges an entry by.
func (m *Map) LookUpAttributes() []string {
	var names []string
	for _, t := range m.Types {
		for _, name := range append(t.IDAttributes(), t.scope.Attributes()...) {
			if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
				names = append(names, name)
			}
		}
	}
	return names
}

// TakeMembers takes the members out of a resource and returns their ids.
func (t *Type) TakeMembers(r scim.Resource) []string {
	if t.members == nil {
		return nil
	}
	ids := idsIn(r["members"])
	delete(r, "members")
	return ids
}

// Locate gives the references in a resource their addresses ($ref), under the base URL.
func (t *Type) Locate(r scim.Resource, baseURL string) {
	for _, rule := range t.rules {
		if name := rule.options.Reference; name != "" {
			t.locate(r.Get(schema.Ref{Extension: rule.ref.Extension, Attr: rule.ref.Attr}), name, baseURL)
		}
	}
	if t.members != nil {
		t.locate(r["members"], "", baseURL)
	}
}

func (t *Type) locate(value any, typ, baseURL string) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			t.locate(element, typ, baseURL)
		}
	case map[string]any:
		if named, ok := v["type"].(string); ok && typ == "" {
			typ = named
		}
		if target, id := t.types.Type(typ), idsIn(v); target != nil && len(id) == 1 {
			v["$ref"] = baseURL + target.resource.Endpoint + "/" + id[0]
		}
	}
}
