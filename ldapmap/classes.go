package ldapmap

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// Condition is an auxiliary object class that the entries of some resources have, as the directory's schema has it.
type Condition struct {
	compile.Condition
	Allows []string // canonical names of the attributes that it allows and no class that all entries have
	Must   []string // those of them that it demands
}

// Owners are the conditions whose classes alone allow the attribute; none: every entry may hold it.
func (t *Type) Owners(attribute string) (owners []*Condition) {
	if len(t.Conditions) == 0 {
		return nil
	}
	bare, _, _ := strings.Cut(attribute, ";")
	for _, c := range t.Conditions {
		if ldif.Named(c.Allows, bare) {
			owners = append(owners, c)
		}
	}
	return owners
}

// allowsToSome is the fault of an attribute that only a conditional class allows, with what that comes to; "": every entry may hold it.
func (t *Type) allowsToSome(attribute, what string) string {
	owners := t.Owners(attribute)
	if len(owners) == 0 {
		return ""
	}
	return fmt.Sprintf("only %s allows %s, and not every entry has that class: %s", owners[0].Class, attribute, what)
}

// Order puts classes of new entries into the order of the map.
func (t *Type) Order(conditional []*Condition) []string {
	classes := slices.Clone(t.ObjectClasses)
	for _, c := range conditional {
		classes = slices.Insert(classes, min(c.At, len(classes)), c.Class)
	}
	return classes
}

// noClass says that the schema has no such object class, and which may be meant.
func noClass(s *ldif.Subschema, class string) string {
	return class + " is not in the directory's schema" + compile.DidYouMean(class, s.ClassNames())
}

// conditions binds the object classes of some entries.
func (l *learner) conditions() {
	s := l.t.Server.Schema
	var conditional []*ldif.ObjectClass
	for _, c := range l.compiled.Conditions {
		path := fmt.Sprintf("objectClasses[%d]", c.At)
		class := s.Class(c.Class)
		switch {
		case class == nil: // reported already
			continue
		case class.Kind != "AUXILIARY":
			const problem = "%s is %s: an entry has its structural class for ever, and `when` is for auxiliary ones"
			l.report(path, fmt.Sprintf(problem, c.Class, strings.ToLower(class.Kind)))
			continue
		}
		conditional = append(conditional, class)
		l.t.Conditions = append(l.t.Conditions, &Condition{Condition: c})
	}
	always := s.AllowedWithout(conditional, l.t.ObjectClasses...)
	for _, c := range l.t.Conditions {
		own := func(names []string) []string {
			return slices.DeleteFunc(names, func(name string) bool { return ldif.Named(always, name) })
		}
		c.Must = own(s.Must(c.Class))
		c.Allows = append(slices.Clone(c.Must), own(s.May(c.Class))...)
		l.may = append(l.may, c.Allows...)
	}
}

// alwaysAllowed reports attributes that every entry must be able to hold, and that only a conditional class allows.
func (l *learner) alwaysAllowed() {
	t := l.t
	report := func(path, attribute, what string) {
		if problem := t.allowsToSome(attribute, what); problem != "" {
			l.report(path, problem)
		}
	}
	for _, o := range l.owned {
		if !strings.HasPrefix(o.Path, "attributes[") {
			report(o.Path, o.Attribute, "every entry must be able to hold "+o.Holds)
		}
	}
	for _, r := range t.Rules {
		path := fmt.Sprintf("attributes[%d].%s", r.At, r.Key())
		isKey := func(k Key) bool { return k.In == r || k.Of == r }
		switch {
		case t.Secret(r.LDAP):
			report(path, r.LDAP, "a password would come and go with it")
		case t.IsUnique(r):
			report(path, r.LDAP, r.Path()+" is of every resource")
		case slices.ContainsFunc(t.Match, isKey), r == t.ExternalID && len(t.Match) > 0:
			report(path, r.LDAP, "`match` finds entries by it")
		case t.DN != nil && t.DN.Reads(&r.Rule):
			report(path, r.LDAP, "`dn` names entries by it, or places them")
		}
	}
	for _, s := range l.compiled.Options.Suspensions() {
		for i, v := range s.Set {
			report(fmt.Sprintf("%s.set[%d].attribute", s.Key, i), t.Canonical(v.Attribute), "whoever is blocked gets it")
		}
		for i, name := range s.Clear {
			for _, c := range t.Conditions {
				if ldif.Named(c.Must, t.Canonical(name)) {
					problem := fmt.Sprintf("%s is demanded by %s: no entry of that class can be without it", name, c.Class)
					l.report(fmt.Sprintf("%s.clear[%d]", s.Key, i), problem)
				}
			}
		}
	}
}

// Giver is the line of the map by which clients say what the attribute holds; nil: there is none.
func (t *Type) Giver(attribute string) *Rule {
	for _, r := range t.Rules {
		if !r.Computed() && t.IsSame(r.LDAP, attribute) {
			return r
		}
	}
	return nil
}
