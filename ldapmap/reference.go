package ldapmap

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Reference is how the entries of a type refer to others by one LDAP attribute: a manager, the members of a group. How a value is
// written, read and searched, and what becomes of it when its target is renamed or goes, is said here and nowhere else. A value
// is the target's DN; one that is written may name the target by its id instead, where the server takes that (ldif.Traits.ByID).
type Reference struct {
	Type        *Type // whose entries hold it
	SCIM        schema.Ref
	Name        schema.Ref         // what shows the target's name; zero: nothing does
	Path        string             // of the SCIM attribute, for details
	Attribute   string             // LDAP
	To          string             // the resource type referred to; "": any
	Many        bool               // every value shows, not just the first
	Single      bool               // SINGLE-VALUE
	Primary     *ldif.PrimaryGroup // tells of members that the attribute does not; nil: there are none
	Placeholder string             // the value that keeps an entry valid whose class demands one; SCIM does not see it. "": none is needed
}

// Reference is the reference that the SCIM attribute is, or nil.
func (t *Type) Reference(ref schema.Ref) *Reference {
	for _, r := range t.References {
		if ref.Attr != nil && r.SCIM.Attr == ref.Attr {
			return r
		}
	}
	return nil
}

// ReferencesTo are the references by which entries of t may refer to entries of the type named.
func (t *Type) ReferencesTo(name string) []*Reference {
	var found []*Reference
	for _, r := range t.References {
		same := func(other *Reference) bool { return other.Attribute == r.Attribute }
		if (r.To == "" || r.To == name) && !slices.ContainsFunc(found, same) {
			found = append(found, r)
		}
	}
	return found
}

// IsOf says whether an entry refers by r to resources of the type named: one of r's type; elsewhere, one whose own type has no such
// reference.
func (r *Reference) IsOf(e *ldif.Entry, to string) bool {
	m := r.Type.Map
	owner := m.TypeOf(e)
	if slices.Contains(m.Types, r.Type) {
		return owner == r.Type
	}
	own := func(other *Reference) bool { return other.Attribute == r.Attribute }
	return m.Elsewhere.Covers(e.DN) && (owner == nil || !slices.ContainsFunc(owner.ReferencesTo(to), own))
}

// Value is what the attribute holds for the resource with the id. The spelling that the entry holds already is kept; a new value
// names the target by its id where the server takes that, which a rename in between does not change.
func (r *Reference) Value(id string, present []string, refs Refs) (string, error) {
	for _, v := range present {
		if target, ok := refs.ByDN(v); ok && strings.EqualFold(target.ID, id) {
			return v, nil
		}
	}
	target, ok := refs.byID[strings.ToLower(id)]
	switch {
	case !ok:
		wanted := r.To
		if wanted == "" {
			wanted = "resource"
		}
		return "", r.fault("no %s with id %q", wanted, id)
	case !r.takes(target):
		return "", r.fault("%q is no %s", id, r.To)
	}
	return r.Type.Server.ByID(id, target.DN), nil
}

func (r *Reference) fault(format string, args ...any) error {
	return &scim.Error{Type: scim.InvalidValue, Detail: r.Path + ": " + fmt.Sprintf(format, args...), Attribute: r.Path}
}

// Target is the resource that a value refers to; false where it is none, or none of the type that the attribute shows.
func (r *Reference) Target(value string, refs Refs) (Target, bool) {
	target, ok := refs.ByDN(value)
	return target, ok && r.takes(target)
}

func (r *Reference) takes(t Target) bool { return r.To == "" || t.Type == r.To }

// Filter finds the entries that refer to the entry with the DN. The narrow part stands first: servers stop where nothing is left.
func (r *Reference) Filter(dn string) string {
	return ldif.AllOf(ldif.Equality(r.Attribute, dn), r.Type.scopeText)
}

// Comparable says that the server compares the values as DNs.
func (r *Reference) Comparable() bool {
	rule, _ := r.Type.Server.Schema.Rules(r.Attribute)
	return ldif.ComparesDNs(rule)
}

// Follow is what a change of the target makes of a value that refers to it: the value that goes, and the one that comes ("": none). follows
// is false where the change leaves the value true. A name that only changes its case is the same to servers, unless the change says that it
// is not.
func Follow(server *ldif.Server, c ldif.Change) (gone, come string, follows bool) {
	switch {
	case c.Kind == ldif.Delete:
		return c.DN, "", true
	case c.Kind == ldif.ModifyDN && (c.Apart || !server.SameDN(c.DN, c.NewDN())):
		return c.DN, c.NewDN(), true
	}
	return "", "", false
}

