package ldapmap

import (
	"fmt"
	"slices"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// Suspension is what becomes of an entry beside its being blocked, or soft-deleted, for as long as it is.
type Suspension struct {
	Clear       []string   // canonical names of attributes that it loses
	Set         []ldif.AVA // values that it gets, and loses again
	LeaveGroups bool
}

// Clears says that the entry is without the attribute.
func (s *Suspension) Clears(attribute string) bool { return s != nil && ldif.Named(s.Clear, attribute) }

// settable are all values that either suspension sets of the attribute.
func (t *Type) settable(attribute string) (values []string) {
	for _, s := range []*Suspension{t.OnBlock, t.OnTombstone} {
		if s == nil {
			continue
		}
		for _, v := range s.Set {
			if v.Type == attribute {
				values = append(values, v.Value)
			}
		}
	}
	return values
}

// SetIn are the entry's values of the attribute that a suspension sets.
func (t *Type) SetIn(e *ldif.Entry, attribute string) []string {
	settable := t.settable(attribute)
	return slices.DeleteFunc(slices.Clone(e.Values(attribute)), func(v string) bool {
		return !slices.ContainsFunc(settable, func(s string) bool { return ldif.Equal(t.Server.Schema, attribute, v, s) })
	})
}

// Of is the suspension of the entry (nil: a new one), which keeps what its own classes demand, and what names it.
func (s *Suspension) Of(t *Type, e *ldif.Entry) *Suspension {
	if e == nil {
		return s
	}
	name, _ := ldif.SplitDN(e.DN)
	rdn, _ := ldif.ParseRDN(name)
	kept := t.Server.Schema.Must(e.Values("objectClass")...)
	for _, a := range rdn {
		kept = append(kept, a.Type)
	}
	own := *s
	own.Clear = slices.DeleteFunc(slices.Clone(s.Clear), func(name string) bool {
		return slices.ContainsFunc(kept, func(k string) bool { return t.IsSame(k, name) })
	})
	return &own
}

// suspended are the attributes that suspensions write.
func (t *Type) suspended() (names []string) {
	for _, s := range []*Suspension{t.OnBlock, t.OnTombstone} {
		if s == nil {
			continue
		}
		names = append(names, s.Clear...)
		for _, v := range s.Set {
			names = append(names, v.Type)
		}
	}
	return names
}

// suspensions binds what becomes of who is blocked or soft-deleted.
func (l *learner) suspensions() {
	l.t.OnBlock = l.suspension("onBlock", l.compiled.Options.OnBlock)
	l.t.OnTombstone = l.suspension("onTombstone", l.compiled.Options.OnTombstone)
	if len(l.faults) == 0 {
		l.compiled.CheckSuspensions(l.t.IsSame, l.report)
	}
}

func (l *learner) suspension(key string, o compile.SuspensionOptions) *Suspension {
	if len(o.Clear)+len(o.Set) == 0 && !o.LeaveGroups {
		return nil
	}
	s := &Suspension{LeaveGroups: o.LeaveGroups}
	for i, name := range o.Clear {
		path := fmt.Sprintf("%s.clear[%d]", key, i)
		name = l.t.Server.Schema.Description(l.known(path, name))
		s.Clear = append(s.Clear, name)
		switch {
		case l.demanded(name):
			l.report(path, name+" is demanded by the object classes: no entry can be without it")
		case l.t.IsSame(name, l.t.Server.AccountName):
			l.report(path, name+" holds the login: nobody would know whose the account is")
		}
	}
	for i, v := range o.Set {
		path := fmt.Sprintf("%s.set[%d].attribute", key, i)
		name := l.known(path, v.Attribute)
		s.Set = append(s.Set, ldif.AVA{Type: name, Value: v.Value})
		switch definition := l.t.Server.Schema.Attribute(name); {
		case definition == nil:
		case l.t.IsSame(name, l.t.Server.AccountName):
			l.report(path, name+" holds the login")
		case !l.t.Comparable(name) && !definition.SingleValue:
			l.report(path, name+" has no equality rule in the directory's schema: the value could not be taken back")
		case !definition.Operational && !l.t.Server.KeepsClasses && !l.allowed(name):
			l.report(path, "none of the object classes allows "+name)
		}
	}
	return s
}

// judgedBy reports what a suspension writes and the scope is told by: who is blocked would be no resource any more.
func (t *Type) judgedBy(o compile.Options) (faults compile.Faults) {
	if t.scope == nil {
		return nil
	}
	for _, s := range o.Suspensions() {
		report := func(path, name string) {
			if t.scope.Reads(t.Canonical(name), t.Server.Schema) {
				problem := name + " is what `filter` tells the resources by: who loses or gets it would be none"
				faults = append(faults, compile.Fault{Path: s.Key + "." + path, Problem: problem})
			}
		}
		for i, name := range s.Clear {
			report(fmt.Sprintf("clear[%d]", i), name)
		}
		for i, v := range s.Set {
			report(fmt.Sprintf("set[%d].attribute", i), v.Attribute)
		}
	}
	return faults
}
