package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// activate notes what a change of active changes, and says whether one is to be.
func (d *Draft) activate(diff *difference) (changed bool, err error) {
	e := d.write.Entry
	active, ok := d.after["active"].(bool)
	if !ok || active == d.t.IsActive(e) {
		return false, nil
	}
	for _, a := range d.t.Active {
		if a.IsBlocked(e) != active {
			continue // not by this way: one that is locked out stays so
		}
		old, now, err := a.Change(e, active)
		if err != nil {
			return false, err
		}
		diff.values(a.Attribute, old, now)
		changed = true
	}
	return changed, nil
}

// ownLocks give an account that is to be blocked, and seems to be, a lock of its own: what was lent it may go. One that has it is left so.
func (d *Draft) ownLocks() (mods []ldif.Mod) {
	if d.write.After != nil && (d.after["active"] != false || !d.says("active")) {
		return nil
	}
	for _, a := range d.t.Active {
		if a.MayBeLent(d.write.Entry) {
			mods = append(mods, ldif.Mod{Op: ldif.AddValues, Name: a.Attribute, Values: []string{a.Blocked}, Settled: true})
		}
	}
	return mods
}

// Confirms are the attributes by which the account is blocked already, where the request says that it is to be.
func (d *Draft) Confirms() (attributes []string) {
	e := d.write.Entry
	if e == nil || d.after["active"] != false || !d.says("active") || d.t.IsActive(e) {
		return nil
	}
	for _, a := range d.t.Active {
		if a.IsBlocked(e) {
			attributes = append(attributes, a.Attribute)
		}
	}
	return attributes
}

// lockAgain writes what blocks an account that is to be blocked as it is. What lets it in may be under way, sent by whoever waits for an
// answer no more, and would be done behind the answer that it is blocked: it asserts the version that was read, as this does, and one of
// the two comes second. Where the server asserts nothing it waits in the server's queue like this.
func (d *Draft) lockAgain() []ldif.Step {
	if len(d.Confirms()) == 0 {
		return nil
	}
	e := d.write.Entry
	var mods []ldif.Mod
	for _, a := range d.t.Active {
		if !a.IsBlocked(e) {
			continue
		}
		if held := e.Values(a.Attribute); len(held) > 0 && !d.t.Attribute(a.Attribute).Whole {
			mods = append(mods, swap(a.Attribute, held, held)...)
		} else {
			mods = append(mods, ldif.Mod{Op: ldif.ReplaceValues, Name: a.Attribute, Values: held})
		}
	}
	step := modifyStep(d.t, e.DN, mods, e, ldif.Condition{ID: d.t.ID(e), Version: e.Value(d.t.Server.VersionAttribute)}).Firm()
	step.Alone, step.Again = true, true
	return []ldif.Step{step}
}

// says says that the request names the SCIM attribute.
func (d *Draft) says(attribute string) bool {
	ref, ok := d.t.Resource.Resolve("", attribute, "")
	return ok && d.write.Said != nil && d.write.Said.Names(ref)
}

// SaysActive tells what the account is to be when the plan is done, where it writes that, or a password, which may take a lock away.
func (d *Draft) SaysActive(p ldif.Plan) (active, said bool) {
	switch {
	case p.Empty() || len(d.t.Active) == 0 || d.write.Undo != nil:
		return false, false
	case d.write.After == nil:
		return false, d.t.Leaving != nil
	}
	active, said = d.after["active"].(bool)
	if d.isCreate() {
		return active, said
	}
	writes := slices.ContainsFunc(p.Steps, func(s ldif.Step) bool {
		return s.Change.If.ID == d.t.ID(d.write.Entry) && slices.ContainsFunc(s.Change.Mods, func(m ldif.Mod) bool {
			return d.isOfActive(m.Name) || ldif.Secret(m.Name)
		})
	})
	return active, said && writes
}

// lets takes out of the modifications those that let the account in again, where what is done before them may have to be taken back, or a
// password is set by an operation of its own. They come last, in a Modify of their own: nobody is let in, or seen to be, for an attempt
// that does not stand. A password goes with them, which may take a lock away. A leaver's entry that keeps its name comes back whole, or not
// at all.
//
//	active: true, title, userName -> mara   modify title; modrdn; groups let go of the old name; modify userAccountControl
//	active: true, title                     modify userAccountControl, title
func (d *Draft) lets(mods []ldif.Mod, renames, apart bool) (lets, rest []ldif.Mod) {
	isOfActive := func(m ldif.Mod) bool { return d.isOfActive(m.Name) }
	renames = renames || slices.ContainsFunc(mods, func(m ldif.Mod) bool { return d.t.IsNamedBy(m.Name) })
	last := apart || renames || !d.revived && d.ClaimFilter() != ""
	if d.after["active"] != true || !last || !slices.ContainsFunc(mods, isOfActive) {
		return nil, mods
	}
	return divide(mods, func(m ldif.Mod) bool { return isOfActive(m) || d.t.Secret(m.Name) })
}

