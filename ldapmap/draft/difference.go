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
	refs       ldapmap.Refs
	attributes []*attributeDifference // in the order of the map
	classes    []string               // object classes of the entry, with those that it gets and without those that it loses

	late func(attribute string) bool // says that the attribute is written when the entry has its new name
}

type attributeDifference struct {
	*ldapmap.Attribute
	old, now       []string
	removed, added []string
}

func (d *difference) find(name string) *attributeDifference {
	name = d.t.Canonical(name)
	for _, a := range d.attributes {
		if strings.EqualFold(a.Name, name) {
			return a
		}
	}
	return nil
}

// note adds to what is known of an attribute. Two rules may feed one: one with a SCIM attribute, and computed ones.
func (d *difference) note(at *ldapmap.Attribute, old, now []string) {
	i := slices.IndexFunc(d.attributes, func(a *attributeDifference) bool { return a.Attribute == at })
	if i < 0 {
		i, d.attributes = len(d.attributes), append(d.attributes, &attributeDifference{Attribute: at})
	}
	a := d.attributes[i]
	a.old, a.now = append(a.old, old...), append(a.now, now...)
}

// values notes the values of an attribute that no rule maps.
func (d *difference) values(name string, old, now []string) {
	if len(old)+len(now) > 0 {
		d.note(d.t.Attribute(name), old, now)
	}
}

// compare holds what was noted against the values that the entry has: what is removed and added of each attribute.
func (d *difference) compare() error {
	for _, a := range d.attributes {
		if err := apart(d.t, a.Attribute, a.now); err != nil {
			return err
		}
		gone, fresh := minus(a.old, a.now), minus(a.now, a.old)
		if a.Secret {
			a.added = fresh // and takes the place of whatever is there
			continue
		}
		if len(gone)+len(fresh) == 0 {
			continue
		}
		key := func(v string) string { return ldif.Key(d.t.Server.Schema, a.Name, v) }
		goes := map[string]bool{}
		for _, v := range gone {
			goes[key(v)] = true
		}
		var staying []string
		stays := map[string]bool{}
		for _, v := range d.entry.Values(a.Name) {
			if goes[key(v)] {
				a.removed = append(a.removed, v)
			} else {
				staying, stays[key(v)] = append(staying, v), true
			}
		}
		for _, v := range fresh {
			if k := key(v); !stays[k] {
				a.added = append(a.added, v)
			} else if len(a.Shows) > 0 { // a single value is to show as it was sent
				i := slices.IndexFunc(staying, func(other string) bool { return key(other) == k })
				a.removed, staying = append(a.removed, staying[i]), slices.Delete(staying, i, i+1)
				a.added = append(a.added, v)
			}
		}
		switch {
		case len(a.added) > 0 && a.Single:
			a.removed = append(a.removed, staying...)
		case len(a.added) == 0 && len(a.removed) > 0 && len(staying) == 0 && a.Demander != nil:
			return required(a.Demander, false)
		}
	}
	return nil
}

// held are the classes by which it is judged what the entry may hold.
func (d *difference) held() []string {
	if d.classes == nil {
		return d.entry.Values("objectClass")
	}
	return d.classes
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
	if len(a.removed) == 0 || len(a.added) == 0 {
		return nil
	}
	var trailing []string
	for _, r := range a.Shows {
		if _, decided := d.t.Shown(r, name, r.Own(d.left(a, name))); !decided {
			trailing = append(trailing, r.Own(minus(d.entry.Values(a.Name), a.removed))...)
		}
	}
	return slices.DeleteFunc(trailing, func(v string) bool { return a.hides(v, d.refs) })
}

// hides says that SCIM does not show the value: it refers to what is no resource.
func (a *attributeDifference) hides(value string, refs ldapmap.Refs) bool {
	if a.Reference == nil {
		return false
	}
	_, shown := a.Reference.Target(value, refs)
	return !shown
}

// left are the values that the attribute has when all is done and the entry has the name.
func (d *difference) left(a *attributeDifference, name ldif.RDN) []string {
	values := slices.Concat(minus(d.entry.Values(a.Name), a.removed), a.added)
	for _, v := range d.valuesOf(name, a.Name) {
		if !d.holds(a.Name, values, v) {
			values = append(values, v)
		}
	}
	return values
}

// showable says why a value that is written would not show: the entry holds another that the map shows instead.
func (d *difference) showable(name ldif.RDN) error {
	for _, a := range d.attributes {
		for _, r := range a.Shows {
			if len(a.added) == 0 {
				break
			}
			if err := shows(d.t, r, name, d.left(a, name), a.now); err != nil {
				return err
			}
		}
	}
	return nil
}

// shows holds the value that an entry of the name shows of several against those that it is to show.
func shows(t *ldapmap.Type, r *ldapmap.Rule, name ldif.RDN, values, wanted []string) error {
	if values = r.Own(values); len(values) < 2 {
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
	var classes []string // that an entry which the bridge did not make lacks for the attributes that it is to hold
	for _, a := range d.attributes {
		if len(a.removed)+len(a.added) == 0 {
			continue
		}
		if len(a.added) > 0 {
			if class := d.t.ClassFor(a.Attribute, slices.Concat(d.held(), classes)); class != "" {
				classes = append(classes, class)
			}
		}
		if !a.Whole {
			mods = append(mods, swap(a.Name, a.removed, a.added)...)
			continue
		}
		values := a.added
		if !a.Secret {
			values = slices.Concat(minus(d.entry.Values(a.Name), a.removed), a.added)
		}
		mods = append(mods, ldif.Mod{Op: ldif.ReplaceValues, Name: a.Name, Values: values})
	}
	if len(classes) > 0 {
		mods = append([]ldif.Mod{{Op: ldif.AddValues, Name: "objectClass", Values: classes}}, mods...)
	}
	return mods
}

// bares says that a value loses the space that tells it from what stands in for it: under the old name it would stand in.
func (d *difference) bares(name string) bool {
	a := d.find(name)
	standsIn := func(r *ldapmap.Rule) bool { return r.Empty != nil }
	return a != nil && slices.ContainsFunc(a.Rules, standsIn) &&
		slices.ContainsFunc(a.now, func(v string) bool { return slices.Contains(a.old, v+" ") })
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
