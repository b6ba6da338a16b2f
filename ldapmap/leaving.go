package ldapmap

import (
	"slices"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// Leaving is how a deleted resource stays in the directory as a leaver's entry: no resource, until a POST of its name revives it.
type Leaving struct {
	Mode   string   // compile.BlockEntry, MoveEntry or StripEntry
	Place  string   // DN below which leavers are; ""
	Marker ldif.AVA // a value that leavers have; zero: none
	scope  *ldif.Filter
}

// HasLeft says that the entry is what a resource of this type left when it was deleted.
func (t *Type) HasLeft(e *ldif.Entry) bool {
	l := t.Leaving
	switch {
	case l == nil || !l.scope.Matches(e, t.Server.Schema):
		return false
	case l.Place != "":
		return t.isAway(e.DN)
	}
	return t.Covers(e.DN) && len(t.Marks(e)) > 0
}

// Keeps says that the entry is one of this type, or of its leavers.
func (t *Type) Keeps(e *ldif.Entry) bool { return t.Holds(e) || t.HasLeft(e) }

// Marks are the entry's values that tell it for a leaver's.
func (t *Type) Marks(e *ldif.Entry) []string {
	if t.Leaving == nil || t.Leaving.Marker.Type == "" {
		return nil
	}
	m := t.Leaving.Marker
	return slices.DeleteFunc(slices.Clone(e.Values(m.Type)), func(v string) bool {
		return !ldif.Equal(t.Server.Schema, m.Type, v, m.Value)
	})
}

// isAway says that the DN is below the place of leavers.
func (t *Type) isAway(dn string) bool {
	return t.Leaving != nil && t.Leaving.Place != "" && t.Server.Under(dn, t.Leaving.Place)
}

// IsAmong says whether an entry that the directory found by the type's scope is one of it: the scope cannot tell a place.
func (t *Type) IsAmong(e *ldif.Entry) bool { return !t.isAway(e.DN) }

// Widest is where entries of the type and its leavers are.
func (t *Type) Widest() []string {
	if t.Leaving == nil || t.Leaving.Place == "" || t.Covers(t.Leaving.Place) {
		return t.Bases()
	}
	return append(t.Bases(), t.Leaving.Place)
}

// Named is the rule of the SCIM attribute by which a POST says whom it means: userName, or the displayName of groups; nil: there is none.
func (t *Type) Named() *Rule {
	if t.Name != "User" && t.Name != "Group" || len(t.Unique) == 0 {
		return nil
	}
	return t.Unique[0]
}

// Stripped are the attributes that a leaver loses: those that the map gave it, but what the object classes demand, what names it or is its
// alone, what is written once (a number that nobody else is to have), and what tells of which type it is. Of an attribute whose parts the
// map gave, it loses these: they are its values here, and none of another.
func (t *Type) Stripped(e *ldif.Entry, rdn ldif.RDN) []ldif.Attribute {
	kept := []string{t.Tombstone, t.Leaving.Marker.Type, "objectClass", t.Server.AccountName}
	for _, a := range rdn {
		kept = append(kept, t.Canonical(a.Type))
	}
	for _, a := range t.Active {
		kept = append(kept, a.Attribute)
	}
	must := t.Server.Schema.Must(e.Values("objectClass")...)
	var stripped []ldif.Attribute
	for _, a := range t.Attributes {
		var own []string
		parts := len(a.Rules) > 0
		for _, r := range a.Rules {
			if parts = parts && r.IsPart(); parts {
				own = append(own, r.Own(e.Values(a.Name))...)
			}
		}
		switch {
		case a.Secret, ldif.Named(kept, a.Name), ldif.Named(must, a.Name), t.Leaving.scope.Reads(a.Name, t.Server.Schema):
		case slices.ContainsFunc(a.Rules, func(r *Rule) bool { return t.IsUnique(r) || r.OnCreate() || r.Options.Unique }):
		case parts && len(own) > 0:
			stripped = append(stripped, ldif.Attribute{Name: a.Name, Values: own})
		case !parts && len(e.Values(a.Name)) > 0:
			stripped = append(stripped, ldif.Attribute{Name: a.Name})
		}
	}
	return stripped
}

// leaving binds what DELETE does.
func (l *learner) leaving() {
	o := l.compiled.Options.Delete
	if o.Mode == "" || o.Mode == compile.DeleteEntry {
		return
	}
	l.t.Leaving = &Leaving{Mode: o.Mode, Place: o.To}
	if o.Marker.Attribute == "" {
		return
	}
	const path = "delete.marker.attribute"
	name := l.known(path, o.Marker.Attribute)
	l.t.Leaving.Marker = ldif.AVA{Type: name, Value: o.Marker.Value}
	l.own(path, name, "the marker")
	definition := l.t.Server.Schema.Attribute(name)
	switch {
	case definition == nil:
	case definition.SingleValue && slices.ContainsFunc(l.t.Rules, func(r *Rule) bool { return l.t.IsSame(r.LDAP, name) }):
		l.report(path, name+" has one value in the directory's schema, and the map gives it another")
	case !l.t.Comparable(name):
		l.report(path, name+" has no equality rule in the directory's schema: nobody could be found by it")
	case !definition.Operational && !l.t.Server.KeepsClasses && !l.allowed(name):
		l.report(path, "none of the object classes allows "+name)
	}
}
