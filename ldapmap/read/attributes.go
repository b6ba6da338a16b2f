package read

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// Attributes returns the LDAP attributes to read for what is asked: those of the mapped attributes that wants names, and those
// without which no resource can be made or planned for. A nil wants asks for all but the members, which are asked for by name.
func Attributes(t *ldapmap.Type, wants func(schema.Ref) bool) []string {
	names := make([]string, 0, len(t.Sources)+2)
	for _, s := range t.Sources {
		if wants == nil || s.Always || slices.ContainsFunc(s.For, wants) {
			names = append(names, s.Attribute)
		}
	}
	if t.HasMembers() && wants != nil && wants(t.MemberRef()) {
		for _, r := range t.Members {
			names = withName(names, r.Attribute)
			if p := r.Primary; p != nil {
				names = withName(names, p.SID)
			}
		}
	}
	if t.Groups != nil && wants != nil && wants(t.Groups.SCIM) {
		for _, name := range t.Groups.Sources() {
			names = withName(names, name)
		}
	}
	return names
}

// withName adds an attribute that is not there yet.
func withName(names []string, name string) []string {
	if ldif.Named(names, name) {
		return names
	}
	return append(names, name)
}

// References are what calls the targets that Resource needs refs for, of the attributes that wants names (nil: all, members where the entry
// has them).
func References(t *ldapmap.Type, e *ldif.Entry, wants func(schema.Ref) bool) []ldapmap.Name {
	var names []ldapmap.Name
	for _, r := range t.References {
		if wants == nil || wants(r.SCIM.Owner()) {
			for _, v := range e.Values(r.Attribute) {
				names = append(names, r.Calls(v))
			}
		}
	}
	return names
}

// PrimaryGroups are the entry's SID where Resource needs refs for the accounts whose primary group it is.
func PrimaryGroups(t *ldapmap.Type, e *ldif.Entry, wants func(schema.Ref) bool) []ldif.SID {
	if !t.HasMembers() || wants != nil && !wants(t.MemberRef()) {
		return nil
	}
	var groups []ldif.SID
	for _, r := range t.Members {
		if group := r.PrimaryOf(e); group != "" {
			groups = append(groups, group)
		}
	}
	return groups
}

// AttributesOfAll are those of every type, without members: for a search that finds entries of any.
func AttributesOfAll(m *ldapmap.Map) []string { return ofAll(m, nil, nil) }

// ofAll adds to names those to read of entries of any type for what wants names.
func ofAll(m *ldapmap.Map, names []string, wants func(schema.Ref) bool) []string {
	for _, t := range m.Types {
		for _, name := range Attributes(t, wants) {
			names = withName(names, name)
		}
	}
	return names
}
