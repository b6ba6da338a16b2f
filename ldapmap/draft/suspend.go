package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// A map may say what else becomes of an entry that is blocked, or soft-deleted: attributes that it loses, values that it gets, groups that
// it leaves. It is blocked first, or at once with the rest, and leaves the groups last; that it is blocked is then not taken back. What is
// left to do is found from the entry: a request that says again what is so completes what stopped, and changes nothing that is done.
//
//	onBlock: {clear: [mail], leaveGroups: true, set: {attribute: employeeType, value: left}}
//	active: false   modify userAccountControl, mail, employeeType; groups let go of it
//	active: true    modify userAccountControl, employeeType, and mail where the request gives it or the map computes it
//
// As long as it is so the attributes stay empty: what a request says of them is dropped.

// suspension is one that the write is about.
type suspension struct {
	*ldapmap.Suspension
	was, is bool // before the write, and after it
	said    bool // the request says that it is so
}

// begins says that what the suspension comes to is to be done, or completed.
func (s suspension) begins() bool { return s.is && (!s.was || s.said) }

// suspend finds the suspensions of the entry, and takes out of the resource what they clear.
func (d *Draft) suspend() {
	if d.t.OnBlock == nil && d.t.OnTombstone == nil || d.displaced {
		return
	}
	e := d.write.Entry
	if d.t.OnBlock != nil {
		d.suspensions = append(d.suspensions, suspension{
			d.t.OnBlock.Of(d.t, e), e != nil && !d.t.IsActive(e), d.after["active"] == false, d.says("active"),
		})
	}
	if d.t.OnTombstone != nil {
		name, _ := d.after["userName"].(string)
		d.suspensions = append(d.suspensions, suspension{
			d.t.OnTombstone.Of(d.t, e), e != nil && d.t.IsLeaver(e), d.tombstone != "" || ldapmap.IsTombstoneName(name), d.says("userName"),
		})
	}
	for _, r := range d.t.Rules {
		if !r.Computed() && d.withoutIt(r.LDAP) {
			d.empty(r)
		}
	}
}

// empty takes the rule's value out of the wanted resource, unless it was there, and nothing is to become of it.
func (d *Draft) empty(r *ldapmap.Rule) {
	wanted := d.after.Get(r.Ref.Owner())
	same := scim.SameValue(d.before.Get(r.Ref.Owner()), wanted)
	if wanted == nil || same && !d.clears(r.LDAP) {
		return
	}
	d.after = d.t.Without(r, d.after)
	if !same && !scim.SameValue(d.after.Get(r.Ref.Owner()), wanted) {
		d.refused = append(d.refused, r.Path())
	}
}

// withoutIt says that the entry is to be without the attribute.
func (d *Draft) withoutIt(attribute string) bool {
	return slices.ContainsFunc(d.suspensions, func(s suspension) bool { return s.is && s.Clears(attribute) })
}

// clears says that the attribute is cleared, whatever is there.
func (d *Draft) clears(attribute string) bool {
	return slices.ContainsFunc(d.suspensions, func(s suspension) bool { return s.begins() && s.Clears(attribute) })
}

// regains says that the entry is given again what the map computes: it is suspended no more.
func (d *Draft) regains(r *ldapmap.Rule) bool {
	given := r.Numbers != nil || r.Value != nil && (r.Value.Random() || r.Value.IsOfPrevious())
	if len(d.suspensions) == 0 || given || d.withoutIt(r.LDAP) || d.withholds(r.LDAP) {
		return false
	}
	return slices.ContainsFunc(d.suspensions, func(s suspension) bool { return s.was && !s.is && s.Clears(r.LDAP) })
}

// suspended notes what the suspensions clear, set and take back.
func (d *Draft) suspended(diff *difference) {
	e := d.write.Entry
	var done []string
	for _, s := range d.suspensions {
		if s.begins() {
			for _, name := range s.Clear {
				diff.values(name, e.Values(name), nil)
			}
		}
		for _, v := range s.Set {
			if slices.Contains(done, v.Type) || s.is == s.was && !s.begins() {
				continue
			}
			now := d.set(v.Type)
			if len(now) > 0 && d.t.DropsForbidden && d.t.Forbids(d.t.Attribute(v.Type), e.Values("objectClass")) {
				continue
			}
			done = append(done, v.Type)
			diff.values(v.Type, d.t.SetIn(e, v.Type), now)
		}
	}
}

