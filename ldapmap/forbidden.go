package ldapmap

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// Forbids says that an entry of these classes cannot hold the attribute, not even with an auxiliary class that the map adds to it: one that
// the bridge did not make. Where the schema does not tell, it is for the server to say.
func (t *Type) Forbids(a *Attribute, classes []string) bool {
	s := t.Server.Schema
	definition := s.Attribute(a.Name)
	lacks := func(class string) bool { return !ldif.Named(classes, class) }
	switch {
	case t.Server.KeepsClasses || definition == nil || definition.Operational || len(classes) == 0:
		return false
	case !slices.ContainsFunc(t.ObjectClasses, lacks) && len(t.Owners(a.Name)) == 0: // which allow all that the map names
		return false
	case t.ClassFor(a, classes) != "" || t.Allows(classes, a.Name) || ldif.Named(classes, "extensibleObject"):
		return false
	}
	return !slices.ContainsFunc(classes, func(class string) bool { return s.Class(class) == nil })
}

// Forbidden is the fault of a value for an attribute that entries of these classes cannot hold.
func (t *Type) Forbidden(a *Attribute, classes []string) error {
	path := a.Name
	if len(a.Rules) > 0 {
		path = a.Rules[0].Path()
	}
	fault := &scim.Error{Type: scim.InvalidValue, Attribute: path}
	fault.Detail = fmt.Sprintf("%s: the entry's object classes (%s) do not allow %s", path, strings.Join(classes, ", "), a.Name)
	if would := t.allowing(a.Name); len(would) > 0 {
		fault.Detail += "; one that would is " + strings.Join(would, ", ")
	}
	return fault
}

// allowing are classes that allow the attribute: those of the map, or else a few that the schema has.
func (t *Type) allowing(name string) []string {
	const few = 3
	forbids := func(class string) bool { return !t.Allows([]string{class}, name) }
	if own := slices.DeleteFunc(t.Order(t.Conditions), forbids); len(own) > 0 {
		return own
	}
	others := slices.DeleteFunc(t.Server.Schema.ClassNames(), forbids)
	return others[:min(few, len(others))]
}

// MayDrop says that the map lets a value go that the entry's classes forbid: neither one that no two resources share, nor what blocks, nor
// the externalId where it says whose an entry is.
func (t *Type) MayDrop(a *Attribute) bool {
	says := func(r *Rule) bool { return t.IsUnique(r) || r == t.ExternalID && len(t.Match) > 0 }
	return t.DropsForbidden && len(a.Rules) > 0 && !slices.ContainsFunc(a.Rules, says)
}
