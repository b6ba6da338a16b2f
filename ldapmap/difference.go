package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// difference gathers, by LDAP attribute, the values that the resource before gave and those that the resource after gives, and turns
// them into value-level modifications: what the map did not give stays as it was found.
type difference struct {
	t          *Type
	entry      *ldif.Entry
	attributes []*attributeDifference // in the order of the map
}

type attributeDifference struct {
	name     string
	old, now []string
	many     bool // every value of the attribute shows, so their order tells nothing
	single   bool // SINGLE-VALUE
	replace  bool // the values cannot be told apart by the server, or cannot be read
	removed  []string
	added    []string
}

func (d *difference) at(name string) *attributeDifference {
	for _, a := range d.attributes {
		if strings.EqualFold(a.name, name) {
			return a
		}
	}
	definition := d.t.server.Schema.Attribute(name)
	a := &attributeDifference{name: name, single: definition != nil && definition.SingleValue}
	a.replace = d.t.server.Kind != ldif.ActiveDirectory && (definition == nil || definition.Equality == "")
	d.attributes = append(d.attributes, a)
	return a
}

// rule notes what a rule gave and gives. Two rules may feed one attribute.
func (d *difference) rule(r *rule, old, now []string) {
	a := d.at(r.ldap)
	a.old = append(a.old, old...)
	a.now = append(a.now, now...)
	a.many = a.many || !r.computed() && r.many()
	a.replace = a.replace || r.writeOnly()
}

// values notes the values of an attribute that no rule maps.
func (d *difference) values(name string, old, now []string) {
	if name == "" {
		return
	}
	a := d.at(name)
	a.old = append(a.old, old...)
	a.now = append(a.now, now...)
	a.many = true
}

// settle works out what is removed and added of each attribute.
func (d *difference) settle() {
	for _, a := range d.attributes {
		present := d.entry.Values(a.name)
		gone := minus(a.old, a.now)
		fresh := minus(a.now, a.old)
		if a.replace && ldif.Secret(a.name) {
			a.added = fresh
			continue
		}
		if len(gone) == 0 && len(fresh) == 0 {
			continue
		}
		same := func(x string) func(string) bool {
			return func(y string) bool { return x == y || ldif.Equal(d.t.server.Schema, a.name, x, y) }
		}
		var staying []string
		for _, v := range present {
			if slices.ContainsFunc(gone, same(v)) {
				a.removed = append(a.removed, v)
			} else {
				staying = append(staying, v)
			}
		}
		for _, v := range fresh {
			if !slices.ContainsFunc(staying, same(v)) {
				a.added = append(a.added, v)
			}
		}
		switch {
		case len(a.added) == 0 || len(staying) == 0:
		case a.single:
			a.removed = append(a.removed, staying...)
		case !a.many && len(a.removed) > 0:
			// A single SCIM value shows the first of several: the new one takes that place, the others are put back behind it.
			a.removed = append(a.removed, staying...)
			a.added = append(a.added, staying...)
		}
	}
}

func minus(a, b []string) []string {
	var rest []string
	for _, v := range a {
		if !slices.Contains(b, v) && !slices.Contains(rest, v) {
			rest = append(rest, v)
		}
	}
	return rest
}

// mods returns the modifications: for each attribute its old values deleted and its new ones added, or the whole replaced where the
// directory has no rule to tell values apart (RFC 4517 facsimileTelephoneNumber) or does not show them.
func (d *difference) mods() []ldif.Mod {
	var mods []ldif.Mod
	var names []string
	for _, a := range d.attributes {
		if len(a.removed)+len(a.added) == 0 {
			continue
		}
		if len(a.added) > 0 {
			names = append(names, a.name)
		}
		if a.replace {
			values := a.added
			if !ldif.Secret(a.name) {
				values = append(minus(d.entry.Values(a.name), a.removed), a.added...)
			}
			mods = append(mods, ldif.Mod{Op: ldif.ReplaceValues, Name: a.name, Values: values})
			continue
		}
		if len(a.removed) > 0 {
			mods = append(mods, ldif.Mod{Op: ldif.DeleteValues, Name: a.name, Values: a.removed})
		}
		if len(a.added) > 0 {
			mods = append(mods, ldif.Mod{Op: ldif.AddValues, Name: a.name, Values: a.added})
		}
	}
	if classes := d.classesFor(names); len(classes) > 0 {
		mods = append([]ldif.Mod{{Op: ldif.AddValues, Name: "objectClass", Values: classes}}, mods...)
	}
	return mods
}