// Mod adds or deletes values, a success where it is so already.
func (r *Reference) Mod(op ldif.ModOp, values ...string) ldif.Mod {
	return ldif.Mod{Op: op, Name: r.Attribute, Values: values, Settled: true}
}

// Swap is the change of an entry that makes a value go and another come ("": none). placeholder keeps an entry valid that may lose its last
// value. Where somebody took the value out meanwhile, the other does not come in its place.
func (r *Reference) Swap(dn string, holds ldif.Condition, gone, come string, placeholder bool) ldif.Change {
	change := ldif.Change{Kind: ldif.Modify, DN: dn, If: holds}
	if gone != "" && come != "" {
		change.Else = &ldif.Change{Kind: ldif.Modify, DN: dn, If: holds}
	}
	if come == "" && placeholder {
		come = r.Placeholder
	}
	if come != "" {
		change.Mods = append(change.Mods, r.Mod(ldif.AddValues, come))
	}
	if gone != "" {
		change.Mods = append(change.Mods, r.Mod(ldif.DeleteValues, gone))
	}
	if r.Single {
		slices.Reverse(change.Mods)
	}
	return change
}

// MayHold says whether an entry that was found by Filter may hold the value: it does, or it was not read with the attribute.
func (r *Reference) MayHold(e *ldif.Entry, dn string) bool {
	return !e.Saw(r.Attribute) || slices.ContainsFunc(e.Values(r.Attribute), func(v string) bool { return r.Type.Server.SameDN(v, dn) })
}

// Refs is what is known of the entries that others refer to: those that belong to a mapped type.
type Refs struct {
	byID map[string]Target // by the id in lower case
	byDN map[string]Target // by Server.NormalDN

	byPrimary map[ldif.SID][]Target // by the primary group
	server    *ldif.Server
}

// Target is an entry that others refer to.
type Target struct {
	ID   string
	Type string // resource type
	DN   string
	Name string // as its own resource shows it; "": it was not asked for, or it has none

	Primary ldif.SID // primary group; "": none
}

// Refs gathers entries found by a look-up of ids or DNs; an entry that belongs to no type is left out, and so is never shown. name tells
// their names (nil: nobody asks).
func (m *Map) Refs(found []*ldif.Entry, name func(*Type, *ldif.Entry) string) Refs {
	refs := Refs{
		byID: map[string]Target{}, byDN: map[string]Target{}, byPrimary: map[ldif.SID][]Target{}, server: m.Server,
	}
	for _, e := range found {
		if t := m.TypeOf(e); t != nil {
			target := Target{ID: t.ID(e), Type: t.Name, DN: e.DN, Primary: m.Server.PrimaryGroup.Of(e)}
			if name != nil {
				target.Name = name(t, e)
			}
			if known := refs.byID[strings.ToLower(target.ID)]; known.ID == "" && target.Primary != "" {
				refs.byPrimary[target.Primary] = append(refs.byPrimary[target.Primary], target)
			}
			refs.byID[strings.ToLower(target.ID)] = target
			refs.byDN[m.Server.NormalDN(e.DN)] = target
		}
	}
	return refs
}

// PrimaryOf is the SID of a group that was read with its members and has others, by their primary group; "" of any other entry.
func (r *Reference) PrimaryOf(e *ldif.Entry) ldif.SID {
	if r.Primary == nil || !e.Saw(r.Attribute) {
		return ""
	}
	return ldif.SID(e.Value(r.Primary.SID))
}

// PrimaryMembers are those whose primary group the entry is, as far as they were looked up.
func (r *Reference) PrimaryMembers(e *ldif.Entry, refs Refs) []Target {
	return refs.byPrimary[r.PrimaryOf(e)]
}

// ByDN finds a target by its DN.
func (r Refs) ByDN(dn string) (Target, bool) {
	if len(r.byDN) == 0 {
		return Target{}, false
	}
	target, ok := r.byDN[r.server.NormalDN(dn)]
	return target, ok
}

// ByID finds a target by its id, which is compared exactly.
func (r Refs) ByID(id string) (Target, bool) {
	target, ok := r.byID[strings.ToLower(id)]
	return target, ok && target.ID == id
}
