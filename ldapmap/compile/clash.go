package compile

import (
	"fmt"
	"strings"
)

// Owned is an LDAP attribute of the map with what it holds, under its key path.
type Owned struct{ Path, Attribute, Holds string }

// owned are the attributes that one thing alone may hold. A computed value may stand beside another, unless it is a secret.
func (t *Type) owned() []Owned {
	var all []Owned
	for _, r := range t.Rules {
		if holds := r.Holds(); holds != "" {
			all = append(all, Owned{fmt.Sprintf("attributes[%d].ldap", r.At), r.LDAP, holds})
		}
	}
	all = append(all, Owned{"tombstone", t.Options.Tombstone, "the tombstone"})
	for i, a := range t.Active {
		all = append(all, Owned{fmt.Sprintf("active[%d]", i), a.Attribute, "active"})
	}
	for i, members := range t.Options.Members {
		all = append(all, Owned{MembersPath(i) + ".attribute", members.Attribute, "members"})
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
	return r.Options.SCIM
}

// Clashes says which LDAP attributes have two owners: nothing would tell whose value is whose.
func Clashes(all []Owned, canonical func(string) string) Faults {
	owners := map[string]string{}
	var faults Faults
	for _, o := range all {
		if o.Attribute == "" {
			continue
		}
		key := strings.ToLower(canonical(o.Attribute))
		if other := owners[key]; other != "" {
			faults = append(faults, Fault{o.Path, fmt.Sprintf("%s holds %s already", o.Attribute, other)})
		}
		owners[key] = o.Holds
	}
	return faults
}
