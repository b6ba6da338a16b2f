package draft

import (
	"slices"

	"scimbridge/ldapmap"
)

// drops says that what the write has for an attribute is dropped: the classes of the entry, which the bridge did not make, forbid it, and
// the map says that this is no reason to refuse the rest.
func (d *Draft) drops(a *ldapmap.Attribute) bool {
	return d.write.Entry != nil && d.t.MayDrop(a) && d.t.Forbids(a, d.classesAfter())
}

// dropped names the SCIM attributes of which something is dropped so.
func (d *Draft) dropped() (paths []string) {
	if d.write.After == nil || !d.t.DropsForbidden {
		return nil
	}
	if d.isCreate() {
		for _, r := range d.t.Rules {
			if !r.Computed() && d.withholds(r.LDAP) && len(d.t.SCIMValues(r, d.after)) > 0 {
				paths = append(paths, r.Path())
			}
		}
		return paths
	}
	for _, a := range d.t.Attributes {
		for _, r := range a.Rules {
			if !r.Computed() && d.touches(r) && d.drops(a) && !slices.Contains(paths, r.Path()) {
				paths = append(paths, r.Path())
			}
		}
	}
	return paths
}

// forbidden is the fault of what is to be added and the entry's classes forbid.
func (d *difference) forbidden() error {
	classes := d.held()
	for _, a := range d.attributes {
		if len(a.added) > 0 && d.t.Forbids(a.Attribute, classes) {
			return d.t.Forbidden(a.Attribute, classes)
		}
	}
	return nil
}