// letsStep is the step that lets the account in, behind the others, and held to how they leave it: done late, it undoes no block that was
// confirmed since it was sent.
func (d *Draft) letsStep(lets []ldif.Mod, before []ldif.Step) ldif.Step {
	e, id := d.write.Entry, ldif.Condition{ID: d.t.ID(d.write.Entry), AsLeft: true}
	step := modifyStep(d.t, renamed(ldif.Plan{Steps: before}, ldif.Change{DN: e.DN, If: id}), lets, e, id)
	step.Change.If.Found = found(d.t, lets, e) // no rename changes these
	return step
}

// LetsIn says of a step of the plan that it lets in again the account that the write changes.
func (d *Draft) LetsIn(s ldif.Step) bool {
	return !d.isCreate() && d.after["active"] == true && s.Change.If.ID == d.t.ID(d.write.Entry) &&
		slices.ContainsFunc(s.Change.Mods, func(m ldif.Mod) bool { return d.isOfActive(m.Name) })
}

// firm takes out of the modifications those that block the account, where something comes behind them that has the rest taken back. That
// the account is blocked stands all the same: another may have been told so by then.
//
//	active: false, title, userName -> mara   modify userAccountControl; modify title; modrdn, refused: title is taken back
//	active: false, title                     modify userAccountControl, title: both, or none, where the directory asserts
func (d *Draft) firm(mods []ldif.Mod, renames bool) (lock, rest []ldif.Mod) {
	if d.after["active"] != false || d.revived || d.write.Links || !d.mayBeTakenBack(renames) && !d.t.Server.ShowsFound() {
		return nil, mods
	}
	return d.withClasses(divide(mods, func(m ldif.Mod) bool { return d.isOfActive(m.Name) }))
}

// divide gives the modifications that are so, and the rest.
func divide(mods []ldif.Mod, is func(ldif.Mod) bool) (those, rest []ldif.Mod) {
	for _, m := range mods {
		if is(m) {
			those = append(those, m)
		} else {
			rest = append(rest, m)
		}
	}
	return those, rest
}

// withClasses puts to the modifications of the lock the object classes among the rest that an entry which the bridge did not make needs
// for it.
//
//	add: objectClass shadowAccount, labeledURIObject; add: shadowExpire; add: labeledURI
//	lock: add: objectClass shadowAccount; add: shadowExpire    rest: add: objectClass labeledURIObject; add: labeledURI
func (d *Draft) withClasses(lock, rest []ldif.Mod) (withThem, without []ldif.Mod) {
	var needed []string
	held := d.write.Entry.Values("objectClass")
	for _, m := range rest {
		if m.Name != "objectClass" || m.Op != ldif.AddValues {
			without = append(without, m)
			continue
		}
		m.Values = slices.DeleteFunc(slices.Clone(m.Values), func(class string) bool {
			needs := slices.ContainsFunc(lock, func(l ldif.Mod) bool {
				return !d.t.Allows(slices.Concat(held, needed), l.Name) && d.t.Allows([]string{class}, l.Name)
			})
			if needs {
				needed = append(needed, class)
			}
			return needs
		})
		if len(m.Values) > 0 {
			without = append(without, m)
		}
	}
	if len(needed) > 0 {
		lock = append([]ldif.Mod{{Op: ldif.AddValues, Name: "objectClass", Values: needed}}, lock...)
	}
	return lock, without
}

// mayBeTakenBack says that what the write does to its entry may have to be taken back when it is done: the name is refused, or another has
// it, or a value.
func (d *Draft) mayBeTakenBack(renames bool) bool { return renames || d.ClaimFilter() != "" }

// keepBlocked puts behind a password among the mods what it would take away: the lock of an account that is blocked, or is to be. earlier
// are the mods of the step before.
//
//	replace: userPassword; delete: pwdAccountLockedTime; add: pwdAccountLockedTime    leaves the account locked
//	replace: userPassword                                                              lets it in (slapd's ppolicy)
func (d *Draft) keepBlocked(mods, earlier []ldif.Mod) []ldif.Mod {
	if !slices.ContainsFunc(mods, func(m ldif.Mod) bool { return ldif.Secret(m.Name) }) || d.after["active"] == true {
		return mods
	}
	for _, a := range d.t.Active {
		of := func(m ldif.Mod) bool { return m.Name == a.Attribute }
		held := a.Locks(d.write.Entry)
		if slices.ContainsFunc(earlier, of) {
			held = []string{a.Blocked}
		}
		lock := slices.DeleteFunc(slices.Clone(mods), func(m ldif.Mod) bool { return !of(m) })
		switch {
		case !a.ClearedByPassword:
			continue
		case len(lock) == 0 && len(held) > 0:
			lock = swap(a.Attribute, held, []string{a.Blocked})
		}
		mods = append(slices.DeleteFunc(slices.Clone(mods), of), lock...)
	}
	return mods
}

func (d *Draft) isOfActive(attribute string) bool {
	return slices.ContainsFunc(d.t.Active, func(a ldapmap.Activation) bool { return a.Attribute == attribute })
}
