package read

import (
	"maps"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// showStandIns shows the attributes that have a stand-in: what stands in reads as absent. r shows everything else already. A
// stand-in is made of the login, not of a tombstone over it.
func showStandIns(t *ldapmap.Type, r scim.Resource, e *ldif.Entry, refs ldapmap.Refs) {
	for _, rule := range t.StandIns {
		stored := e.Values(rule.LDAP)
		if len(stored) == 0 {
			continue
		}
		held := r
		if t.TombstoneOf(e) != "" {
			held = maps.Clone(r)
			held["userName"] = t.LoginOf(e)
		}
		rdn, _ := ldif.SplitDN(e.DN)
		standIn := t.StandIn(rule, held, rdn)
		values := make([]string, 0, len(stored))
		for _, text := range stored {
			if v, shown := standIn.Shown(text); shown {
				values = append(values, v)
			}
		}
		show(t, r, rule, values, refs)
	}
}
