package ldapmap

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// setScope says which entries are of this type: those of its structural object classes that match the map's filter. A filter that speaks of classes itself
// stands alone. An auxiliary class is no condition: an entry that the bridge did not make gets it when an attribute needs it.
func (t *Type) setScope() Faults {
	text := t.options.Filter
	if own, err := ldif.ParseFilter(text); text == "" || err == nil && !speaksOfClasses(own) {
		text = and(t.classFilter(), text)
	}
	scope, err := ldif.ParseFilter(text)
	if err != nil {
		return Faults{{"filter", err.Error()}}
	}
	if t.isDirectory(ldif.ActiveDirectory) {
		scope = scope.ReplaceEqualities(categoryByClass)
	}
	t.scopeText, t.scope = text, scope
	var faults Faults
	for _, rule := range scope.UnknownRules() {
		faults = append(faults, Fault{"filter", fmt.Sprintf("every entry is judged before it is written, and the bridge cannot judge by the matching rule %s", rule)})
	}
	for _, name := range scope.Attributes() {
		if t.server.Schema.Attribute(name) == nil {
			faults = append(faults, Fault{"filter", name + " is not in the directory's schema"})
		}
	}
	return faults
}

func (t *Type) classFilter() string {
	if t.isDirectory(ldif.ActiveDirectory) && t.Name == "User" {
		return "(&(objectCategory=person)(objectClass=user))"
	}
	var classes []string
	for _, class := range t.options.ObjectClasses {
		if c := t.server.Schema.Class(class); c == nil || c.Kind != "AUXILIARY" && c.Kind != "ABSTRACT" {
			classes = append(classes, equality("objectClass", class))
		}
	}
	if len(classes) == 0 { // better too narrow than everything
		for _, class := range t.options.ObjectClasses {
			classes = append(classes, equality("objectClass", class))
		}
	}
	return and(classes...)
}

func speaksOfClasses(f *ldif.Filter) bool {
	return slices.ContainsFunc(f.Attributes(), func(name string) bool {
		return strings.EqualFold(name, "objectClass") || strings.EqualFold(name, "objectCategory")
	})
}

// categoryByClass says in object classes what objectCategory says, which Active Directory reads as the DN of a class's schema entry and fills in
// itself: of people all but computers, whose class descends from theirs, have the category person ([MS-ADTS] §3.1.1.3.1.3.5).
func categoryByClass(attribute, value string) *ldif.Filter {
	if !strings.EqualFold(attribute, "objectCategory") {
		return nil
	}
	if rdn, err := ldif.ParseRDN(value); err == nil && len(rdn) > 0 {
		value = rdn[0].Value
	}
	text := equality("objectClass", value)
	if strings.EqualFold(value, "person") || strings.EqualFold(value, "user") {
		text = "(&(objectClass=person)(!(objectClass=computer)))"
	}
	f, _ := ldif.ParseFilter(text) // its value is escaped
	return f
}
