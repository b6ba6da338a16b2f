package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// Source is an LDAP attribute that entries of a type are read with.
type Source struct {
	Attribute string
	Always    bool         // no resource can be made or planned for without it
	For       []schema.Ref // the SCIM attributes that it is read for besides
}

// setSources says what entries of the type are read with, apart from members, which are asked for by name.
func (t *Type) setSources() {
	add := t.addSource
	s := t.Server
	for _, name := range []string{s.IDAttribute, s.VersionAttribute, "objectClass", s.CreatedAttribute, s.ModifiedAttribute} {
		add(name, true)
	}
	for _, name := range t.ScopeAttributes() {
		add(name, true)
	}
	for _, r := range t.Rules {
		switch {
		case r.Computed():
			add(r.LDAP, !r.OnCreate() && !r.IsConstant()) // a change is told from what is there
		default:
			add(r.LDAP, r.Empty != nil || r.Feeds || t.IsUnique(r), r.Ref.Owner())
		}
	}
	for _, c := range t.Conditions {
		for _, name := range c.Allows {
			add(name, true)
		}
	}
	add(t.Tombstone, true)
	for _, a := range t.Active {
		add(a.Attribute, true)
		add(a.lender(), true)
	}
	for _, name := range t.suspended() {
		add(name, true)
	}
}

// addSource adds an attribute that is read, and for what.
func (t *Type) addSource(name string, always bool, by ...schema.Ref) {
	if name == "" || t.Secret(name) {
		return
	}
	always = always || t.Server.VersionForm == ldif.VersionDigest // a digest is made of all that is mapped
	same := func(s Source) bool { return strings.EqualFold(s.Attribute, name) }
	if at := slices.IndexFunc(t.Sources, same); at >= 0 {
		t.Sources[at].Always = t.Sources[at].Always || always
		t.Sources[at].For = append(t.Sources[at].For, by...)
		return
	}
	t.Sources = append(t.Sources, Source{name, always, by})
}
