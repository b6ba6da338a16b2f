package guard

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// follows says that a change of an entry elsewhere does no more than keep a reference true: by the attributes that refer, it takes away
// names that the plan leaves to nobody or takes for another, and gives the one that came in the place of such a name.
func follows(m *ldapmap.Map, p ldif.Plan, c ldif.Change) bool {
	if c.Kind != ldif.Modify || !m.Elsewhere.Covers(c.DN) {
		return false
	}
	return !slices.ContainsFunc(c.Mods, func(mod ldif.Mod) bool {
		r := m.Elsewhere.Reference(mod.Name)
		return r == nil || len(mod.Values) == 0 || slices.ContainsFunc(mod.Values, func(value string) bool {
			switch mod.Op {
			case ldif.DeleteValues:
				return named(m.Server, p, value) == nil
			case ldif.AddValues:
				return value != r.Placeholder && !(renames(p) && covers(m, value))
			}
			return true
		})
	})
}

// named is the step by which the plan leaves the DN to nobody, or takes it; nil where it does neither.
func named(server *ldif.Server, p ldif.Plan, dn string) *ldif.Step {
	for i, s := range p.Steps {
		c := s.Change
		if c.Kind != ldif.Modify && server.SameDN(c.DN, dn) || c.Kind == ldif.ModifyDN && server.SameDN(c.NewDN(), dn) {
			return &p.Steps[i]
		}
	}
	return nil
}

// renames says that the plan renames something. By what name that goes when the references follow, another rename may have decided.
func renames(p ldif.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s ldif.Step) bool { return s.Change.Kind == ldif.ModifyDN })
}

func covers(m *ldapmap.Map, dn string) bool {
	return slices.ContainsFunc(m.Types, func(t *ldapmap.Type) bool { return m.Server.Under(dn, t.Base) })
}
