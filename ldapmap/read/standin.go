package read

import (
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
		rdn, _ := ldif.SplitDN(e.DN)
		standIn := t.StandIn(rule, held, rdn)
		var values []string
		for _, stored := range e.Values(rule.LDAP) {
			if v, shown := standIn.Shown(stored); shown {
				values = append(values, v)
			}
		}
		show(t, r, rule, values, refs)
	}
}
