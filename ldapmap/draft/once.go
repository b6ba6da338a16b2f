package draft

import (
	"slices"

	"scimbridge/scim"
)

// keepOnce leaves what is written once as it was: the request's word on it is dropped, and nothing is computed of it.
//
//	{scim: title, ldap: title, on: create}; title Boss: PATCH title Chief leaves Boss
func (d *Draft) keepOnce() {
	if d.isCreate() {
		return
	}
	for _, r := range d.t.Rules {
		if !r.OnCreate() || r.Computed() || r.WriteOnly() {
			continue
		}
		was, is := d.t.SCIMValues(r, d.before), d.t.SCIMValues(r, d.after)
		if slices.EqualFunc(was, is, scim.SameValue) {
			continue
		}
		d.refused = append(d.refused, r.Path())
		switch {
		case r.HasOnePlace() && len(was) == 1:
			d.after = d.t.Setting(r, d.after, was[0])
		case !r.HasOnePlace():
			d.after = d.after.Clone()
			d.after.Set(r.Ref, d.before.Get(r.Ref))
			if r.Ref.Attr.MultiValued {
				d.after.Set(r.Ref.Owner(), d.before.Get(r.Ref.Owner()))
			}
		}
	}
}
