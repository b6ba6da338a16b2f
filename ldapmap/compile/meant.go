package compile

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// A line may compile and still not be what was meant. This file knows two that are none in any map.

// misspeltURN says that a path which would make an extension of its own is nearly one that the RFC has: a colon or a letter is missing.
//
//	urn:ietf:params:scim:schemas:extension:enterprise:2.0:Usermanager
func misspeltURN(path string) string {
	const near = 2
	name := withoutFilter(path)
	colon := strings.LastIndexByte(name, ':')
	if len(name) < 4 || !strings.EqualFold(name[:4], "urn:") || colon < 0 {
		return ""
	}
	known := []*schema.Schema{schema.EnterpriseUser(), schema.User(), schema.Group()}
	if slices.ContainsFunc(known, func(s *schema.Schema) bool { return strings.EqualFold(s.ID, name[:colon]) }) {
		return ""
	}
	for _, s := range known {
		for _, a := range s.Attributes {
			meant := s.ID + ":" + a.Name
			if distance(strings.ToLower(name), strings.ToLower(meant)) <= near {
				return fmt.Sprintf("%q would be of an extension of its own; did you mean %s?", path, meant)
			}
		}
	}
	return ""
}

// dnValued are attributes that hold DNs in every directory.
var dnValued = []string{"manager", "secretary", "owner", "member", "uniqueMember", "roleOccupant", "seeAlso"}

// NeedsReference says of a line that clients may write, and whose LDAP attribute holds DNs, why it must tell what it refers to; "": it need
// not.
func (r *Rule) NeedsReference() string {
	if r.Computed() || r.Options.Reference != "" || r.Ref.Attr == nil || r.Ref.Leaf().Mutability == schema.ReadOnly {
		return ""
	}
	return fmt.Sprintf("%s holds DNs, and clients know resources by their ids: say what it refers to, as `reference: User`", r.LDAP)
}

// notMapped says of a type that a line refers to which ones there are.
func (m *Map) notMapped(name string) string {
	var names []string
	for _, t := range m.Types {
		names = append(names, t.Name)
	}
	return fmt.Sprintf("%s is not mapped; here are %s", name, strings.Join(names, ", "))
}

// unmapped says of an attribute that is to be unique what is mapped in its place.
func (t *Type) unmapped(name string) string {
	var words []string
	for _, r := range t.Rules {
		if !r.Computed() {
			words = append(words, r.Options.SCIM)
		}
	}
	if meant := DidYouMean(name, words); meant != "" {
		return " is not mapped" + meant
	}
	return " is not mapped: it needs a line under `attributes`"
}

func holdsDNs(attribute string) bool {
	return ldif.Named(dnValued, attribute)
}
