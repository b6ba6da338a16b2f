package guard

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// follows says that a change of an entry elsewhere does no more than keep a reference true: by the attributes that refer, it takes away
// and gives names that the plan leaves to nobody or takes, or gives the placeholder. What keeps the reference to an entry that the plan
// deletes or renames may do so with any name below the map's bases: by what name that goes, another may have decided meanwhile. The entry
// that the plan is about may be taken out of what refers to it: it leaves the groups.
func follows(m *ldapmap.Map, p ldif.Plan, s ldif.Step, c ldif.Change) bool {
	if c.Kind != ldif.Modify || !m.Elsewhere.Covers(c.DN) {
		return false
	}
	return !slices.ContainsFunc(c.Mods, func(mod ldif.Mod) bool {
		r := m.Elsewhere.Reference(mod.Name)
		return r == nil || len(mod.Values) == 0 || slices.ContainsFunc(mod.Values, func(value string) bool {
			known, name := keeps(p, s, r.Of != ""), r.Calls(value)
			if r.Of != "" {
				known = known || called(m, p, name)
			} else {
				known = named(m.Server, p, name.Value) != nil || known && m.Covers(name.Value)
			}
			switch mod.Op {
			case ldif.DeleteValues:
				return !known && !about(m, p, name)
			case ldif.AddValues:
				return !known && value != r.Placeholder
			}
			return true
		})
	})
}

// about says that the name is that of the entry that the plan is about.
func about(m *ldapmap.Map, p ldif.Plan, name ldapmap.Name) bool {
	t := m.TypeOf(p.Before)
	switch {
	case t == nil:
		return false
	case name.Of == "":
		return m.Server.SameDN(p.Before.DN, name.Value)
	}
	return slices.ContainsFunc(t.Names(name.Naming, p.Before), func(v string) bool {
		return name.IsSame(m.Server, ldapmap.Name{Naming: name.Naming, Value: v})
	})
}

// named is the step by which the plan leaves the DN to nobody, or takes it; nil where it does neither.
func named(server *ldif.Server, p ldif.Plan, dn string) *ldif.Step {
	for i, s := range p.Steps {
		c := s.Change
		if (c.Kind != ldif.Modify || c.Leaves) && server.SameDN(c.DN, dn) || c.Kind == ldif.ModifyDN && server.SameDN(c.NewDN(), dn) {
			return &p.Steps[i]
		}
	}
	return nil
}

// called says that an entry which the plan changes has the name, before or after it.
func called(m *ldapmap.Map, p ldif.Plan, name ldapmap.Name) bool {
	is := func(t *ldapmap.Type, e *ldif.Entry) bool {
		return slices.ContainsFunc(t.Names(name.Naming, e), func(v string) bool {
			return name.IsSame(m.Server, ldapmap.Name{Naming: name.Naming, Value: v})
		})
	}
	return slices.ContainsFunc(m.Types, func(t *ldapmap.Type) bool {
		return slices.Contains(t.Namings, name.Naming) && slices.ContainsFunc(p.Steps, func(s ldif.Step) bool {
			if s.Change.Kind != ldif.Add && !t.Holds(s.Before) {
				return false
			}
			return s.Before != nil && is(t, s.Before) || is(t, ldif.Apply(s.Before, s.Change, m.Server.Schema))
		})
	})
}

// keeps says that the step keeps a reference to an entry true which the plan deletes or renames, or, where the reference is by a value,
// modifies.
func keeps(p ldif.Plan, s ldif.Step, byValue bool) bool {
	return s.Keeps.ID != "" && slices.ContainsFunc(p.Steps, func(of ldif.Step) bool {
		moves := of.Change.Kind == ldif.Delete || of.Change.Kind == ldif.ModifyDN || of.Change.Leaves
		return (moves || byValue) && of.Change.If.ID == s.Keeps.ID
	})
}
