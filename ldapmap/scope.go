package ldapmap

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// Scope is the LDAP filter that every entry of this type matches.
func (t *Type) Scope() string { return t.scopeText }

// ScopeAttributes are the attributes that Holds judges an entry by.
func (t *Type) ScopeAttributes() []string { return t.scope.Attributes() }

// IsJudgedBy says whether Holds may judge an entry by the attribute.
func (t *Type) IsJudgedBy(attribute string) bool { return t.scope.Reads(attribute, t.Server.Schema) }

// setScope says which entries are of this type: those of its structural object classes that match the map's filter. A filter that
// speaks of classes itself stands alone. An auxiliary class is no condition: an entry that the bridge did not make gets it when
// an attribute needs it.
func (t *Type) setScope(text string) compile.Faults {
	if own, err := ldif.ParseFilter(text); text == "" || err == nil && !speaksOfClasses(own) {
		text = ldif.AllOf(t.classFilter(), text)
	}
	scope, err := ldif.ParseFilter(text)
	if err != nil {
		return compile.Faults{{Path: "filter", Problem: err.Error()}}
	}
	scope = t.Server.Judgeable(scope)
	if l := t.Leaving; l != nil {
		l.scope = scope
		if l.Marker.Type != "" {
			text = ldif.AllOf(text, "(!"+ldif.Equality(l.Marker.Type, l.Marker.Value)+")")
			if scope, err = ldif.ParseFilter(text); err != nil {
				return compile.Faults{{Path: "delete.marker", Problem: err.Error()}}
			}
			scope = t.Server.Judgeable(scope)
		}
	}
	t.scopeText, t.scope = text, scope
	var faults compile.Faults
	for _, rule := range scope.UnknownRules() {
		problem := fmt.Sprintf("every entry is judged before it is written, and the bridge cannot judge by the matching rule %s", rule)
		faults = append(faults, compile.Fault{Path: "filter", Problem: problem})
	}
	for _, name := range scope.Attributes() {
		if t.Server.Schema.Attribute(name) == nil {
			faults = append(faults, compile.Fault{Path: "filter", Problem: name + " is not in the directory's schema"})
		}
	}
	return faults
}

func (t *Type) classFilter() string {
	if t.Server.PersonFilter != "" && t.Name == "User" {
		return t.Server.PersonFilter
	}
	var classes []string
	for _, class := range t.ObjectClasses {
		if c := t.Server.Schema.Class(class); c == nil || c.Kind != "AUXILIARY" && c.Kind != "ABSTRACT" {
			classes = append(classes, ldif.Equality("objectClass", class))
		}
	}
	if len(classes) == 0 { // better too narrow than everything
		for _, class := range t.ObjectClasses {
			classes = append(classes, ldif.Equality("objectClass", class))
		}
	}
	return ldif.AllOf(classes...)
}

func speaksOfClasses(f *ldif.Filter) bool {
	return slices.ContainsFunc(f.Attributes(), func(name string) bool {
		return strings.EqualFold(name, "objectClass") || strings.EqualFold(name, "objectCategory")
	})
}

// IsOfClass says that the entry has the structural class of this type, and so would clash with it though it may lie outside the scope.
func (t *Type) IsOfClass(e *ldif.Entry) bool {
	s := t.Server.Schema
	for _, class := range t.ObjectClasses {
		definition := s.Class(class)
		if definition == nil || definition.Kind != "STRUCTURAL" || strings.EqualFold(class, "top") {
			continue
		}
		if slices.ContainsFunc(e.Values("objectClass"), func(held string) bool { return s.IsA(held, class) }) {
			return true
		}
	}
	return false
}
