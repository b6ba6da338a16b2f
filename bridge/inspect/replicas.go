package inspect

import (
	"fmt"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// reachedGrants are the rights by which the bridge's account sees how far a server has got.
func reachedGrants(m *ldapmap.Map) (all []Grant) {
	by := m.Server.Reached
	if by == nil {
		return nil
	}
	for _, context := range contexts(m) {
		all = append(all, Grant{
			Key: "directory.urls", What: "replica", Base: by.At(context), Alone: true, Reads: []string{"objectClass", by.Attribute},
		})
	}
	return all
}

// contexts are the naming contexts that the map's bases are in.
func contexts(m *ldapmap.Map) (all []string) {
	for _, base := range m.Bases() {
		all = append(all, m.Server.Context(base))
	}
	return distinct(all)
}

// untold finds the naming contexts of which the server, one of several, does not tell how far it has got.
func (l looker) untold() error {
	by := l.v.Server.Reached
	if !l.v.fits() || by == nil || len(l.v.Meetings) < 2 {
		return nil
	}
	for _, context := range contexts(l.v.Map) {
		found, err := l.client.Look(l.ctx, directory.Search{
			Base: by.At(context), Scope: directory.BaseObject, Attributes: []string{by.Attribute},
		})
		if err != nil {
			return err
		}
		if len(found) == 0 || by.Of(found[0].Values(by.Attribute)) == nil {
			l.v.Untold = append(l.v.Untold, context)
		}
	}
	return nil
}

// replicas tells of what makes going from one server to another less sure.
func replicas(s Subject, v Survey) []Finding {
	if len(v.Untold) == 0 {
		return nil
	}
	f := Finding{
		Severity: Hint, Code: "untold-replica", Key: "directory.urls",
		What: fmt.Sprintf("the server does not tell how far it has got of %s: %s of %s is missing, or hidden", v.Untold[0],
			v.Server.Reached.Attribute, v.Server.Reached.At(v.Untold[0])),
		Why:  "after a switch to another server `directory.failover.lag` alone is waited for, and no earlier one is gone back to by itself",
		Mend: "where the servers replicate, let the bridge's account read it, on each of them",
	}
	if v.Server.Settings == ldif.SlapdSettings {
		f.Mend += ", and have each keep it (the overlay syncprov, a serverID of its own)"
	}
	if v.Server.Reached.Counts {
		f.Mend += "; a domain controller to which nothing has come from another has none"
	}
	if g := v.granting(reachedGrants(v.Map)); g.LDIF != "" { // in a domain who has an account reads
		g.into(&f)
	}
	return []Finding{f}
}
