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

// keepForms takes for what was there a value that is written as that is: the form does not tell them apart.
func (d *Draft) keepForms() {
	if d.isCreate() {
		return
	}
	for _, r := range d.t.Rules {
		if r.Form == nil || r.Computed() || r.Many() || d.t.IsUnique(r) {
			continue
		}
		was, is := d.t.SCIMValues(r, d.before), d.t.SCIMValues(r, d.after)
		if len(was) != 1 || len(is) != 1 || scim.SameValue(was[0], is[0]) {
			continue
		}
		held := d.t.Held(r, d.write.Entry)
		if stored, err := r.Form.Write(is[0]); err == nil && len(held) > 0 && stored == held[0] {
			d.after = d.t.Setting(r, d.after, was[0])
		}
	}
}
