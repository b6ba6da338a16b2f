package compile

import (
	"fmt"
	"strings"
)

// Owned is an LDAP attribute of the map with what it holds, under its key path.
type Owned struct {
	Path, Attribute, Holds string

	IsPart bool   // of its values
	Prefix string // that it has; "": an expression tells which they are
}

// Owned is what the rule holds, under its key path; Attribute is "" where others may too.
func (r *Rule) Owned() Owned {
	o := Owned{Path: fmt.Sprintf("attributes[%d].ldap", r.At), Holds: r.Holds(), IsPart: r.IsPart(), Prefix: r.Options.Prefix}
	if o.Holds != "" {
		o.Attribute = r.LDAP
	}
	return o
}

// owned are the attributes that one thing alone may hold. A computed value may stand beside another, unless it is a secret.
func (t *Type) owned() []Owned {
	var all []Owned
	for _, r := range t.Rules {
		all = append(all, r.Owned())
	}
	all = append(all, Owned{Path: "tombstone", Attribute: t.Options.Tombstone, Holds: "the tombstone"})
	all = append(all, Owned{Path: "delete.marker.attribute", Attribute: t.Options.Delete.Marker.Attribute, Holds: "the marker"})
	for i, a := range t.Active {
		all = append(all, Owned{Path: fmt.Sprintf("active[%d]", i), Attribute: a.Attribute, Holds: "active"})
	}
	for i, members := range t.Options.Members {
		all = append(all, Owned{Path: MembersPath(i) + ".attribute", Attribute: members.Attribute, Holds: "members"})
	}
	return all
}

// Holds says of what the rule alone fills its attribute; "" where others may too.
func (r *Rule) Holds() string {
	if r.Secret() {
		return "what is made of the password"
	}
	if r.Value != nil && r.Value.IsOfPrevious() {
		return "what was before a change"
	}
	if r.Options.Shares != "" {
		return ""
	}
	return r.Options.SCIM
}

// Clashes says which LDAP attributes have two owners: nothing would tell whose value is whose.
func Clashes(all []Owned, canonical func(string) string) Faults {
	owners := map[string][]Owned{}
	var faults Faults
	for _, o := range all {
		if o.Attribute == "" {
			continue
		}
		key := strings.ToLower(canonical(o.Attribute))
		for _, other := range owners[key] {
			if !o.besidesPart(other) {
				faults = append(faults, Fault{o.Path, fmt.Sprintf("%s holds %s already", o.Attribute, other.Holds)})
				break
			}
		}
		owners[key] = append(owners[key], o)
	}
	return faults
}
