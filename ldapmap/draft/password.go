package draft

import (
	"slices"

	"scimbridge/ldapmap/ldif"
)

// A password may be set by an operation of its own (RFC 3062), which can assert nothing and cannot be taken back. It comes last but for
// what lets the account in:
//
//	POST     add, blocked where the map says how; the operation; modify userAccountControl
//	PATCH    modify title; the operation; modify userAccountControl, if the account is enabled
//	PATCH    modify title, userAccountControl; the operation; groups let go of the account, if it is blocked
//
// What blocks is not taken back for a password that the directory refuses: another may have been told by then that the account is blocked.
// A POST that is refused is none, whatever entry it was given.

// passwordApart takes the password out of a new entry, and what lets it in, and returns the steps that set them.
func (d *Draft) passwordApart(entry *ldif.Entry, dn string) ([]ldif.Step, error) {
	r := d.t.Password
	if r == nil || len(entry.Values(r.LDAP)) == 0 {
		return nil, nil
	}
	made := ldif.Condition{Made: true}
	set := d.setting(dn, entry.Values(r.LDAP), made)
	set.Stays = true // until the entry itself is taken back
	steps := []ldif.Step{set}
	entry.Set(r.LDAP)
	if d.after["active"] == false {
		return steps, nil
	}
	for _, a := range d.t.Active {
		old, blocked, err := a.Change(entry, false)
		if err != nil {
			return nil, err
		}
		entry.Set(a.Attribute, append(minus(entry.Values(a.Attribute), old), blocked...)...)
	}
	diff := &difference{t: d.t, entry: &ldif.Entry{DN: dn, Attributes: entry.Attributes}}
	for _, a := range d.t.Active {
		old, now, err := a.Change(entry, true)
		if err != nil {
			return nil, err
		}
		diff.values(a.Attribute, old, now)
	}
	if err := diff.compare(); err != nil {
		return nil, err
	}
	if mods := diff.mods(); len(mods) > 0 {
		steps = append(steps, modifyStep(d.t, dn, mods, nil, made))
	}
	return steps, nil
}

// apart takes out of the modifications that of the password, where an operation of its own sets it, and those that let the account in.
func (d *Draft) apart(mods []ldif.Mod) (rest, apart []ldif.Mod) {
	r := d.t.Password
	isPassword := func(m ldif.Mod) bool { return r != nil && m.Name == r.LDAP }
	if !slices.ContainsFunc(mods, isPassword) {
		return mods, nil
	}
	for _, m := range mods {
		switch {
		case isPassword(m):
			apart = slices.Insert(apart, 0, m)
		case d.after["active"] == true && d.isOfActive(m.Name):
			apart = append(apart, m)
		default:
			rest = append(rest, m)
		}
	}
	return rest, apart
}

// apartSteps are the steps of what was taken apart, behind the others.
func (d *Draft) apartSteps(apart []ldif.Mod, before []ldif.Step) (steps []ldif.Step) {
	if len(apart) == 0 {
		return nil
	}
	e, id := d.write.Entry, ldif.Condition{ID: d.t.ID(d.write.Entry)}
	dn := renamed(ldif.Plan{Steps: before}, ldif.Change{DN: e.DN, If: id})
	steps = append(steps, d.setting(dn, apart[0].Values, id))
	steps[0].Before = e
	if lets := len(apart) > 1; !lets {
		steps[0].Alone = d.blocks(before)
	} else {
		steps = append(steps, modifyStep(d.t, dn, apart[1:], e, id))
	}
	return steps
}

// blocks says that the steps block an account that there is, or that it is to leave groups.
func (d *Draft) blocks(steps []ldif.Step) bool {
	if d.revived || d.write.Links {
		return false
	}
	return len(d.departs()) > 0 || slices.ContainsFunc(steps, func(s ldif.Step) bool {
		return slices.ContainsFunc(s.Change.Mods, func(m ldif.Mod) bool { return d.isOfActive(m.Name) })
	})
}

// setting is the step that sets a password.
func (d *Draft) setting(dn string, values []string, condition ldif.Condition) ldif.Step {
	mods := []ldif.Mod{{Op: ldif.ReplaceValues, Name: d.t.Password.LDAP, Values: values}}
	return ldif.Step{Change: d.t.Marked(ldif.Change{Kind: ldif.Modify, DN: dn, Mods: mods, Operation: true, If: condition})}
}
