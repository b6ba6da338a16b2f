package draft

import (
	"fmt"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// share makes one of two SCIM values that stand in one LDAP value: the one that is changed is the other's too, unless the request says
// otherwise. Two that differ are refused.
//
//	userName and emails[type eq "work"] both in mail, a@x
//	  PATCH userName b@x:               both are b@x
//	  PATCH userName b@x, email c@x:    400
//	  PATCH userName b@x, email B@x:    both are b@x, where the directory takes the two for one
//	  PATCH email gone:                 a@x stays, for the userName
func (d *Draft) share() error {
	for _, r := range d.t.Rules {
		if r.With == nil {
			continue
		}
		one := func(rule *ldapmap.Rule, resource scim.Resource) string {
			for _, value := range d.t.SCIMValues(rule, resource) {
				text, _ := compile.Text(value)
				return text
			}
			return ""
		}
		first, second := one(r.With, d.after), one(r, d.after)
		follows := func(rule *ldapmap.Rule, value string) bool { // the rule's value is as it was, and nobody speaks of it
			said := d.write.Said != nil && d.write.Said.Names(rule.Ref.Owner())
			return value == "" || !d.isCreate() && !said && value == one(rule, d.before)
		}
		switch {
		case first == second:
		case second == "" || follows(r, second):
			d.after = d.t.Setting(r, d.after, first)
		case follows(r.With, first):
			d.after = d.t.Setting(r.With, d.after, second)
		case ldif.Equal(d.t.Server.Schema, r.LDAP, first, second): // two spellings of one value
			d.after = d.t.Setting(r, d.after, first)
		default:
			detail := fmt.Sprintf("%s and %s are one value, in %s: %q and %q differ", r.With.Path(), r.Path(), r.LDAP, first, second)
			return &scim.Error{Type: scim.InvalidValue, Detail: detail, Attribute: r.Path()}
		}
	}
	return nil
}
