package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// change plans the change of an entry.
func (d *Draft) change(f Facts, a allotment) ([]ldif.Step, []ldif.Effect, error) {
	rdn, err := entryRDN(d.write.Entry)
	if err != nil {
		return nil, nil, err
	}
	diff := &difference{t: d.t, entry: d.write.Entry, refs: f.Refs}
	if err := d.attributes(diff, f, a, rdn); err != nil {
		return nil, nil, err
	}
	if d.t.Tombstone != "" {
		diff.values(d.t.Tombstone, d.tombstones(), asValues(d.tombstone))
	}
	d.unmarked(diff)
	d.suspended(diff)
	reclassed := d.reclassed(diff)
	diff.classes = d.classesAfter()
	activated, err := d.activate(diff)
	if err != nil {
		return nil, nil, err
	}
	members, err := d.members(f)
	if err != nil {
		return nil, nil, err
	}
	if err := diff.compare(); err != nil {
		return nil, nil, err
	}
	if err := diff.forbidden(); err != nil {
		return nil, nil, err
	}
	if err := d.undemanded(diff); err != nil {
		return nil, nil, err
	}
	diff.late = func(attribute string) bool {
		return d.t.Secret(attribute) || d.displaced || diff.bares(attribute)
	}
	rename, err := diff.rename(rdn, a.name, d.was)
	if err == nil {
		err = d.mayRename(rename)
	}
	if err != nil {
		return nil, nil, err
	}
	mods := append(diff.mods(), d.ownLocks()...)
	if len(reclassed) > 0 {
		mods = append(reclassed, mods...)
	}
	effects := d.effects(mods, rename, activated, members)
	mods, password := d.apart(mods)
	lets, mods := d.lets(mods, rename != nil, password != nil)
	steps := d.order(diff, mods, rename, members.mods(f.Placeholder))
	if password != nil {
		steps = append(steps, d.apartStep(*password, len(lets) > 0, steps))
	}
	if len(lets) > 0 {
		steps = append(steps, d.letsStep(lets, steps))
	}
	if len(steps) == 0 {
		steps = d.lockAgain()
	}
	return steps, effects, nil
}

