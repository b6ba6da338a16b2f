package draft

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// difference gathers, by LDAP attribute, the values that the resource before gave and those that the resource after gives, and turns
// them into value-level modifications: what the map did not give stays as it was found.
type difference struct {
	t          *ldapmap.Type
	entry      *ldif.Entry
	attributes []*attributeDifference // in the order of the map
}

type attributeDifference struct {
	name     string
	old, now []string
	shows    *ldapmap.Rule     // of a single SCIM value, which shows one of the values; nil: none
	hidden   func(string) bool // values that SCIM does not show; nil: none
	single   bool              // SINGLE-VALUE
	whole    bool              // the server cannot tell the values apart, or does not show them
	demander *ldapmap.Rule     // of an attribute that the directory demands

	removed, added []string
}

// at is the attribute's part of the difference, empty at first.
func (d *difference) at(name string) *attributeDifference {
	if a := d.find(name); a != nil {
		return a
	}
	a := &attributeDifference{name: name, single: d.t.IsSingle(name), whole: d.t.Secret(name) || !d.t.Comparable(name)}
	d.attributes = append(d.attributes, a)
	return a
}

func (d *difference) find(name string) *attributeDifference {
	for _, a := range d.attributes {
		if strings.EqualFold(a.name, d.t.Canonical(name)) {
			return a
		}
	}
	return nil
}

// rule notes what a rule gave and gives. Two rules may feed one attribute: one with a SCIM attribute, and computed ones.
func (d *difference) rule(r *ldapmap.Rule, old, now []string, refs ldapmap.Refs) {
	a := d.at(r.LDAP)
	a.old = append(a.old, old...)
	a.now = append(a.now, now...)
	if !r.Computed() {
		if !r.Many() {
			a.shows = r
		}
		if r.Must {
			a.demander = r
		}
		if r.Reference != nil {
			a.hidden = func(value string) bool { _, shown := r.Reference.Target(value, refs); return !shown }
		}
	}
}

// values notes the values of an attribute that no rule maps.
func (d *difference) values(name string, old, now []string) {
	a := d.at(name)
	a.old = append(a.old, old...)
	a.now = append(a.now, now...)
}

// compare holds what was noted against the values that the entry has: what is removed and added of each attribute.
func (d *difference) compare() error {
	for _, a := range d.attributes {
		gone, fresh := minus(a.old, a.now), minus(a.now, a.old)
		if d.t.Secret(a.name) {
			a.added = fresh // and takes the place of whatever is there
			continue
		}
		if len(gone)+len(fresh) == 0 {
			continue
		}
		key := func(v string) string { return ldif.Key(d.t.Server.Schema, a.name, v) }
		goes := map[string]bool{}
		for _, v := range gone {
			goes[key(v)] = true
		}
		var staying []string
		stays := map[string]bool{}
		for _, v := range d.entry.Values(a.name) {
			if goes[key(v)] {
				a.removed = append(a.removed, v)
			} else {
				staying, stays[key(v)] = append(staying, v), true
			}
		}
		for _, v := range fresh {
			if k := key(v); !stays[k] {
				a.added = append(a.added, v)
			} else if a.shows != nil { // a single value is to show as it was sent
				i := slices.IndexFunc(staying, func(other string) bool { return key(other) == k })
				a.removed, staying = append(a.removed, staying[i]), slices.Delete(staying, i, i+1)
				a.added = append(a.added, v)
			}
		}
		switch {
		case len(a.added) > 0 && a.single:
			a.removed = append(a.removed, staying...)
		case len(a.added) == 0 && len(a.removed) > 0 && len(staying) == 0 && a.demander != nil:
			return required(a.demander, false)
		}
	}
	return nil
}

// holds says whether the value is among the values, as the directory compares them.
func (d *difference) holds(attribute string, values []string, v string) bool {
	return slices.ContainsFunc(values, func(other string) bool { return ldif.Equal(d.t.Server.Schema, attribute, v, other) })
}

// trailing are the values that stand behind the one that a single SCIM value shows, where their order tells which that is. A value is
// added at the end, so they are put back behind a new one.
//
//	description: a, b, c; nickName a -> x:   delete a, b, c; add x, b, c
func (d *difference) trailing(a *attributeDifference, name ldif.RDN) []string {
	if a.shows == nil || len(a.removed) == 0 || len(a.added) == 0 {
		return nil
	}
	if _, decided := d.t.Shown(a.shows, name, d.left(a, name)); decided {
		return nil
	}
	rest := minus(d.entry.Values(a.name), a.removed)
	return slices.DeleteFunc(rest, func(v string) bool { return a.hidden != nil && a.hidden(v) })
}

