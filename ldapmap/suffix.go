package ldapmap

import (
	"slices"

	"scimbridge/ldapmap/ldif"
)

// A value of the syntax Name And Optional UID (RFC 4517 §3.3.21) may have a unique identifier behind the DN, which tells who has the DN
// from others who had it. A map may say that it does not count (`suffixes: true`). No equality filter finds such a value by the DN, so the
// lists are read for it, those in which the server cannot rule it out:
//
//	OpenLDAP                 (uniqueMember=*)
//	389 Directory Server     (uniqueMember=uid=anna,ou=people,dc=example#'*)
//
// Nor does a server keep such values true, or tell of them in memberOf.

// Cut is a value without the unique identifier behind its DN, and that; "": there is none, or it counts.
func (r *Reference) Cut(value string) (dn, uid string) {
	if !r.Suffixes {
		return value, ""
	}
	return ldif.CutUID(value)
}

// UIDs are the unique identifiers behind the values by which the entry, that was read with them, refers to the DN.
func (r *Reference) UIDs(e *ldif.Entry, dn string) (uids []string) {
	for _, v := range e.Values(r.Attribute) {
		if name, uid := r.Cut(v); uid != "" && r.Type.Server.SameDN(name, dn) {
			uids = append(uids, uid)
		}
	}
	return uids
}

// Suspects finds the entries that may hold the DN with a unique identifier.
func (r *Reference) Suspects(dn string) string { return ldif.AllOf(r.suspects(dn), r.Type.scopeText) }

func (r *Reference) suspects(dn string) string {
	if r.Type.Server.SeeksInDNs {
		return "(" + r.Attribute + "=" + ldif.EscapeFilter(dn+"#'") + "*)"
	}
	return ldif.Presence(r.Attribute)
}

// takesSuffixes says that some group of the map holds members by the attribute, and their unique identifiers do not count.
func (m *Map) takesSuffixes(attribute string) bool {
	return slices.ContainsFunc(m.Types, func(t *Type) bool {
		return slices.ContainsFunc(t.Members, func(r *Reference) bool { return r.Suffixes && t.IsSame(r.Attribute, attribute) })
	})
}

// Removed is the deletion of members by these values, whatever unique identifiers stand behind their DNs.
func (r *Reference) Removed(values ...string) ldif.Mod { return r.ofMembers(ldif.DeleteValues, values) }

// Added is the addition of members, of whom those are left out that are there with a unique identifier.
func (r *Reference) Added(values ...string) ldif.Mod { return r.ofMembers(ldif.AddValues, values) }

func (r *Reference) ofMembers(op ldif.ModOp, values []string) ldif.Mod {
	mod := r.Mod(op, values...)
	mod.ByDN = r.Suffixes
	return mod
}

// Holders finds the groups that may hold one of the DNs with a unique identifier, where no filter tells which do; false where none need be
// looked for. They are read with the attributes.
func (t *Type) Holders() (s Search, attributes []string, needed bool) {
	var filters []string
	attributes = t.Map.LookUpAttributes()
	for _, r := range t.Members {
		if r.Suffixes && !t.Server.SeeksInDNs {
			filters, attributes = append(filters, r.suspects("")), append(attributes, r.Attribute)
		}
	}
	return Search{Base: t.Base, More: t.More, Filter: ldif.AllOf(ldif.AnyOf(filters...), t.scopeText)}, attributes, len(filters) > 0
}

// WithHolders are the references with the groups found by Holders that hold one of them with a unique identifier.
func (r Refs) WithHolders(t *Type, found []*ldif.Entry) Refs {
	r.holders = map[string][]string{}
	for _, e := range found {
		if !t.Holds(e) {
			continue
		}
		for _, by := range t.Members {
			for _, v := range e.Values(by.Attribute) {
				dn, uid := by.Cut(v)
				if uid == "" {
					continue
				}
				if target, known := r.ByDN(dn); known && !slices.Contains(r.holders[target.ID], t.ID(e)) {
					r.holders[target.ID] = append(r.holders[target.ID], t.ID(e))
				}
			}
		}
	}
	return r
}

// Suffixed finds the groups that hold the target with a unique identifier.
func (r *Reference) Suffixed(target Target, refs Refs) string {
	switch {
	case !r.Suffixes:
		return ldif.Nothing
	case r.Type.Server.SeeksInDNs:
		return r.suspects(target.DN)
	}
	var filters []string
	for _, id := range refs.holders[target.ID] {
		f, _ := r.Type.Server.IDFilter(id)
		filters = append(filters, f)
	}
	return ldif.AnyOf(filters...)
}

// suffixed are the searches for the groups that hold an entry of the level by r, with a unique identifier or without.
func (c *Climb) suffixed(r *Reference, attributes []string) (searches []Level) {
	t := c.ms.groups
	var filters []string
	for _, e := range c.level {
		for _, dn := range c.calls(r, e) {
			if f := r.suspects(dn); !slices.Contains(filters, f) {
				filters = append(filters, f)
			}
			if t.Server.SeeksInDNs {
				filters = append(filters, ldif.Equality(r.Attribute, dn))
			}
		}
	}
	for part := range slices.Chunk(filters, SearchChunk) {
		s := Search{Base: t.Base, More: t.More, Filter: ldif.AllOf(ldif.AnyOf(part...), t.scopeText)}
		searches = append(searches, Level{Search: s, Attributes: attributes})
	}
	return searches
}
