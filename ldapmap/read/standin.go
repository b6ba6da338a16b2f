package read

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// showStandIns shows the attributes that have a stand-in: what stands in reads as absent. r shows everything else already. A
// stand-in is made of the login, not of a tombstone over it.
func showStandIns(t *ldapmap.Type, r scim.Resource, e *ldif.Entry, refs ldapmap.Refs) {
	for _, rule := range t.StandIns {
		held := r.Clone()
		if t.TombstoneOf(e) != "" {
			held["userName"] = t.LoginOf(e)
		}
		standIn, err := t.Evaluated(rule.Empty, held)
		values := slices.Clone(e.Values(rule.LDAP))
		if err == nil && len(standIn) > 0 {
			values = slices.DeleteFunc(values, func(v string) bool { return v == standIn[0] })
		}
		show(t, r, rule, values, refs)
	}
}