// classesFor names the auxiliary classes of the map that an entry which the bridge did not make lacks for the attributes that it is to hold.
func (d *difference) classesFor(names []string) []string {
	if d.t.server.Kind == ldif.ActiveDirectory {
		return nil
	}
	s := d.t.server.Schema
	present := d.entry.Values("objectClass")
	holds := func(classes []string, name string) bool {
		same := func(a string) bool { return strings.EqualFold(a, s.Canonical(name)) }
		return slices.ContainsFunc(s.Must(classes...), same) || slices.ContainsFunc(s.May(classes...), same)
	}
	var wanted []string
	for _, name := range names {
		definition := s.Attribute(name)
		if definition == nil || definition.Operational || holds(append(present, wanted...), name) {
			continue
		}
		for _, class := range d.t.options.ObjectClasses {
			if c := s.Class(class); c != nil && c.Kind == "AUXILIARY" && holds([]string{class}, name) {
				wanted = append(wanted, class)
				break
			}
		}
	}
	return wanted
}

// renaming is a ModifyDN that is to come.
type renaming struct {
	rdn, superior string
	deleteOld     bool
}

// naming works out whether the entry is renamed, and takes the RDN's values out of the modifications: ModifyDN changes those itself.
func (d *difference) naming(s settlement) (*renaming, error) {
	d.settle()
	text, parent := ldif.SplitDN(d.entry.DN)
	old, err := ldif.ParseRDN(text)
	if err != nil {
		return nil, badName(d.entry.DN)
	}
	now := old
	if s.rdn != "" {
		if now, err = ldif.ParseRDN(s.rdn); err != nil {
			return nil, badName(s.rdn)
		}
	} else if now, err = d.follow(old); err != nil {
		return nil, err
	}
	superior := s.parent
	if superior != "" && ldif.SameDN(superior, parent) {
		superior = ""
	}
	if superior == "" && slices.Equal(now, old) {
		return nil, nil
	}
	deleteOld := true
	for _, a := range old {
		if at := d.find(a.Type); at != nil && slices.Contains(at.now, a.Value) && !slices.Contains(now.Values(a.Type), a.Value) {
			deleteOld = false // the map still gives the value that named the entry
		}
	}
	for _, at := range d.attributes {
		oldNames, newNames := d.valuesOf(old, at.name), d.valuesOf(now, at.name)
		if deleteOld {
			at.removed = minus(at.removed, oldNames)
		}
		at.added = minus(at.added, newNames)
	}
	return &renaming{now.String(), superior, deleteOld}, nil
}

// follow gives the RDN whose values follow a change of the attribute that names the entry: such a value cannot be taken away by a Modify.
func (d *difference) follow(old ldif.RDN) (ldif.RDN, error) {
	now := slices.Clone(old)
	for i, a := range now {
		at := d.find(a.Type)
		if at == nil || !slices.Contains(at.removed, a.Value) || slices.Contains(at.added, a.Value) {
			continue
		}
		if len(at.added) == 0 {
			return nil, &scim.Error{Type: scim.Mutability, Detail: at.name + " names the entry and cannot be cleared"}
		}
		now[i].Value = at.added[0]
	}
	return now, nil
}

func (d *difference) find(name string) *attributeDifference {
	for _, a := range d.attributes {
		if strings.EqualFold(a.name, d.t.canonical(name)) {
			return a
		}
	}
	return nil
}

func (d *difference) valuesOf(rdn ldif.RDN, name string) []string {
	var values []string
	for _, a := range rdn {
		if strings.EqualFold(d.t.canonical(a.Type), name) {
			values = append(values, a.Value)
		}
	}
	return values
}

// step makes the ModifyDN with its inverse.
func (n *renaming) step(e *ldif.Entry, condition ldif.Condition) ldif.Step {
	rdn, back := ldif.SplitDN(e.DN)
	if n.superior == "" {
		back = ""
	}
	change := ldif.Change{
		Kind: ldif.ModifyDN, DN: e.DN, NewRDN: n.rdn, DeleteOldRDN: n.deleteOld, NewSuperior: n.superior, If: condition,
	}
	inverse := &ldif.Change{
		Kind: ldif.ModifyDN, DN: change.NewDN(), NewRDN: rdn, DeleteOldRDN: true, NewSuperior: back, If: ldif.Condition{ID: condition.ID},
	}
	return ldif.Step{Change: change, Inverse: inverse, Before: e}
}
