package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// StandIn is what an entry holds in the place of a SCIM attribute that is unassigned (`empty`). A text that is the same as its stand-in is
// stored with one space more behind it, which tells the two apart and counts for no matching rule (RFC 4518 §2.6.1).
//
//	{scim: name.familyName, ldap: sn, empty: userName}, userName "lind"
//	familyName unassigned, "lind", "lind ", "Lind"   is stored as   sn "lind", "lind ", "lind  ", "Lind"
type StandIn struct {
	value string // "": nothing stands in
	marks bool   // a space more can be stored
}

// StandIn is what stands in for the rule's attribute in the entry, named by rdn, that holds the resource. What names the entry takes no
// space more: it is what others write.
func (t *Type) StandIn(rule *Rule, r scim.Resource, rdn string) StandIn {
	value, err := t.Evaluated(rule.Empty, r)
	if err != nil || len(value) == 0 {
		return StandIn{}
	}
	name, _ := ldif.ParseRDN(rdn)
	names := slices.ContainsFunc(name, func(a ldif.AVA) bool { return t.IsSame(a.Type, rule.LDAP) })
	definition := t.Server.Schema.Attribute(rule.LDAP)
	isText := definition != nil && definition.Syntax == ldif.SyntaxDirectoryString && rule.SCIMType() == schema.String
	return StandIn{value[0], isText && !rule.WriteOnly() && !names}
}

// Stored is the form in which the entry holds a value.
func (s StandIn) Stored(value string) string {
	if s.marks && s.spaces(value) >= 0 {
		return value + " "
	}
	return value
}

// Shown is the value that the entry holds in that form; false where it stands in.
func (s StandIn) Shown(stored string) (string, bool) {
	if s.marks && s.spaces(stored) > 0 {
		return strings.TrimSuffix(stored, " "), true
	}
	return stored, s.value == "" || stored != s.value
}

// spaces counts the spaces by which the text is longer than the stand-in; -1 where it is another.
func (s StandIn) spaces(text string) int {
	more, same := strings.CutPrefix(text, s.value)
	if !same || s.value == "" || strings.Trim(more, " ") != "" {
		return -1
	}
	return len(more)
}
