// Package ldapmap is the attribute map as it stands in one directory: what package compile made of the configuration, bound to
// the server's schema and traits. It is pure: it knows no connection, no clock and no randomness.
//
// Its rooms: compile makes the map; read turns an entry into a resource; search turns a SCIM filter into an LDAP filter; draft
// turns a write into a plan.
package ldapmap

import (
	"cmp"
	"slices"
	"strings"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// Map is the attribute map as it stands in one directory.
type Map struct {
	Types     []*Type // in the order of the configuration
	Elsewhere Elsewhere
	Server    *ldif.Server
	Counters  []*Counter // that numbers are taken from

	lookUpBases []string // where LookUp looks: below what the types' bases have in common, if they have
	anyScope    string   // the filter that the entries of all types match
}

// Type is the map of one resource type as it stands in one directory.
type Type struct {
	Name          string
	Base          string   // DN; new entries are put below it
	More          []string // further DNs that entries lie under; outside these and Base nothing is read or written
	ObjectClasses []string // of all new entries
	Conditions    []*Condition
	Server        *ldif.Server
	Map           *Map // that it belongs to
	Resource      *schema.ResourceType

	Rules      []*Rule
	Attributes []*Attribute // that are written, in the order of the map
	StandIns   []*Rule      // the rules with `empty`, each behind those that its expression reads
	Unique     []*Rule      // of the SCIM attributes that no two resources share
	Login      *Rule        // of userName; nil where the map has none
	Match      []Key        // by which a POST finds an entry that was there before, in their order
	Password   *Rule        // of the password that an operation of its own sets; nil: none
	ExternalID *Rule        // nil: the map has none
	Tombstone  string       // LDAP attribute that keeps a tombstone name (see IsTombstone); "": none
	DN         *compile.Expression
	// DropsForbidden drops values that the classes of a found entry forbid, where the request is refused otherwise.
	DropsForbidden bool

	Rename     string // whether entries are renamed; "": as DN says
	MakesUnits bool   // the organizational units that DN puts an entry below are made where they are missing
	Active     []Activation
	Leaving    *Leaving // nil: a deleted entry goes

	OnBlock, OnTombstone *Suspension // nil: nothing more becomes of who is blocked, or soft-deleted

	References []*Reference // the members' last
	Members    []*Reference // that hold a group's members, kept in step; none: it has no members
	Groups     *Memberships // nil: they are not served
	Namings    []Naming     // what references call its entries by, besides their DNs
	Sources    []Source     // what its entries are read with

	secrets   []string     // LDAP attributes made of passwords
	scopeText string       // the filter that the directory is asked
	scope     *ldif.Filter // the same, for judging an entry in memory
}

// Rule is one line of the map as it stands in one directory.
type Rule struct {
	compile.Rule            // names are canonical, Ref is of the Type's own resource type
	Single       bool       // SINGLE-VALUE
	Must         bool       // an object class of the map demands the attribute
	Reference    *Reference // nil: the value is no reference
	Counter      *Counter   // that a new entry's number is taken from; nil: there is none
	With         *Rule      // that has the value which is this one's too
	Source       *Rule      // of a copy: what gives its values, as it would write them here
}

// Key is a key of compile.Key as it stands in one directory.
type Key struct{ Of, In *Rule }

// Type returns the resource type named, or nil.
func (m *Map) Type(name string) *Type {
	for _, t := range m.Types {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// HasReferences says that some type refers to entries, by members or otherwise.
func (m *Map) HasReferences() bool {
	return slices.ContainsFunc(m.Types, func(t *Type) bool { return len(t.References) > 0 })
}

// KeepsAll says that the directory keeps every reference true by itself.
func (m *Map) KeepsAll() bool { return m.Server.KeepsReferences && !m.CallsByValues() }

// KeepsLeavers says that entries of who is deleted may stay: no server takes those out of what refers to them.
func (m *Map) KeepsLeavers() bool {
	return slices.ContainsFunc(m.Types, func(t *Type) bool { return t.Leaving != nil })
}

// CallsByValues says that some references call their targets by something else than the DN.
func (m *Map) CallsByValues() bool {
	return slices.ContainsFunc(m.Types, func(t *Type) bool { return len(t.Namings) > 0 })
}

// TypeOf is the type that the entry belongs to, or nil.
func (m *Map) TypeOf(e *ldif.Entry) *Type {
	if e == nil {
		return nil
	}
	for _, t := range m.Types {
		if t.Holds(e) {
			return t
		}
	}
	return nil
}

// HasMembers says that resources of this type hold members.
func (t *Type) HasMembers() bool { return len(t.Members) > 0 }

// holdsMembers says that the LDAP attribute holds members.
func (t *Type) holdsMembers(attribute string) bool {
	return slices.ContainsFunc(t.Members, func(r *Reference) bool { return t.IsSame(r.Attribute, attribute) })
}

// Holds says whether the entry belongs to this type: under the base and within the scope.
func (t *Type) Holds(e *ldif.Entry) bool {
	return t.Covers(e.DN) && t.scope.Matches(e, t.Server.Schema) && !t.isAway(e.DN)
}

// ID is the entry's stable id in its usual text form.
func (t *Type) ID(e *ldif.Entry) string { return t.Server.ID(e) }

// IsUnique says that no two resources share the rule's SCIM attribute.
func (t *Type) IsUnique(r *Rule) bool {
	for _, u := range t.Unique {
		if u == r {
			return true
		}
	}
	return false
}

// Canonical is the name that the server gives an attribute.
func (t *Type) Canonical(name string) string { return t.Server.Schema.Canonical(name) }

// IsSame says whether two names are of one attribute. The empty name is nobody's.
func (t *Type) IsSame(a, b string) bool {
	return a != "" && strings.EqualFold(t.Canonical(a), t.Canonical(b))
}

// Initial is the attribute of the password that a new account of this type gets where the client sends none, and what it is made of; "":
// it gets none.
func (t *Type) Initial() (attribute string, p *compile.Password) {
	attribute, p = t.BornWith(), &compile.DefaultPassword
	for _, r := range t.Rules {
		if r.Initial != nil {
			attribute, p = cmp.Or(attribute, r.LDAP), r.Initial
		}
	}
	return attribute, p
}

// BornWith is the attribute of the password that the server demands of a new account of this type; "": none.
func (t *Type) BornWith() string {
	birth := t.Server.Birth
	if birth == nil || t.Name != "User" {
		return ""
	}
	for _, class := range t.ObjectClasses {
		if t.Server.Schema.IsA(class, birth.Class) {
			return birth.Password
		}
	}
	return ""
}

// Writes says whether the map names the LDAP attribute for writing.
func (t *Type) Writes(attribute string) bool {
	name := t.Canonical(attribute)
	if slices.ContainsFunc(t.Attributes, func(a *Attribute) bool { return strings.EqualFold(a.Name, name) }) {
		return true
	}
	return t.holdsMembers(name) || t.IsSame("objectClass", name) || t.IsSame(t.BornWith(), name)
}

// Secret says whether the attribute's values must never be shown: a password, or made of one.
func (t *Type) Secret(attribute string) bool {
	return ldif.Secret(attribute) || slices.ContainsFunc(t.secrets, func(s string) bool { return t.IsSame(s, attribute) })
}

// Marked is the change with the attributes of this type that are made of passwords told as secrets.
func (t *Type) Marked(c ldif.Change) ldif.Change {
	c.Secrets = t.secrets
	return c
}

// Path names the SCIM attribute that an LDAP attribute holds, for a detail that the client reads; "" where the map has none.
func (t *Type) Path(attribute string) string {
	for _, r := range t.Rules {
		if !r.Computed() && t.IsSame(r.LDAP, attribute) {
			return r.Options.SCIM
		}
	}
	for _, a := range t.Active {
		if t.IsSame(a.Attribute, attribute) {
			return "active"
		}
	}
	switch {
	case t.holdsMembers(attribute):
		return "members"
	case t.Secret(attribute):
		return "password"
	}
	return ""
}
