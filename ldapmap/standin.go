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
	of    *Type
	rule  *Rule
	value string // "": nothing stands in
	rdn   string // of the entry
}

// StandIn is what stands in for the rule's attribute in the entry, named by rdn, that holds the resource.
func (t *Type) StandIn(rule *Rule, r scim.Resource, rdn string) StandIn {
	value, err := t.Evaluated(rule.Empty, r)
	if err != nil || len(value) == 0 {
		return StandIn{}
	}
	return StandIn{t, rule, value[0], rdn}
}

// Stored is the form in which the entry holds a value.
func (s StandIn) Stored(value string) string {
	if s.spaces(value) >= 0 && s.marks() {
		return value + " "
	}
	return value
}

// Shown is the value that the entry holds in that form; false where it stands in.
func (s StandIn) Shown(stored string) (string, bool) {
	if s.spaces(stored) > 0 && s.marks() {
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

// marks says that a space more can be stored. What names the entry takes none: it is what others write.
func (s StandIn) marks() bool {
	name, _ := ldif.ParseRDN(s.rdn)
	names := slices.ContainsFunc(name, func(a ldif.AVA) bool { return s.of.IsSame(a.Type, s.rule.LDAP) })
	definition := s.of.Server.Schema.Attribute(s.rule.LDAP)
	isText := definition != nil && definition.Syntax == ldif.SyntaxDirectoryString && s.rule.SCIMType() == schema.String
	return isText && !s.rule.WriteOnly() && !names
}
