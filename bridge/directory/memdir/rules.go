package memdir

import (
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// structural returns the structural object class of an entry with these classes (RFC 4512 §2.4.2).
func (s *schema) structural(classes []string) (string, *result) {
	var lowest *ldif.ObjectClass
	for _, name := range classes {
		c := s.Class(name)
		if c == nil || c.Kind != "STRUCTURAL" {
			continue
		}
		switch {
		case lowest == nil || s.IsA(c.Names[0], lowest.Names[0]):
			lowest = c
		case !s.IsA(lowest.Names[0], c.Names[0]):
			return "", fail(ldap.LDAPResultObjectClassViolation, "invalid structural object class chain (%s/%s)",
				lowest.Names[0], c.Names[0])
		}
	}
	if lowest == nil {
		return "", fail(ldap.LDAPResultObjectClassViolation, "no structural object class provided")
	}
	return lowest.Names[0], nil
}

// checkEntry holds a whole entry to the schema: its RDN's values are there, single values are single, and its classes' MUST and MAY.
func (s *schema) checkEntry(r *record, n name) *result {
	for _, a := range r.Attributes {
		if def := s.Attribute(a.Name); def != nil && def.SingleValue && len(a.Values) > 1 {
			return fail(ldap.LDAPResultConstraintViolation, "attribute '%s' cannot have multiple values", a.Name)
		}
	}
	classes := r.Values("objectClass")
	if len(classes) == 0 {
		return fail(ldap.LDAPResultObjectClassViolation, "no objectClass attribute")
	}
	if held := r.Value("structuralObjectClass"); held != "" {
		structural, failed := s.structural(classes)
		if failed != nil {
			return failed
		}
		if !strings.EqualFold(held, structural) {
			return fail(ldap.LDAPResultObjectClassModsProhibited,
				"structural object class modification from '%s' to '%s' not allowed", held, structural)
		}
	}
	for _, a := range n.rdn {
		i := r.find(a.Type)
		if i < 0 {
			return fail(ldap.LDAPResultNamingViolation, "naming attribute '%s' is not present in entry", a.Type)
		}
		if !slices.Contains(r.keys[i], ldif.Key(s.Subschema, a.Type, a.Value)) {
			return fail(ldap.LDAPResultNamingViolation, "value of naming attribute '%s' is not present in entry", a.Type)
		}
	}
	return s.checkClasses(r, classes)
}

func (s *schema) checkClasses(r *record, classes []string) *result {
	extensible := false
	for _, class := range classes {
		c := s.Class(class)
		if c == nil {
			return fail(ldap.LDAPResultObjectClassViolation, "unrecognized objectClass '%s'", class)
		}
		extensible = extensible || strings.EqualFold(c.Names[0], "extensibleObject")
		for _, must := range s.Must(class) {
			if !s.holds(r, must) {
				return fail(ldap.LDAPResultObjectClassViolation, "object class '%s' requires attribute '%s'", c.Names[0], must)
			}
		}
	}
	if extensible {
		return nil
	}
	allowed := slices.Concat(s.Must(classes...), s.May(classes...))
	for _, a := range r.Attributes {
		base, _, _ := strings.Cut(a.Name, ";")
		if def := s.Attribute(base); def != nil && !def.Operational && !slices.Contains(allowed, base) {
			return fail(ldap.LDAPResultObjectClassViolation, "attribute '%s' not allowed", a.Name)
		}
	}
	return nil
}

// holds says whether the record has an attribute, with options or without.
func (s *schema) holds(r *record, name string) bool {
	return slices.ContainsFunc(r.Attributes, func(a ldif.Attribute) bool {
		base, _, _ := strings.Cut(a.Name, ";")
		return strings.EqualFold(base, name)
	})
}
