package directory

import (
	"context"
	"slices"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// byDN is the change with what goes by the DN alone (ldif.Mod.ByDN) turned into values of the entry, which is read for it: no server
// deletes `uid=anna,dc=example#'0101'B` for who asks to delete `uid=anna,dc=example`. Without mods: all of it is so already.
func (r *run) byDN(ctx context.Context, change ldif.Change) (ldif.Change, error) {
	var names []string
	for _, m := range change.Mods {
		if m.ByDN && !ldif.Named(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return change, nil
	}
	read := Search{Base: r.target(change), Scope: BaseObject, Attributes: names}
	read.Filter, _ = r.server.IDFilter(change.If.ID)
	found, err := r.client.search(ctx, read)
	switch {
	case err != nil:
		return change, r.client.explain(err, nil)
	case len(found) == 0: // another entry has the name
		return change, &Error{Reason: reason.LostRace}
	}
	if _, err := r.client.complete(ctx, found[0]); err != nil {
		return change, r.client.explain(err, nil)
	}
	change.Mods = slices.Clone(change.Mods)
	for i, m := range change.Mods {
		if m.ByDN {
			change.Mods[i] = m.In(found[0].Values(m.Name), r.server.NormalDN)
		}
	}
	change.Mods = slices.DeleteFunc(change.Mods, func(m ldif.Mod) bool {
		return m.Settled && m.Op != ldif.ReplaceValues && len(m.Values) == 0
	})
	return change, nil
}