// attributes notes what the rules of each LDAP attribute gave and give: of those that the write may touch, and those that name the entry,
// or are to.
func (d *Draft) attributes(diff *difference, f Facts, a allotment, rdn ldif.RDN) error {
	to, _ := ldif.ParseRDN(a.rdn)
	var names []string
	for _, ava := range slices.Concat(rdn, to) {
		names = append(names, d.t.Canonical(ava.Type))
	}
	for _, at := range d.t.Attributes {
		if !ldif.Named(names, at.Name) && !slices.ContainsFunc(at.Rules, d.touches) {
			continue
		}
		if d.drops(at) || d.clears(at.Name) {
			continue
		}
		for _, r := range at.Rules {
			if err := d.rule(diff, at, r, f, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// touches says that the write may change what the rule gives, or what it found beside that.
func (d *Draft) touches(r *ldapmap.Rule) bool {
	if d.lacksClassFor(r) {
		return false
	}
	if g, generated := d.generated[r]; generated || r.Computed() || r.OnCreate() {
		return d.lacks(r) || !slices.Equal(g.old, g.now)
	}
	ref := r.Ref
	if ref.Attr.MultiValued {
		ref = ref.Owner()
	}
	return !scim.SameValue(d.before.Get(ref), d.after.Get(ref)) || d.owns(r) || r.Reference != nil && d.isWhole(r.Reference) ||
		r.Empty != nil && (r.Empty.Distinguishes(d.before, d.after, d.t.Resource) || d.comesWithClass(r.LDAP))
}

// rule notes what a rule gave and gives.
func (d *Draft) rule(diff *difference, at *ldapmap.Attribute, r *ldapmap.Rule, f Facts, a allotment) error {
	if _, generated := d.generated[r]; !generated && (r.Computed() || r.OnCreate()) {
		if d.lacks(r) {
			now, err := d.now(r, f)
			if d.allots(r, f) {
				now = []string{f.allotted(r)}
			}
			diff.note(at, nil, now)
			return err
		}
		return nil // a constant, or written once
	}
	old := d.old(r, f)
	now, err := d.now(r, f)
	if err != nil {
		return err
	}
	if d.comesWithClass(r.LDAP) {
		old = nil
	}
	if r.Options.Unique && !slices.Equal(old, now) {
		old = withNumbers(d.t, r, old, d.write.Entry)
	}
	if number, ok := a.numbered[r]; ok {
		now = []string{number}
	}
	if r.Empty != nil {
		old, now = d.withStandIn(r, old, now)
	}
	if d.owns(r) {
		old = append(old, d.unseen(r.Reference, f.Refs)...)
	}
	if r.Reference != nil {
		old = append(old, d.nobodys(r.Reference, f)...)
	}
	diff.note(at, old, now)
	return nil
}

// owns says that the request names a single reference, which its SCIM attribute owns: what stands there and names nobody that SCIM knows
// goes too, so that a later entry of that name inherits nothing.
func (d *Draft) owns(r *ldapmap.Rule) bool {
	return r.Reference != nil && !r.Many() && d.write.Said != nil && d.write.Said.Names(r.Ref.Owner())
}

// unseen are the entry's values of a reference that name nobody that SCIM knows.
func (d *Draft) unseen(r *ldapmap.Reference, refs ldapmap.Refs) []string {
	return slices.DeleteFunc(slices.Clone(d.write.Entry.Values(r.Attribute)), func(v string) bool {
		_, known := refs.ByName(r.Calls(v))
		return known
	})
}

// strays are the values of references with many that the request names all of, as far as SCIM does not show them, though it might: they
// name an entry below the bases that is no resource, or none. Elsewhere, and in a placeholder's place, nobody is looked for.
//
//	replace members:   uid=gone,ou=people goes, so that a later entry of that name inherits nothing, unless somebody has the name a little
//	                   later: a rename gives groups the new name first
//	                   cn=printer,ou=people stays, an entry out of scope; and so do cn=no-member, and uid=x,ou=elsewhere
func (d *Draft) strays(refs ldapmap.Refs) []string {
	var strays []string
	for _, r := range d.t.References {
		if d.isWhole(r) {
			for _, v := range d.straysOf(r, refs) {
				strays = append(strays, r.Calls(v).Value)
			}
		}
	}
	return strays
}

func (d *Draft) straysOf(r *ldapmap.Reference, refs ldapmap.Refs) []string {
	if r.Of != "" { // it may be of an account that no directory knows; whoever takes it scrubs it
		return nil
	}
	return slices.DeleteFunc(d.unseen(r, refs), func(v string) bool {
		return !d.t.Map.Covers(r.Calls(v).Value) || d.t.Server.SameDN(v, r.Placeholder)
	})
}

// isWhole says that the request names all values that a reference with many is to have.
func (d *Draft) isWhole(r *ldapmap.Reference) bool {
	return d.write.Said != nil && r.Many && !r.Single && d.write.Said.Whole(r.SCIM.Owner())
}

// nobodys are those of the strays that name no entry at all.
func (d *Draft) nobodys(r *ldapmap.Reference, f Facts) []string {
	if !d.isWhole(r) {
		return nil
	}
	return slices.DeleteFunc(d.straysOf(r, f.Refs), func(v string) bool { return f.Entries[d.t.Server.NormalDN(r.Calls(v).Value)] })
}

// withStandIn adds what stands in beside the values that show: it goes with its source.
//
//	sn: Lind, anna as found; anna stands in (empty: userName), familyName shows Lind
//	  title changes:          old Lind, anna  now Lind, anna
//	  userName anna -> mara:  old Lind, anna  now Lind
func (d *Draft) withStandIn(r *ldapmap.Rule, old, now []string) (withOld, withNow []string) {
	was, _ := d.t.Evaluated(r.Empty, d.before)
	is, _ := d.t.Evaluated(r.Empty, d.after)
	if len(was) == 0 || !slices.Contains(d.write.Entry.Values(r.LDAP), was[0]) || slices.Contains(old, was[0]) {
		return old, now
	}
	same := func(v string) bool { return ldif.Equal(d.t.Server.Schema, r.LDAP, v, was[0]) }
	if slices.Equal(was, is) && !slices.ContainsFunc(now, same) {
		now = append(now, was...)
	}
	return append(old, was...), now
}

// tombstones are the tombstone names that the entry carries, over its login or over the one that it is to have: one that was being renamed
// to its tombstone name, for another to have the clean one, carries it still when that stopped. So does one that was being renamed to
// another clean name, over none of the two: the request that says that name again completes it.
func (d *Draft) tombstones() []string {
	now, _ := d.after["userName"].(string)
	renamed := d.says("userName")
	return slices.DeleteFunc(slices.Clone(d.write.Entry.Values(d.t.Tombstone)), func(v string) bool {
		left := renamed && ldapmap.IsTombstoneName(v)
		return !left && !ldapmap.IsTombstone(v, d.t.LoginOf(d.write.Entry)) && !ldapmap.IsTombstone(v, now)
	})
}

func asValues(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}

// order puts the pieces in order: the Modify, the ModifyDN on what the Modify left, what can only be written under the new name, and more
// of the members. What cannot be taken back comes behind what may fail; what lets somebody in comes behind all of it: see lets.
//
//	userName anna -> mara, title, password:   modify title, modrdn uid=mara, modify userPassword
//	a group's externalId, 700 new members:    modify externalId and 500 members, modify 200 members
//	department Sales -> Ops, which places it: modrdn ou=Ops, modify department: see awaits
//	active: false, title, userName:           modify userAccountControl, modify title, modrdn: see firm
//	a leaver's userName mara -> anna:         modify title, modrdn uid=anna, modify tombstone
//	a displaced entry:                        modrdn uid=2834…mara, modify cn (made of userName) and tombstone
func (d *Draft) order(diff *difference, mods []ldif.Mod, rename *rename, members [][]ldif.Mod) []ldif.Step {
	var steps []ldif.Step
	e := d.write.Entry
	dn, id := e.DN, ldif.Condition{ID: d.t.ID(e)}
	exact := id
	exact.Version = e.Value(d.t.Server.VersionAttribute)
	lock, rest := d.firm(mods, rename != nil)
	mods = rest
	if rename != nil { // a password cannot be taken back either, and who is soft-deleted keeps the tombstone till the new name stands
		late := func(m ldif.Mod) bool {
			return diff.late(m.Name) || d.awaits(m.Name, rename, diff) || m.Name == d.t.Tombstone && d.tombstone == ""
		}
		for _, m := range mods {
			if late(m) {
				rename.after = append(rename.after, m)
			}
		}
		mods = slices.DeleteFunc(slices.Clone(mods), late)
		rename.after = d.keepBlocked(rename.after, slices.Concat(lock, mods))
	} else {
		mods = d.keepBlocked(mods, lock)
	}
	if rename == nil && len(mods) > 0 && len(members) > 0 {
		mods, members = append(slices.Clip(mods), members[0]...), members[1:]
	}
	condition := exact
	if len(lock) > 0 {
		steps = append(steps, modifyStep(d.t, dn, lock, e, exact).Firm())
		condition = ldif.Condition{ID: id.ID, AsLeft: true}
	}
	if len(mods) > 0 {
		steps = append(steps, modifyStep(d.t, dn, mods, e, condition))
		condition = ldif.Condition{ID: id.ID, AsLeft: true}
	}
	if rename != nil {
		step := rename.step(diff, condition)
		steps = append(steps, step)
		dn = step.Change.NewDN()
		if len(rename.after) > 0 {
			steps = append(steps, modifyStep(d.t, dn, rename.after, e, id))
		}
	}
	for _, m := range members {
		condition := id
		if d.write.Exactly && len(steps) == 0 {
			condition = exact
		}
		steps = append(steps, modifyStep(d.t, dn, m, e, condition))
	}
	if d.revived {
		return withoutMembersBack(d.t, steps)
	}
	return steps
}

// effects say in words what the change comes to.
func (d *Draft) effects(mods []ldif.Mod, rename *rename, activated bool, members memberChange) []ldif.Effect {
	var effects []ldif.Effect
	e := d.write.Entry
	note := func(kind ldif.EffectKind, by func(attribute string) bool) {
		var attributes []string
		for _, m := range mods {
			if by != nil && by(m.Name) && !slices.Contains(attributes, m.Name) {
				attributes = append(attributes, m.Name)
			}
		}
		effects = append(effects, ldif.Effect{Kind: kind, DN: e.DN, ID: d.t.ID(e), Attributes: attributes})
	}
	isTombstone := func(name string) bool { return name == d.t.Tombstone }
	if d.write.Links {
		note(ldif.Linked, nil)
	}
	switch {
	case activated && d.after["active"] == true:
		note(ldif.Enabled, d.isOfActive)
	case activated:
		note(ldif.Blocked, d.isOfActive)
	}
	switch tombstone := d.t.TombstoneOf(e); {
	case d.revived:
		note(ldif.Revived, nil)
	case d.tombstone != "" && d.tombstone != tombstone:
		note(ldif.SoftDeleted, isTombstone)
		effects[len(effects)-1].Values = asValues(d.tombstone)
	case d.tombstone == "" && tombstone != "" && !d.displaced:
		note(ldif.Revived, isTombstone)
	}
	if rename != nil && !sameRDN(rename.rdn, rename.old) {
		note(ldif.Renamed, nil)
	}
	if rename != nil && rename.superior != "" {
		note(ldif.Moved, nil)
	}
	if slices.ContainsFunc(mods, func(m ldif.Mod) bool { return ldif.Secret(m.Name) }) {
		note(ldif.PasswordSet, ldif.Secret)
	}
	untold := func(name string) bool { return !ldif.Secret(name) && !d.isOfActive(name) && !isTombstone(name) }
	if slices.ContainsFunc(mods, func(m ldif.Mod) bool { return untold(m.Name) }) {
		note(ldif.Changed, untold)
	}
	return append(effects, members.effects(e.DN, d.t.ID(e))...)
}

// modifyStep makes a Modify of an entry (nil: one that the plan adds) with its inverse: the mods backwards, each turned round. A
// password cannot be taken back, which nobody can read, nor can a change of members, which may have found some of it done
// already: to undo that would take away, or bring back, what nobody asked for. Where nothing is left to turn round there is no
// inverse.
func modifyStep(t *ldapmap.Type, dn string, mods []ldif.Mod, entry *ldif.Entry, condition ldif.Condition) ldif.Step {
	if entry != nil && entry.DN == dn {
		condition.Found = found(t, mods, entry)
	}
	step := ldif.Step{Change: t.Marked(ldif.Change{Kind: ldif.Modify, DN: dn, Mods: mods, If: condition}), Before: entry}
	var back []ldif.Mod
	for _, m := range slices.Backward(mods) {
		if t.Secret(m.Name) || m.Settled && entry != nil {
			continue
		}
		back = append(back, m.TurnedRound(entry))
	}
	if len(back) > 0 {
		step.Inverse = &ldif.Change{Kind: ldif.Modify, DN: dn, Mods: back, If: ldif.Condition{ID: condition.ID}}
	}
	return step
}

// found are the attributes that the mods write, with the values that the entry was read with. What may be there already is not among them,
// nor what nobody is shown.
func found(t *ldapmap.Type, mods []ldif.Mod, entry *ldif.Entry) []ldif.Attribute {
	var found []ldif.Attribute
	for _, m := range mods {
		noted := slices.ContainsFunc(found, func(a ldif.Attribute) bool { return a.Name == m.Name })
		if !noted && !m.Settled && !t.Secret(m.Name) && entry.Saw(m.Name) {
			found = append(found, ldif.Attribute{Name: m.Name, Values: entry.Values(m.Name)})
		}
	}
	return found
}
