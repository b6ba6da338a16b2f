package ldapmap

import (
	"fmt"
	"slices"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// Elsewhere are the entries below further bases that refer to resources without being resources themselves, or by attributes that their map
// does not name: groups of another application. Nothing of them is changed but the references.
type Elsewhere struct {
	Server     *ldif.Server
	Bases      []string
	References []*Reference
}

// Covers says whether the DN lies below one of the bases.
func (w Elsewhere) Covers(dn string) bool {
	return slices.ContainsFunc(w.Bases, func(base string) bool { return w.Server.Under(dn, base) })
}

// Reference is the reference by the LDAP attribute, or nil.
func (w Elsewhere) Reference(attribute string) *Reference {
	for _, r := range w.References {
		if r.Type.IsSame(r.Attribute, attribute) {
			return r
		}
	}
	return nil
}

// setElsewhere fills in what the configuration and the schema say of other entries that refer to resources. An entry there may demand a
// value, which its own maker gave it: a placeholder stands in for the last.
func (m *Map) setElsewhere(o compile.References) (faults compile.Faults) {
	if len(o.Bases) == 0 {
		return nil
	}
	m.Elsewhere.Server, m.Elsewhere.Bases = m.Server, o.Bases
	t := &Type{Server: m.Server, Map: m}
	add := func(attribute, placeholder string, of *Reference) {
		if m.Elsewhere.Reference(attribute) != nil {
			return
		}
		r := &Reference{
			Type: t, Attribute: t.Canonical(attribute), Many: true, Single: t.IsSingle(attribute), Suffixes: m.takesSuffixes(attribute),
		}
		if of != nil && of.Of != "" {
			r.Naming, r.To, placeholder = of.Naming, of.To, of.Placeholder
		}
		if !r.Single {
			r.Placeholder = placeholder
		}
		m.Elsewhere.References = append(m.Elsewhere.References, r)
	}
	for _, mapped := range m.Types {
		for _, r := range mapped.References {
			if r.Placeholder != "" {
				add(r.Attribute, r.Placeholder, r)
			}
		}
	}
	for _, mapped := range m.Types {
		for _, r := range mapped.References {
			add(r.Attribute, DefaultPlaceholder, r)
		}
	}
	for i, name := range o.Attributes {
		path := fmt.Sprintf("references.attributes[%d]", i)
		switch definition := m.Server.Schema.Attribute(name); {
		case definition == nil:
			faults = append(faults, compile.Fault{Path: path, Problem: name + " is not in the directory's schema"})
		case !holdsDNs(definition):
			faults = append(faults, compile.Fault{Path: path, Problem: name + " holds no DNs in the directory's schema"})
		default:
			add(name, DefaultPlaceholder, nil)
		}
	}
	return faults
}
