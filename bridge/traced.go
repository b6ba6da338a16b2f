package bridge

import (
	"fmt"
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// Traced is what a plan writes into an attribute, or a name, and the lines of the map that it comes from.
type Traced struct {
	DN        string
	Op        string // add, delete or replace of values; of a name add, modrdn or delete
	Attribute string // LDAP; "dn" of a name
	Values    []string
	Secret    bool   // the values are left out
	Lines     []Line // none: it is none of the map's
}

// Line is a line of the map.
type Line struct {
	Key   string // of the configuration
	Place string // file:line:column, or an environment variable
	SCIM  string // the attribute; "" where it is none
}

// traced are the values of a plan.
func (r *request) traced(plan ldif.Plan) (all []Traced) {
	for _, s := range plan.Steps {
		c := s.Change
		t := r.typeOf(s)
		add := func(op, name string, values []string) {
			v := Traced{DN: c.DN, Op: op, Attribute: name, Secret: c.Secret(name), Lines: r.lines(t, c, name)}
			if !v.Secret {
				v.Values = values
			}
			all = append(all, v)
		}
		switch c.Kind {
		case ldif.Add:
			add("add", "dn", []string{c.DN})
			for _, a := range c.Entry {
				add("add", a.Name, a.Values)
			}
		case ldif.ModifyDN:
			add("modrdn", "dn", []string{c.NewDN()})
		case ldif.Delete:
			add("delete", "dn", []string{c.DN})
		case ldif.Modify:
			for _, m := range c.Mods {
				add(string(m.Op), m.Name, m.Values)
			}
		}
	}
	return all
}

// typeOf is the type that the entry of a step belongs to, or is to.
func (r *request) typeOf(s ldif.Step) *ldapmap.Type {
	if t := r.world.TypeOf(s.Before); t != nil {
		return t
	}
	for _, t := range append([]*ldapmap.Type{r.typ}, r.world.Types...) {
		if t.Covers(s.Change.DN) {
			return t
		}
	}
	return r.typ
}

// lines are those of the map that tell what stands in the attribute of a change.
func (r *request) lines(t *ldapmap.Type, c ldif.Change, name string) (lines []Line) {
	of := func(t *ldapmap.Type, key, attribute string) {
		at := slices.IndexFunc(r.compiled.Types, func(c *compile.Type) bool { return c.Name == t.Name })
		key = fmt.Sprintf("resources[%d].%s", at, key)
		if line := (Line{key, r.place(key), attribute}); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	rule := func(t *ldapmap.Type, rule *ldapmap.Rule, key string) {
		of(t, fmt.Sprintf("attributes[%d].%s", rule.At, key), rule.Options.SCIM)
	}
	for _, t := range r.world.Types {
		for _, counted := range t.Rules {
			if counted.Counter != nil && r.server.SameDN(counted.Counter.DN, c.DN) {
				rule(t, counted, "allocate")
			}
		}
	}
	switch {
	case len(lines) > 0:
		return lines
	case name == "dn" && c.Kind == ldif.Delete:
		of(t, "delete", "")
		return lines
	case name == "dn" && t.Leaving != nil && t.Leaving.Place != "" && r.server.Under(c.NewSuperior, t.Leaving.Place):
		of(t, "delete", "")
		return lines
	case name == "dn" && c.Place:
		of(t, "createParents", "")
		return lines
	case name == "dn":
		of(t, "dn", "")
		return lines
	case t.IsSame(name, "objectClass"):
		of(t, "objectClasses", "")
		return lines
	}
	for _, one := range t.Attribute(name).Rules {
		rule(t, one, one.Key())
	}
	for i, a := range t.Active {
		if t.IsSame(a.Attribute, name) {
			of(t, fmt.Sprintf("active[%d]", i), "active")
		}
	}
	for i, members := range t.Members {
		if t.IsSame(members.Attribute, name) {
			of(t, compile.MembersPath(i), "members")
		}
	}
	if t.Tombstone != "" && t.IsSame(t.Tombstone, name) {
		of(t, "tombstone", "userName")
	}
	if t.Leaving != nil && t.IsSame(t.Leaving.Marker.Type, name) {
		of(t, "delete", "")
	}
	for i, key := range []string{"onBlock", "onTombstone"} {
		s := []*ldapmap.Suspension{t.OnBlock, t.OnTombstone}[i]
		if s != nil && (s.Clears(name) || slices.ContainsFunc(s.Set, func(a ldif.AVA) bool { return t.IsSame(a.Type, name) })) {
			of(t, key, "")
		}
	}
	if rdn, _ := ldif.SplitDN(c.DN); len(lines) == 0 && c.Kind == ldif.Add {
		named, _ := ldif.ParseRDN(rdn)
		if slices.ContainsFunc(named, func(a ldif.AVA) bool { return t.IsSame(a.Type, name) }) {
			of(t, "dn", "")
		}
	}
	return lines
}