// set are the values that the entry is to have of the attribute.
func (d *Draft) set(attribute string) (values []string) {
	for _, s := range d.suspensions {
		for _, v := range s.Set {
			if s.is && v.Type == attribute && !slices.Contains(values, v.Value) && (len(values) == 0 || !d.t.IsSingle(attribute)) {
				values = append(values, v.Value)
			}
		}
	}
	return values
}

// blockedByDelete is the draft of what a DELETE that keeps the entry does to it besides: it is blocked.
func (d *Draft) blockedByDelete() *Draft {
	blocked := &Draft{t: d.t, write: d.write}
	if d.t.OnBlock != nil && len(d.t.Active) > 0 {
		blocked.suspensions = []suspension{{d.t.OnBlock.Of(d.t, d.write.Entry), !d.t.IsActive(d.write.Entry), true, true}}
	}
	return blocked
}

// departs are the names by which groups let go of the entry when all else is done; the groups of a deleted one do so anyway.
func (d *Draft) departs() (names []ldapmap.Name) {
	leaves := func(s suspension) bool { return s.begins() && s.LeaveGroups }
	if d.isCreate() || !slices.ContainsFunc(d.suspensions, leaves) {
		return nil
	}
	names = append(names, ldapmap.DN(d.write.Entry.DN))
	for _, naming := range d.t.Namings {
		for _, v := range d.t.Names(naming, d.write.Entry) {
			names = append(names, ldapmap.Name{Naming: naming, Value: v})
		}
	}
	return names
}

// called is what groups call the entry when the plan is done, which they called by the name before; "": nothing.
func (d *Draft) called(name ldapmap.Name, p ldif.Plan) string {
	for _, of := range d.passings(p) {
		for _, passed := range of {
			if passed.gone == name {
				return passed.come.Value
			}
		}
	}
	if name.Of == "" {
		return renamed(p, ldif.Change{DN: name.Value, If: ldif.Condition{ID: d.t.ID(d.write.Entry)}})
	}
	return name.Value
}

// withDepartures puts the leaving of groups behind the plan.
func (d *Draft) withDepartures(p ldif.Plan, own ldif.Plan, f Facts) ldif.Plan {
	id := ""
	for _, name := range d.departs() {
		now := d.called(name, own)
		for _, r := range f.Referrers[name] {
			if !r.Reference.HoldsMembers() || now == "" {
				continue
			}
			step := r.step(now, "", f.Placeholder)
			step.Inverse, step.Alone = nil, true
			p.Steps, id = append(slices.Clip(p.Steps), step), d.t.ID(d.write.Entry)
			p.Effects = r.tellsLoss(slices.Clip(p.Effects), now)
		}
	}
	for i := range p.Steps {
		if id != "" && p.Steps[i].Change.If.ID == id && !d.mayBeTakenBack(own.Renames()) {
			p.Steps[i].Inverse = nil
		}
	}
	return p
}

// Staying is the plan without the leaving of the group with the DN: what is done where that may not be written. It is the same plan where
// nothing in it leaves that group.
func (d *Draft) Staying(p ldif.Plan, dn string) ldif.Plan {
	leaving := func(s ldif.Step) bool {
		return s.Alone && !s.Change.Operation && d.t.Server.SameDN(s.Change.DN, dn)
	}
	if slices.ContainsFunc(p.Steps, leaving) { // which is all that the plan does to the group
		p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), leaving)
		p.Effects = slices.DeleteFunc(slices.Clone(p.Effects), func(e ldif.Effect) bool { return d.t.Server.SameDN(e.DN, dn) })
	}
	return p
}

// parted are the groups among those that refer to the name.
func parted(referrers []Referrer) []Referrer {
	return slices.DeleteFunc(slices.Clone(referrers), func(r Referrer) bool { return !r.Reference.HoldsMembers() })
}
