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
			c.lost = d.mapOwns(*c)
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

// mapOwns says that the map names all that the entry could not hold without the class, and that none of it names the entry.
func (d *Draft) mapOwns(c class) bool {
	rdn, err := entryRDN(d.write.Entry)
	return err == nil && !slices.ContainsFunc(d.goingWith(c), func(name string) bool {
		named := slices.ContainsFunc(rdn, func(a ldif.AVA) bool { return d.t.IsSame(a.Type, name) })
		return named || !slices.ContainsFunc(d.t.Rules, func(r *ldapmap.Rule) bool { return ldif.Named([]string{name}, bare(r.LDAP)) })
	})
}

func bare(attribute string) string {
	name, _, _ := strings.Cut(attribute, ";")
	return name
}

// goingWith are the attributes that the entry holds and could not without the class.
func (d *Draft) goingWith(c class) (names []string) {
	rest := slices.DeleteFunc(d.classesAfter(), func(held string) bool { return strings.EqualFold(held, c.held) })
	for _, name := range c.Allows {
		if len(d.write.Entry.Values(name)) > 0 && !d.t.Allows(rest, name) {
			names = append(names, name)
		}
	}
	return names
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
			if ldif.Named(going, bare(a.Name)) {
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
