package ldapmap

import (
	"slices"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// Held are the entry's values of what the rule maps, first the one that SCIM shows.
func (t *Type) Held(rule *Rule, e *ldif.Entry) []string {
	if rule.With != nil {
		rule = rule.With
	}
	values := rule.Own(e.Values(rule.LDAP))
	if len(values) < 2 || rule.Computed() || rule.Many() {
		return values
	}
	rdn, _ := ldif.ParseRDN(e.DN)
	if at, _ := t.Shown(rule, rdn, values); at > 0 {
		values = slices.Concat(values[at:at+1], values[:at], values[at+1:])
	}
	return values
}

// Own are those of an attribute's values that are the rule's: all, or a part of them.
func (r *Rule) Own(values []string) []string {
	if !r.IsPart() {
		return values
	}
	var own []string
	for _, v := range values {
		if _, ok := r.Form.Read(v); ok {
			own = append(own, v)
		}
	}
	return own
}

// Shown is the place of the value that SCIM shows of several which an entry of the name holds: the one that the map chooses; else, of a
// unique attribute, the one that the map's DN names the entry by; else the first. decided says that the order does not matter: servers
// change it when they rename.
//
//	uid=anna,…        dn: rdn(userName)               uid: anna@x, anna           anna
//	uid=anna,…        dn: rdn(before(userName, "@"))  uid: anna, lind@x, anna@x   anna@x
//	cn=Anna Lind,…    dn: rdn(displayName)            uid: anna, anna@x           anna
func (t *Type) Shown(rule *Rule, rdn ldif.RDN, values []string) (at int, decided bool) {
	if rule.Choose != nil {
		if at, ok := rule.Choose.Of(values); ok {
			return at, true
		}
	}
	names, itself := []int{}, []int{} // the values that name the entry, and those that are its name
	for i, v := range values {
		switch named := t.naming(rule, v); {
		case named == "" || !t.isIn(rdn, named):
		case t.isIn(rdn, v):
			itself = append(itself, i)
		default:
			names = append(names, i)
		}
	}
	if len(names) == 0 { // of a value that only names the entry, the name is there too
		names = itself
	}
	if len(names) == 0 {
		return 0, len(values) < 2
	}
	return names[0], len(names) == 1
}

// naming is what the map's DN makes of a value of the rule; "": nothing.
func (t *Type) naming(rule *Rule, value string) string {
	if rule.Naming == nil {
		return ""
	}
	shown, ok := t.SCIMValue(rule, value, Refs{})
	if !ok {
		return ""
	}
	r := scim.Resource{}
	r.Set(rule.Ref, shown)
	named, _ := rule.Naming.Eval(r, t.Resource, t.Base)
	return named
}

func (t *Type) isIn(rdn ldif.RDN, value string) bool {
	return slices.ContainsFunc(rdn, func(a ldif.AVA) bool { return ldif.Equal(t.Server.Schema, a.Type, a.Value, value) })
}
