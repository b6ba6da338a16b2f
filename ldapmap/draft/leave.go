package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// A map may keep the entry of a deleted resource. It is blocked first, then taken out of what refers to it, and last given its marker or
// its place, by which it is a leaver's: until then the same DELETE finds it again, and goes on. That it is blocked is never taken back,
// whatever the rest comes to.
//
//	delete: {mode: block, marker: {attribute: employeeType, value: deleted}}     modify userAccountControl; groups let go of it;
//	                                                                             modify employeeType
//	delete: {mode: move, to: "ou=leavers,…"}                                     modify userAccountControl; groups let go of it;
//	                                                                             modrdn newsuperior ou=leavers,…

// leave plans how the entry becomes a leaver's.
func (d *Draft) leave(f Facts) ([]ldif.Step, []ldif.Effect, error) {
	e := d.write.Entry
	condition := ldif.Condition{ID: d.t.ID(e), Version: e.Value(d.t.Server.VersionAttribute)}
	var steps []ldif.Step
	var effects []ldif.Effect
	add := func(mods []ldif.Mod) {
		steps = append(steps, modifyStep(d.t, e.DN, mods, e, condition))
		condition = ldif.Condition{ID: condition.ID, AsLeft: true}
	}
	note := func(kind ldif.EffectKind, attributes ...string) {
		effects = append(effects, ldif.Effect{Kind: kind, DN: e.DN, ID: d.t.ID(e), Attributes: attributes})
	}
	lock, blocks, err := d.lock()
	if err != nil {
		return nil, nil, err
	}
	if len(lock) > 0 {
		add(lock)
		steps[0] = steps[0].Firm()
	}
	if own := d.ownLocks(); len(own) > 0 {
		add(own)
	}
	if len(blocks) > 0 {
		note(ldif.Blocked, blocks...)
	}
	mods := d.parting(lock)
	if d.t.Leaving.Mode != compile.MoveEntry {
		add(mods)
		steps[len(steps)-1].Change.Leaves = true
		note(ldif.Deleted)
		return steps, effects, nil
	}
	if len(mods) > 0 {
		add(mods)
	}
	rdn, another, err := d.leaversName(f)
	if err != nil {
		return nil, nil, err
	}
	change := ldif.Change{
		Kind: ldif.ModifyDN, DN: e.DN, NewRDN: rdn.String(), NewSuperior: d.t.Leaving.Place, Leaves: true, If: condition,
		DeleteOldRDN: d.t.Server.RenameDropsName || another && d.t.IsSingle(d.t.Canonical(rdn[0].Type)),
	}
	name, parent := ldif.SplitDN(e.DN)
	back := ldif.Change{
		Kind: ldif.ModifyDN, DN: change.NewDN(), NewRDN: name, NewSuperior: parent, DeleteOldRDN: another,
		If: ldif.Condition{ID: condition.ID},
	}
	steps = append(steps, ldif.Step{Before: e, Change: change, Inverse: &back})
	note(ldif.Deleted)
	note(ldif.Moved)
	return steps, effects, nil
}

// Leaves says that the write makes a leaver of a resource.
func (d *Draft) Leaves() bool {
	return d.write.After == nil && d.t.Leaving != nil && d.write.Undo == nil
}

// leaves says that the plan makes a leaver of a resource.
func leaves(p ldif.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s ldif.Step) bool { return s.Change.Leaves })
}

// lock are the modifications that block the entry, by each way by which it is not blocked, with what else becomes of who is blocked; blocks
// are those ways' attributes.
func (d *Draft) lock() (mods []ldif.Mod, blocks []string, err error) {
	e := d.write.Entry
	diff := &difference{t: d.t, entry: e}
	for _, a := range d.t.Active {
		if a.IsBlocked(e) {
			continue
		}
		old, now, err := a.Change(e, false)
		if err != nil {
			return nil, nil, err
		}
		diff.values(a.Attribute, old, now)
		blocks = append(blocks, a.Attribute)
	}
	d.blockedByDelete().suspended(diff)
	if err := diff.compare(); err != nil {
		return nil, nil, err
	}
	return diff.mods(), blocks, diff.forbidden()
}

// parting are the modifications that a leaver's entry is given, beside those of its lock: what it is told by, what it loses. A group that
// has gone has no members.
func (d *Draft) parting(lock []ldif.Mod) []ldif.Mod {
	e, t := d.write.Entry, d.t
	mods := noMembers(t)
	if t.Leaving.Mode == compile.StripEntry {
		rdn, _ := entryRDN(e)
		for _, a := range t.Stripped(e, rdn) {
			if !slices.ContainsFunc(lock, func(m ldif.Mod) bool { return m.Name == a.Name }) {
				mods = append(mods, ldif.Mod{Op: ldif.DeleteValues, Name: a.Name, Values: a.Values})
			}
		}
	}
	if m := t.Leaving.Marker; m.Type != "" {
		if class := t.ClassFor(t.Attribute(m.Type), e.Values("objectClass")); class != "" {
			mods = append(mods, ldif.Mod{Op: ldif.AddValues, Name: "objectClass", Values: []string{class}})
		}
		var old []string
		if t.IsSingle(m.Type) {
			old = e.Values(m.Type)
		}
		mods = append(mods, swap(m.Type, old, []string{m.Value})...)
	}
	return mods
}

// noMembers are the modifications that leave a group without members.
func noMembers(t *ldapmap.Type) (mods []ldif.Mod) {
	for _, members := range t.Members {
		none := ldif.Mod{Op: ldif.ReplaceValues, Name: members.Attribute, Settled: true}
		if members.Placeholder != "" {
			none.Values = []string{members.Placeholder}
		}
		mods = append(mods, none)
	}
	return mods
}

// leaversName is the RDN that the entry is to have at the place of leavers: its own, with a number where that is taken.
func (d *Draft) leaversName(f Facts) (rdn ldif.RDN, another bool, err error) {
	own, err := entryRDN(d.write.Entry)
	if err != nil {
		return nil, false, err
	}
	for i, rdn := range d.leaversNames(own, f.Rounds-1) {
		if d.occupant(rdn, f.Found, d.t.Leaving.Place) == nil {
			return rdn, i > 0, nil
		}
	}
	return nil, false, errTaken
}

func (d *Draft) leaversNames(own ldif.RDN, round int) []ldif.RDN {
	last := 10
	for range round {
		last *= 10
	}
	stem, limit := d.t.Fit(own[0].Type, own[0].Value)
	names := []ldif.RDN{own}
	c := claim{rdn: own}
	for n := 2; n <= last; n++ {
		names = append(names, c.named(numbered(stem, separator(nil, stem), n, limit)))
	}
	return names
}

// leaversRound asks who is at the place of leavers by the names that the entry may take.
func (d *Draft) leaversRound(number int) Needs {
	own, err := entryRDN(d.write.Entry)
	if err != nil {
		return Needs{}
	}
	var filters []string
	for _, rdn := range d.leaversNames(own, number) {
		filters = append(filters, ldif.Equality(rdn[0].Type, rdn[0].Value))
	}
	return Needs{Rounds: number + 1, Search: &ldapmap.Search{Base: d.t.Leaving.Place, Filter: ldif.AnyOf(filters...)}}
}
