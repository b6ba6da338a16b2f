package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// Attribute is an LDAP attribute that a type writes, as the map and the directory's schema have it.
type Attribute struct {
	Name      string  // canonical
	Rules     []*Rule // that write it, in the order of the map; none where the tombstone or active stands in it
	Single    bool    // SINGLE-VALUE
	Secret    bool
	Whole     bool       // the server cannot tell the values apart, or does not show them
	Shows     []*Rule    // of a single SCIM value each, which shows one of the values, or of its part of them
	Demander  *Rule      // of an attribute that the directory demands; nil: it does not
	Reference *Reference // that it holds; nil: none
	Classes   []string   // auxiliary classes of the map that allow it; none where the server keeps classes itself
}

// Attribute is the attribute of the name, as the type would write it.
func (t *Type) Attribute(name string) *Attribute {
	for _, a := range t.Attributes {
		if strings.EqualFold(a.Name, name) {
			return a
		}
	}
	return t.attribute(name)
}

// setAttributes gathers by LDAP attribute what the map says.
func (t *Type) setAttributes() {
	at := func(name string) *Attribute {
		a := t.Attribute(name)
		if !slices.Contains(t.Attributes, a) {
			t.Attributes = append(t.Attributes, a)
		}
		return a
	}
	for _, r := range t.Rules {
		a := at(r.LDAP)
		a.Rules = append(a.Rules, r)
		if r.Computed() || r.OnCreate() || r.With != nil {
			continue
		}
		if !r.Many() {
			a.Shows = append(a.Shows, r)
		}
		if r.Must {
			a.Demander = r
		}
		if r.Reference != nil {
			a.Reference = r.Reference
		}
	}
	if t.Tombstone != "" {
		at(t.Tombstone)
	}
	for _, a := range t.Active {
		at(a.Attribute)
	}
	if t.Leaving != nil && t.Leaving.Marker.Type != "" {
		at(t.Leaving.Marker.Type)
	}
	for _, name := range t.suspended() {
		at(name)
	}
}

func (t *Type) attribute(name string) *Attribute {
	s := t.Server.Schema
	a := &Attribute{Name: name, Single: t.IsSingle(name), Secret: t.Secret(name)}
	a.Whole = a.Secret || !t.Comparable(name)
	if definition := s.Attribute(name); t.Server.KeepsClasses || definition == nil || definition.Operational {
		return a
	}
	for _, class := range t.ObjectClasses {
		if c := s.Class(class); c != nil && c.Kind == "AUXILIARY" && t.Allows([]string{class}, name) {
			a.Classes = append(a.Classes, class)
		}
	}
	return a
}

// ClassFor names the auxiliary class of the map that an entry of these classes lacks for the attribute; "": none.
func (t *Type) ClassFor(a *Attribute, classes []string) string {
	holds := func(class string) bool { return ldif.Named(classes, class) }
	if len(a.Classes) == 0 || slices.ContainsFunc(a.Classes, holds) || t.Allows(classes, a.Name) {
		return ""
	}
	return a.Classes[0]
}

// Allows says whether entries of these classes may hold the attribute.
func (t *Type) Allows(classes []string, name string) bool {
	s := t.Server.Schema
	bare, _, _ := strings.Cut(s.Canonical(name), ";")
	return ldif.Named(s.Must(classes...), bare) || ldif.Named(s.May(classes...), bare)
}
