package memdir

import (
	"slices"

	"scimbridge/ldapmap/ldif"
)

// indexed are the attributes with an equality index.
var indexed = []string{
	"entryUUID", "entryDN", "uid", "cn", "mail", "employeeNumber", "member", "uniqueMember", "manager", "owner", "seeAlso", "secretary",
	"memberUid", "scimUserName", "scimExternalId",
}

// index finds entries by the value of an indexed attribute.
type index struct {
	schema *schema
	nodes  map[string]map[string]map[*node]struct{} // by canonical attribute, then by key
	covers map[string][]string                      // by attribute description: the indexed attributes that cover it
}

func newIndex(s *schema) *index {
	x := &index{schema: s, nodes: make(map[string]map[string]map[*node]struct{}), covers: make(map[string][]string)}
	for _, name := range indexed {
		if def := s.Attribute(name); def != nil && def.Equality != "" {
			x.nodes[s.Canonical(name)] = make(map[string]map[*node]struct{})
		}
	}
	return x
}

// lookup returns the entries that hold a value, or false where the attribute has no index.
func (x *index) lookup(attribute, value string) (map[*node]struct{}, bool) {
	attribute = x.schema.Canonical(attribute)
	entries, ok := x.nodes[attribute]
	if !ok {
		return nil, false
	}
	return entries[ldif.Key(x.schema.Subschema, attribute, value)], true
}

// covering returns the indexed attributes whose filters take in an attribute description.
func (x *index) covering(description string) []string {
	names, known := x.covers[description]
	if !known {
		for name := range x.nodes {
			if x.schema.Covers(name, description) {
				names = append(names, name)
			}
		}
		x.covers[description] = names
	}
	return names
}

// replace enters what the new record holds beyond the old one, and takes out the reverse. Either may be nil.
func (x *index) replace(n *node, old, now *record) {
	if old != nil {
		for i, a := range old.Attributes {
			for _, name := range x.covering(a.Name) {
				x.drop(name, n, surplus(old.keys[i], now, a.Name), now, a.Name)
			}
		}
	}
	if now != nil {
		for i, a := range now.Attributes {
			for _, name := range x.covering(a.Name) {
				x.enter(name, n, surplus(now.keys[i], old, a.Name))
			}
		}
	}
}

func (x *index) enter(name string, n *node, keys []string) {
	for _, key := range keys {
		if x.nodes[name][key] == nil {
			x.nodes[name][key] = make(map[*node]struct{})
		}
		x.nodes[name][key][n] = struct{}{}
	}
}

// drop takes out keys that an attribute lost, save those that another attribute under the same index still holds (`cn` beside
// `cn;lang-de`).
func (x *index) drop(name string, n *node, keys []string, now *record, lost string) {
	for _, key := range keys {
		delete(x.nodes[name][key], n)
		if len(x.nodes[name][key]) == 0 {
			delete(x.nodes[name], key)
		}
	}
	if now == nil || len(keys) == 0 {
		return
	}
	for i, a := range now.Attributes {
		if a.Name != lost && slices.Contains(x.covering(a.Name), name) {
			x.enter(name, n, now.keys[i])
		}
	}
}

// surplus returns the keys that the other record's attribute does not hold.
func surplus(keys []string, other *record, attribute string) []string {
	if other == nil {
		return keys
	}
	i := other.find(attribute)
	if i < 0 {
		return keys
	}
	if held := other.keys[i]; len(held) == len(keys) && &held[0] == &keys[0] {
		return nil // the values that a clone shares
	}
	held := positions(other.keys[i])
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { _, ok := held[key]; return ok })
}
