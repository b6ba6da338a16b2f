package draft

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// unmake deletes the entry that the plan made, where it is as it was made.
func (u *undoing) unmake(own deeds) {
	e := u.now.Entries[u.ID]
	if e == nil {
		return // as it was before
	}
	var made *ldif.Entry
	for _, d := range own {
		made = ldif.Apply(made, d.Change, u.Type.Server.Schema)
	}
	if !u.Type.Server.SameDN(e.DN, made.DN) {
		u.changed(e.DN, "", "it has another name, or place, since")
	}
	skips := func(name string) bool {
		return u.Type.Secret(name) || slices.ContainsFunc(own, func(d done) bool { return d.Secret(name) })
	}
	for _, a := range e.Attributes {
		values := made.Values(a.Name)
		switch {
		case skips(a.Name), len(values) == 0 && (u.isServers(a.Name) || u.Type.Server.GivesAtBirth(a.Name)):
		case strings.EqualFold(a.Name, "objectClass"): // the server adds those above
		case !u.same(a.Name, a.Values, values):
			u.changed(e.DN, a.Name, "was changed since")
		}
	}
	for _, a := range made.Attributes {
		if len(e.Values(a.Name)) == 0 && !skips(a.Name) && !u.isServers(a.Name) {
			u.changed(e.DN, a.Name, "was changed since")
		}
	}
	for _, c := range u.now.Since[u.ID] {
		for _, m := range c.Mods {
			if u.Type.Secret(m.Name) || c.Secret(m.Name) {
				u.changed(e.DN, m.Name, "was set since")
			}
		}
	}
	for _, r := range u.now.Known {
		if !u.gave(r, e) {
			u.changed(e.DN, "", r.DN+" refers to it since")
		}
	}
	if len(u.undo.Changed) > 0 {
		return
	}
	d := &Draft{t: u.Type, write: Write{Entry: e, Exactly: true}}
	u.undo.Steps, u.undo.Effects = d.delete()
}

// gave says that it is by the plan that another entry refers to the one that it made, and by nobody's wish since.
func (u *undoing) gave(r ldif.Reference, made *ldif.Entry) bool {
	isMade := func(v string) bool {
		key := u.identity(r.Attribute, v)
		return key == u.Type.ID(made) || key == u.Type.Server.NormalDN(made.DN)
	}
	for id, e := range u.now.Entries {
		if u.Type.ID(e) != r.ID {
			continue
		}
		var given []ldif.Change
		for _, d := range u.deeds.of(id) {
			given = append(given, d.Change)
		}
		return u.touches(given, r.Attribute, isMade) && !u.touches(u.now.Since[id], r.Attribute, isMade)
	}
	return false
}

// isServers says that it is the server that gives the attribute to entries, and nobody else.
func (u *undoing) isServers(name string) bool {
	if u.Type.Writes(name) {
		return false
	}
	a := u.Type.Server.Schema.Attribute(name)
	return u.Type.Server.IsOwn(name) || a != nil && (a.Operational || a.NoUserMod)
}

// remake adds the entry again that the plan deleted.
func (u *undoing) remake(own deeds) {
	t, e := u.Type, u.Whole
	switch {
	case u.now.Entries[u.ID] != nil:
		return // as it was before
	case e == nil:
		u.changed(own[len(own)-1].DN, "", "the journal does not have it whole")
		return
	case u.now.Holder != nil:
		u.changed(e.DN, "", "another entry has the name since")
		return
	}
	add := t.Marked(ldif.Change{Kind: ldif.Add, DN: e.DN, Restores: true})
	add.Revives = u.now.Deleted
	for _, a := range e.Attributes {
		switch {
		case t.Secret(a.Name): // of which the journal has nothing
		case u.isServers(a.Name):
		case add.Revives == "" && t.Server.PrimaryGroup != nil && t.IsSame(a.Name, t.Server.PrimaryGroup.Attribute):
			u.note(e.DN, a.Name, "is what the directory gives a new account: no entry is added with it")
		default:
			if values := u.safe(e.DN, a.Name, a.Values); len(values) > 0 {
				add.Entry = append(add.Entry, ldif.Attribute{Name: a.Name, Values: values})
			}
		}
	}
	birth, id := u.now.Birth, "it gets another id than it had"
	if add.Revives != "" {
		id = "the directory brings it back, with the id that it had"
	}
	u.note(e.DN, "", id)
	switch {
	case birth.Name != "":
		add.Entry = append(add.Entry, birth)
	case len(t.Active) > 0 && add.Revives == "":
		u.note(e.DN, "", "its password does not come back: it has none until one is set")
	}
	if birth.Name != "" {
		u.note(e.DN, "", "its password does not come back: it has a random one, that nobody knows, until another is set")
	}
	step := ldif.Step{Change: add, Inverse: &ldif.Change{Kind: ldif.Delete, DN: e.DN, If: ldif.Condition{Made: true}}}
	u.undo.Steps = append(u.undo.Steps, step)
	if add.Revives != "" {
		u.undo.Steps = append(u.undo.Steps, u.refill(add))
	}
	u.undo.Effects = append(u.undo.Effects, ldif.Effect{Kind: ldif.Restored, DN: e.DN})
	for _, d := range own[:len(own)-1] {
		u.note(e.DN, "", "it comes back as it was when it was deleted, not as it was before "+string(d.Kind))
	}
}

// refill gives an entry that the directory brings back, with little of what it had, the rest: who comes back without his password is let
// in behind another.
func (u *undoing) refill(add ldif.Change) ldif.Step {
	d := &Draft{t: u.Type}
	rdn, _ := ldif.ParseRDN(add.DN)
	var mods, last []ldif.Mod
	for _, a := range add.Entry {
		mod := ldif.Mod{Op: ldif.ReplaceValues, Name: a.Name, Values: a.Values}
		switch {
		case len(rdn.Values(a.Name)) > 0, strings.EqualFold(a.Name, "objectClass"):
		case d.isOfActive(a.Name):
			last = append(last, mod)
		default:
			mods = append(mods, mod)
		}
	}
	step := modifyStep(u.Type, add.DN, append(mods, last...), nil, ldif.Condition{ID: u.ID})
	step.Change.Restores, step.Inverse, step.Stays = true, nil, true // it goes with the entry
	return step
}

// referBack gives the entry that is added again back to those who referred to it, where the directory itself had taken it out.
func (u *undoing) referBack() {
	if u.Whole == nil || !u.undo.isMade(u.Type.Server, u.Whole.DN) {
		return
	}
	for _, ref := range u.Referrers {
		e, r := u.now.Entries[ref.ID], u.reference(ref.Attribute)
		switch {
		case e == nil:
			u.note(ref.DN, "", "it is there no longer")
		case r == nil:
		case r.HoldsMembers():
			mod := r.Mod(ldif.AddValues, ref.Value)
			u.undo.Steps = append(u.undo.Steps, modifyStep(u.Type, e.DN, []ldif.Mod{mod}, e, ldif.Condition{ID: u.Type.ID(e)}))
			u.effect(ldif.MembersAdded, e, nil, []string{ref.Value})
		case r.Single && len(e.Values(ref.Attribute)) > 0:
			u.changed(e.DN, ref.Attribute, "was changed since")
		default:
			mod := r.Mod(ldif.AddValues, ref.Value)
			u.undo.Steps = append(u.undo.Steps, modifyStep(u.Type, e.DN, []ldif.Mod{mod}, e, ldif.Condition{ID: u.Type.ID(e)}))
			u.effect(ldif.Changed, e, []string{ref.Attribute}, nil)
		}
	}
}