// left are the values that the attribute has when all is done and the entry has the name.
func (d *difference) left(a *attributeDifference, name ldif.RDN) []string {
	values := slices.Concat(minus(d.entry.Values(a.name), a.removed), a.added)
	for _, v := range d.valuesOf(name, a.name) {
		if !d.holds(a.name, values, v) {
			values = append(values, v)
		}
	}
	return values
}

// showable says why a value that is written would not show: the entry holds another that the map shows instead.
func (d *difference) showable(name ldif.RDN) error {
	for _, a := range d.attributes {
		if a.shows == nil || len(a.added) == 0 {
			continue
		}
		if err := shows(d.t, a.shows, name, d.left(a, name), a.now); err != nil {
			return err
		}
	}
	return nil
}

// shows holds the value that an entry of the name shows of several against those that it is to show.
func shows(t *ldapmap.Type, r *ldapmap.Rule, name ldif.RDN, values, wanted []string) error {
	if len(values) < 2 {
		return nil
	}
	if at, decided := t.Shown(r, name, values); decided && !slices.Contains(wanted, values[at]) {
		detail := fmt.Sprintf("%s: the entry holds %q too, and the map shows that", r.Path(), values[at])
		return &scim.Error{Type: scim.InvalidValue, Detail: detail, Attribute: r.Path()}
	}
	return nil
}

// putBack takes values away and adds them again.
func (a *attributeDifference) putBack(values []string) {
	a.removed, a.added = append(a.removed, values...), append(a.added, values...)
}

// minus returns the values of a that b lacks, each once.
func minus(a, b []string) []string {
	known := make(map[string]bool, len(a)+len(b))
	for _, v := range b {
		known[v] = true
	}
	var rest []string
	for _, v := range a {
		if !known[v] {
			known[v] = true
			rest = append(rest, v)
		}
	}
	return rest
}

// mods returns the modifications: for each attribute its old values deleted and its new ones added, or the whole replaced where the
// directory has no rule to tell values apart or does not show them.
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
		if !a.whole {
			mods = append(mods, swap(a.name, a.removed, a.added)...)
			continue
		}
		values := a.added
		if !d.t.Secret(a.name) {
			values = slices.Concat(minus(d.entry.Values(a.name), a.removed), a.added)
		}
		mods = append(mods, ldif.Mod{Op: ldif.ReplaceValues, Name: a.name, Values: values})
	}
	if classes := d.classesFor(names); len(classes) > 0 {
		mods = append([]ldif.Mod{{Op: ldif.AddValues, Name: "objectClass", Values: classes}}, mods...)
	}
	return mods
}

// bares says that a value loses the space that tells it from what stands in for it: under the old name it would stand in.
func (d *difference) bares(name string) bool {
	a := d.find(name)
	return a != nil && slices.ContainsFunc(a.now, func(v string) bool { return slices.Contains(a.old, v+" ") })
}

// swap deletes values and adds others.
func swap(name string, removed, added []string) []ldif.Mod {
	var mods []ldif.Mod
	if len(removed) > 0 {
		mods = append(mods, ldif.Mod{Op: ldif.DeleteValues, Name: name, Values: removed})
	}
	if len(added) > 0 {
		mods = append(mods, ldif.Mod{Op: ldif.AddValues, Name: name, Values: added})
	}
	return mods
}

// classesFor names the auxiliary classes of the map that an entry which the bridge did not make lacks for the attributes that it
// is to hold.
func (d *difference) classesFor(names []string) []string {
	if d.t.Server.KeepsClasses {
		return nil
	}
	s := d.t.Server.Schema
	allow := func(classes []string, name string) bool {
		bare, _, _ := strings.Cut(s.Canonical(name), ";")
		same := func(a string) bool { return strings.EqualFold(a, bare) }
		return slices.ContainsFunc(s.Must(classes...), same) || slices.ContainsFunc(s.May(classes...), same)
	}
	var wanted []string
	for _, name := range names {
		definition := s.Attribute(name)
		if definition == nil || definition.Operational || allow(slices.Concat(d.entry.Values("objectClass"), wanted), name) {
			continue
		}
		for _, class := range d.t.ObjectClasses {
			if c := s.Class(class); c != nil && c.Kind == "AUXILIARY" && allow([]string{class}, name) {
				wanted = append(wanted, class)
				break
			}
		}
	}
	return wanted
}
