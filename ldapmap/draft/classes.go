package draft

import (
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// A map may give a class to the entries of some resources. Whoever comes to be one of them gets the class with all that the map makes for
// what it alone allows, in one Modify; whoever is one no more loses them, unless the entry holds something that only the class allows and
// the map does not name: then all of it stays. What the bridge found stays as well: an entry that has the class, or lacks it, changes when
// what is said of the resource does.
//
//	objectClasses: [inetOrgPerson, {class: posixAccount, when: 'enterprise.department == "Staff"'}]
//	department Sales -> Staff   modify objectClass, uidNumber, gidNumber, homeDirectory, departmentNumber
//	department Staff -> Sales   modify objectClass, uidNumber, gidNumber, homeDirectory, loginShell, departmentNumber

// class is one of those of a map that not every entry has.
type class struct {
	*ldapmap.Condition
	held       string // as the entry spells it; "": it lacks it
	gains, has bool   // it gets it; it has it after the write, because of what is said of the resource
	lost       bool
}

// classify finds which classes the entry is to have.
func (d *Draft) classify() error {
	for _, c := range d.t.Conditions {
		is, err := c.Holds(d.after, d.t.Resource, d.t.Base)
		of := class{Condition: c, held: d.heldAs(c.Class)}
		was := of.held != ""
		if !d.displaced && !d.revived {
			was, _ = c.Holds(d.before, d.t.Resource, d.t.Base) // what cannot be told was not so
		}
		if d.isCreate() {
			was = false
		}
		switch {
		case d.displaced:
			is = was
		case err != nil && (is != was || d.isCreate() || c.When.Distinguishes(d.before, d.after, d.t.Resource)):
			return err
		case err != nil:
			is = was
		}
		of.gains = is && !was && of.held == ""
		of.has = is && (of.gains || of.held != "")
		of.lost = was && !is && of.held != ""
		d.classes = append(d.classes, of)
	}
	for i := range d.classes {
		if c := &d.classes[i]; c.lost {
			c.lost = !d.write.KeepsClasses && d.mapOwns(*c)
		}
	}
	return nil
}

// heldAs is the class as the entry spells it; "" of one that lacks it.
func (d *Draft) heldAs(name string) string {
	if d.isCreate() {
		return ""
	}
	s := d.t.Server.Schema
	for _, held := range d.write.Entry.Values("objectClass") {
		if s.Class(held) == s.Class(name) {
			return held
		}
	}
	return ""
}

// mapOwns says that all that the entry could not hold without the class is the map's, and that none of it names the entry.
func (d *Draft) mapOwns(c class) bool {
	rdn, err := entryRDN(d.write.Entry)
	return err == nil && !slices.ContainsFunc(d.goingWith(c), func(held ldif.Attribute) bool {
		named := slices.ContainsFunc(rdn, func(a ldif.AVA) bool { return d.t.IsSame(a.Type, held.Name) })
		return named || !d.gave(held)
	})
}

// gave says that the map wrote all values of the attribute, or shows them. Of one that has a single value it may be any.
//
//	{scim: nickName, ldap: description}            description: a         yes
//	{scim: nickName, ldap: description}            description: a, b      no: b would be lost
//	{scim: nickName, ldap: description, prefix: n:}    description: x     no
//	{scim: nickName, ldap: description}            description;lang-de: a    no
func (d *Draft) gave(held ldif.Attribute) bool {
	a := d.t.Attribute(held.Name)
	var own []string
	for _, r := range a.Rules {
		own = append(own, d.givenBy(r)...)
	}
	return len(a.Rules) > 0 && (a.Single || !slices.ContainsFunc(held.Values, func(v string) bool {
		return !slices.ContainsFunc(own, func(o string) bool { return ldif.Equal(d.t.Server.Schema, a.Name, v, o) })
	}))
}

// givenBy are those of the entry's values that the rule wrote, or shows. What was written once nobody can tell from another's, unless it is
// alone.
func (d *Draft) givenBy(r *ldapmap.Rule) []string {
	e := d.write.Entry
	held := d.t.Held(r, e)
	once := r.OnCreate() || r.Numbers != nil
	switch {
	case r.Value != nil && r.Value.IsOfPrevious(), r.Computed() && once && len(held) == 1: // see deriveGiven
		return held
	case r.Computed(), r.Empty != nil:
		given := d.old(r, Facts{})
		if r.Empty != nil {
			given, _ = d.withStandIn(r, given, nil)
		}
		if r.Options.Unique {
			given = withNumbers(d.t, r, given, e)
		}
		return given
	case r.Reference == nil:
		held = slices.DeleteFunc(slices.Clone(held), func(v string) bool {
			_, shows := d.t.SCIMValue(r, v, ldapmap.Refs{})
			return !shows
		})
	}
	if !r.Many() {
		held = held[:min(1, len(held))]
	}
	return held
}

func bare(attribute string) string {
	name, _, _ := strings.Cut(attribute, ";")
	return name
}

// goingWith are the attributes, by their options too, that the entry holds and could not without the class.
func (d *Draft) goingWith(c class) (going []ldif.Attribute) {
	rest := slices.DeleteFunc(d.classesAfter(), func(held string) bool { return strings.EqualFold(held, c.held) })
	for _, a := range d.write.Entry.Attributes {
		name := d.t.Canonical(a.Name)
		if len(a.Values) > 0 && ldif.Named(c.Allows, bare(name)) && !d.t.Allows(rest, name) {
			going = append(going, a)
		}
	}
	return going
}

// classesAfter are the object classes that the entry is to have, but for those that attributes of a found one need.
func (d *Draft) classesAfter() []string {
	if d.isCreate() && len(d.classes) == 0 {
		return d.t.ObjectClasses
	}
	if d.isCreate() {
		var conditional []*ldapmap.Condition
		for _, c := range d.classes {
			if c.has {
				conditional = append(conditional, c.Condition)
			}
		}
		return d.t.Order(conditional)
	}
	all := d.write.Entry.Values("objectClass")
	if len(d.classes) == 0 {
		return all
	}
	all = slices.Clone(all)
	for _, c := range d.classes {
		if c.gains {
			all = append(all, c.Class)
		}
		if c.lost {
			all = slices.DeleteFunc(all, func(held string) bool { return held == c.held })
		}
	}
	return all
}

// ofClass says that classes which not every entry has allow the attribute alone, and that one of them is so.
func (d *Draft) ofClass(attribute string, is func(class) bool) (owned, one bool) {
	if len(d.classes) == 0 {
		return false, false
	}
	name := bare(attribute)
	for _, c := range d.classes {
		if ldif.Named(c.Allows, name) {
			owned, one = true, one || is(c)
		}
	}
	return owned, one
}

// withholds says that the map makes nothing for the attribute: the entry is not given the class that allows it.
func (d *Draft) withholds(attribute string) bool {
	owned, has := d.ofClass(attribute, func(c class) bool { return c.has })
	return owned && !has
}

// comesWithClass says that the entry gets the attribute with the class that allows it: it lacks both.
func (d *Draft) comesWithClass(attribute string) bool {
	_, gains := d.ofClass(attribute, func(c class) bool { return c.gains })
	return gains && !d.isCreate() && len(d.write.Entry.Values(attribute)) == 0 && !d.withoutIt(attribute)
}

// lacksClassFor says that there is nothing to do for the rule: the map makes nothing for its attribute, and nothing is said of it.
func (d *Draft) lacksClassFor(r *ldapmap.Rule) bool {
	if r.Computed() || !d.withholds(r.LDAP) {
		return d.withholds(r.LDAP)
	}
	return len(d.t.SCIMValues(r, d.before))+len(d.t.SCIMValues(r, d.after)) == 0
}

// reclassed notes what goes with the classes that the entry loses, and returns the changes of its classes.
func (d *Draft) reclassed(diff *difference) (mods []ldif.Mod) {
	var gained, lost []string
	for _, c := range d.classes {
		if c.gains {
			gained = append(gained, c.Class)
		}
		if !c.lost {
			continue
		}
		lost = append(lost, c.held)
		going := d.goingWith(c)
		for _, a := range d.t.Attributes {
			if slices.ContainsFunc(going, func(held ldif.Attribute) bool { return strings.EqualFold(held.Name, a.Name) }) {
				diff.note(a, d.write.Entry.Values(a.Name), nil)
			}
		}
	}
	return swap("objectClass", lost, gained)
}

// undemanded is the fault of what a class demands that the entry gets, or keeps, and is not to have.
func (d *Draft) undemanded(diff *difference) error {
	for _, c := range d.classes {
		if !c.gains && (c.held == "" || c.lost) {
			continue
		}
		for _, name := range c.Must {
			left := d.write.Entry.Values(name)
			a := diff.find(name)
			if a != nil {
				left = append(minus(left, a.removed), a.added...)
			}
			if r := d.t.Giver(name); r != nil && len(left) == 0 && (c.gains || a != nil) {
				return required(r, c.gains)
			}
		}
	}
	return nil
}

// unclassed refuses, or drops, what a new entry is to hold and its classes do not allow.
func (d *Draft) unclassed(r *ldapmap.Rule) (drop bool, err error) {
	if !d.withholds(r.LDAP) {
		return false, nil
	}
	a := d.t.Attribute(r.LDAP)
	if r.Computed() || len(d.t.SCIMValues(r, d.after)) == 0 || d.t.MayDrop(a) {
		return true, nil
	}
	return true, d.t.Forbidden(a, d.classesAfter())
}
