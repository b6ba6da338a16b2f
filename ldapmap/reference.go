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
// is what the Naming says: the target's DN, or a value of one of its attributes. A DN that is written may name the target by its id
// instead, where the server takes that (ldif.Traits.ByID).
type Reference struct {
	Naming
	Type        *Type // whose entries hold it
	SCIM        schema.Ref
	Name        schema.Ref         // what shows the target's name; zero: nothing does
	Path        string             // of the SCIM attribute, for details
	Attribute   string             // LDAP
	To          string             // the resource type referred to; "": any
	Many        bool               // every value shows, not just the first
	Single      bool               // SINGLE-VALUE
	Suffixes    bool               // a unique identifier may stand behind the DN, and does not count: see suffix.go
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

// ReferencesBy are the references that the SCIM attribute is: members may be several.
func (t *Type) ReferencesBy(ref schema.Ref) []*Reference {
	if r := t.Reference(ref); r != nil && r.IsMembers() {
		return t.Members
	} else if r != nil {
		return []*Reference{r}
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

// IsMembers says that it holds members of a group.
func (r *Reference) IsMembers() bool { return slices.Contains(r.Type.Members, r) }

// HoldsMembers says that the reference is by members: of groups of the map, or of those elsewhere that hold them by the same attribute.
func (r *Reference) HoldsMembers() bool {
	elsewhere := !slices.Contains(r.Type.Map.Types, r.Type)
	holds := func(t *Type) bool { return t.holdsMembers(r.Attribute) }
	return r.IsMembers() || elsewhere && slices.ContainsFunc(r.Type.Map.Types, holds)
}

// IsKept says that the server itself keeps the reference true.
func (r *Reference) IsKept() bool { return r.Of == "" && r.Type.Server.KeepsReferences }

// Calls is the Name that a value of the reference is.
func (r *Reference) Calls(value string) Name {
	dn, _ := r.Cut(value)
	return Name{r.Naming, dn}
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
		if target, ok := refs.ByName(r.Calls(v)); ok && strings.EqualFold(target.ID, id) {
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
	case !r.Takes(target):
		return "", r.fault("%q is no %s", id, r.To)
	case r.Of != "" && len(target.Names[r.Naming]) == 0:
		return "", r.fault("the %s with id %q has no %s, by which %s refers", target.Type, id, r.Of, r.Attribute)
	case r.Of != "":
		return target.Names[r.Naming][0], nil
	}
	return r.Type.Server.ByID(id, target.DN), nil
}

// Values are all that the attribute may hold for the resource with the id; none where that is not known.
func (r *Reference) Values(id string, refs Refs) []string {
	v, err := r.Value(id, nil, refs)
	switch {
	case err != nil:
		return nil
	case r.Of != "":
		return refs.byID[strings.ToLower(id)].Names[r.Naming]
	}
	return []string{v}
}

// ValueOf is what a new value calls a target by, as it is looked up; "": there is nothing to call it by.
func (r *Reference) ValueOf(t Target) string {
	switch names := t.Names[r.Naming]; {
	case r.Of == "":
		return t.DN
	case len(names) > 0:
		return names[0]
	}
	return ""
}

// IsTrue says that the value calls the target by a name that it surely has.
func (r *Reference) IsTrue(value string, t Target) bool {
	has := func(name string) bool { return r.Calls(value).IsSurelySame(r.Type.Server, r.Calls(name)) }
	if r.Of == "" {
		return has(t.DN)
	}
	return slices.ContainsFunc(t.Names[r.Naming], has)
}

func (r *Reference) fault(format string, args ...any) error {
	return &scim.Error{Type: scim.InvalidValue, Detail: r.Path + ": " + fmt.Sprintf(format, args...), Attribute: r.Path}
}

// Target is the resource that a value refers to; false where it is none, or none of the type that the attribute shows.
func (r *Reference) Target(value string, refs Refs) (Target, bool) {
	target, ok := refs.ByName(r.Calls(value))
	return target, ok && r.Takes(target)
}

// Takes says that the target is of the type referred to.
func (r *Reference) Takes(t Target) bool { return r.To == "" || t.Type == r.To }

// Filter finds the entries that refer to what has the name. The narrow part stands first: servers stop where nothing is left.
func (r *Reference) Filter(name string) string {
	return ldif.AllOf(ldif.Equality(r.Attribute, name), r.Type.scopeText)
}

// Comparable says that the server compares the values as what they are.
func (r *Reference) Comparable() bool {
	rule, _ := r.Type.Server.Schema.Rules(r.Attribute)
	if r.Of != "" {
		return ldif.ComparesText(rule)
	}
	return ldif.ComparesDNs(rule)
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
func (r *Reference) MayHold(e *ldif.Entry, name string) bool {
	is := func(v string) bool { return r.Calls(v).IsSame(r.Type.Server, r.Calls(name)) }
	return !e.Saw(r.Attribute) || slices.ContainsFunc(e.Values(r.Attribute), is)
}

// Refs is what is known of the entries that others refer to: those that belong to a mapped type.
type Refs struct {
	byID map[string]Target // by the id in lower case
	byDN map[string]Target // by Server.NormalDN

	byName map[Name]Target       // by the other names' keys
	groups map[string][]Of       // of entries, by their ids
	below  map[string][]ldif.SID // of the groups in a group, by its id

	byPrimary map[ldif.SID][]Target // by the primary group
	holders   map[string][]string   // ids of groups that hold DNs with unique identifiers, by the ids of those whom the DNs name
	server    *ldif.Server
}

// Target is an entry that others refer to.
type Target struct {
	ID   string
	Type string // resource type
	DN   string
	Name string // as its own resource shows it; "": it was not asked for, or it has none

	Primary ldif.SID            // primary group; "": none
	SID     ldif.SID            // its own, where there are primary groups
	Names   map[Naming][]string // that it has besides its DN: see Type.Names
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
			if p := m.Server.PrimaryGroup; p != nil {
				target.SID = ldif.SID(e.Value(p.SID))
			}
			if name != nil {
				target.Name = name(t, e)
			}
			if known := refs.byID[strings.ToLower(target.ID)]; known.ID == "" && target.Primary != "" {
				refs.byPrimary[target.Primary] = append(refs.byPrimary[target.Primary], target)
			}
			for _, naming := range t.Namings {
				if target.Names == nil {
					target.Names = map[Naming][]string{}
				}
				target.Names[naming] = t.Names(naming, e)
			}
			refs.note(target)
			refs.byID[strings.ToLower(target.ID)] = target
			refs.byDN[m.Server.NormalDN(e.DN)] = target
		}
	}
	return refs
}

// PrimaryOf is the SID of a group that was read with its members and has others, by their primary group; "" of any other entry.
func (r *Reference) PrimaryOf(e *ldif.Entry) ldif.SID {
	if r == nil || r.Primary == nil || !e.Saw(r.Attribute) {
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

// ByName finds a target by what a reference calls it.
func (r Refs) ByName(name Name) (Target, bool) {
	if name.Of == "" {
		return r.ByDN(name.Value)
	}
	if len(r.byName) == 0 {
		return Target{}, false
	}
	target, ok := r.byName[name.key(r.server)]
	return target, ok
}

// note makes the target known by the names that it has besides its DN.
func (r *Refs) note(t Target) {
	for naming, values := range t.Names {
		for _, v := range values {
			if r.byName == nil {
				r.byName = map[Name]Target{}
			}
			r.byName[Name{naming, v}.key(r.server)] = t
		}
	}
}

// ByID finds a target by its id, which is compared exactly.
func (r Refs) ByID(id string) (Target, bool) {
	target, ok := r.byID[strings.ToLower(id)]
	return target, ok && target.ID == id
}
