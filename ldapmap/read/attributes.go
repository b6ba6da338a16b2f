package read

import (
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// Attributes returns the LDAP attributes to read for what is asked: those of the mapped attributes that wants names, and those
// without which no resource can be made or planned for. A nil wants asks for all but the members, which are asked for by name.
func Attributes(t *ldapmap.Type, wants func(schema.Ref) bool) []string {
	s := t.Server
	names := []string{s.IDAttribute, s.VersionAttribute, "objectClass", s.CreatedAttribute, s.ModifiedAttribute}
	if s.VersionAttribute == s.ModifiedAttribute {
		names = names[:4]
	}
	add := func(name string) {
		if name != "" && !t.Secret(name) && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	}
	for _, name := range t.ScopeAttributes() {
		add(name)
	}
	everything := wants == nil || s.VersionForm == ldif.VersionDigest // a digest is made of all that is mapped
	for _, r := range t.Rules {
		switch {
		case everything, !r.Computed() && (r.Empty != nil || r.Feeds || t.IsUnique(r) || wants(r.Ref.Owner())):
			add(r.LDAP)
		case r.Computed() && !r.OnCreate() && !r.IsConstant():
			add(r.LDAP) // a change is told from what is there
		}
	}
	add(t.Tombstone)
	for _, a := range t.Active {
		add(a.Attribute)
	}
	if t.HasMembers() && wants != nil && wants(t.MemberRef()) {
		add(t.Members.Attribute)
		if p := t.Members.Primary; p != nil {
			add(p.SID)
		}
	}
	return names
}

// References are the values that Resource needs refs for, of the attributes that wants names (nil: all, members where the entry has them).
func References(t *ldapmap.Type, e *ldif.Entry, wants func(schema.Ref) bool) []string {
	var values []string
	for _, r := range t.References {
		if wants == nil || wants(r.SCIM.Owner()) {
			values = append(values, e.Values(r.Attribute)...)
		}
	}
	return values
}

// PrimaryGroups are the entry's SID where Resource needs refs for the accounts whose primary group it is.
func PrimaryGroups(t *ldapmap.Type, e *ldif.Entry, wants func(schema.Ref) bool) []ldif.SID {
	if !t.HasMembers() || wants != nil && !wants(t.MemberRef()) {
		return nil
	}
	if group := t.Members.PrimaryOf(e); group != "" {
		return []ldif.SID{group}
	}
	return nil
}

// AttributesOfAll are those of every type, without members: for a search that finds entries of any.
func AttributesOfAll(m *ldapmap.Map) []string { return ofAll(m, nil, nil) }

// ofAll adds to names those to read of entries of any type for what wants names.
func ofAll(m *ldapmap.Map, names []string, wants func(schema.Ref) bool) []string {
	for _, t := range m.Types {
		for _, name := range Attributes(t, wants) {
			if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
				names = append(names, name)
			}
		}
	}
	return names
}
