package memdir

import (
	"cmp"
	"maps"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// references are the attributes that the overlay refint would look after.
var references = []string{"member", "uniqueMember", "manager", "owner", "seeAlso", "secretary"}

// cleanReferences does what slapd's overlay refint does: values that name an entry which is gone go too, and those that name one
// which has a new name get it. changed gives the new name by the old one's key; the empty name says that the entry is gone. A
// removal that the schema refuses is left undone: the last member of a groupOfNames dangles. So is a renaming where the new name is there
// already.
func (t *tree) cleanReferences(changed map[string]name) {
	if !t.cleaning {
		return
	}
	const who = "cn=Referential Integrity Overlay"
	for key, now := range changed {
		for _, attribute := range references {
			holders := maps.Keys(t.index.nodes[attribute][key])
			for _, at := range slices.SortedFunc(holders, func(a, b *node) int { return cmp.Compare(a.serial, b.serial) }) {
				r := at.record.clone()
				i := r.find(attribute)
				if slices.Contains(r.keys[i], now.key) {
					continue
				}
				for j, held := range r.keys[i] {
					if held != key {
						continue
					}
					m := modification{op: ldap.DeleteAttribute, def: t.schema.Attribute(attribute), keys: []string{key}}
					m.attribute = ldif.Attribute{Name: r.Attributes[i].Name, Values: []string{r.Attributes[i].Values[j]}}
					r.modify(m, true)
					break
				}
				if now.key != "" {
					m := modification{op: ldap.AddAttribute, def: t.schema.Attribute(attribute), keys: []string{now.key}}
					m.attribute = ldif.Attribute{Name: attribute, Values: []string{now.text}}
					r.modify(m, true)
				}
				if t.schema.checkEntry(r, at.name) == nil {
					t.stampChanged(r, who)
					t.replace(at, r)
				}
			}
		}
	}
}
