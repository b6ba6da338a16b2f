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
		steps = append(steps, modifyStep(d.t, dn, mods, nil, ldif.Condition{Made: true, AsLeft: true}))
	}
	return steps, nil
}

// apart takes out of the modifications that of the password, where an operation of its own sets it; nil: there is none.
func (d *Draft) apart(mods []ldif.Mod) (rest []ldif.Mod, password *ldif.Mod) {
	at := slices.IndexFunc(mods, func(m ldif.Mod) bool { return d.t.Password != nil && m.Name == d.t.Password.LDAP })
	if at < 0 {
		return mods, nil
	}
	return slices.Delete(slices.Clone(mods), at, at+1), &mods[at]
}

// apartStep is the step that sets the password, behind the others. lets says that the account is let in behind it.
func (d *Draft) apartStep(password ldif.Mod, lets bool, before []ldif.Step) ldif.Step {
	e, id := d.write.Entry, ldif.Condition{ID: d.t.ID(d.write.Entry)}
	step := d.setting(renamed(ldif.Plan{Steps: before}, ldif.Change{DN: e.DN, If: id}), password.Values, id)
	step.Before, step.Alone = e, !lets && d.blocks(before)
	return step
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
