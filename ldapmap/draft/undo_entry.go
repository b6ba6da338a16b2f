package draft

import (
	"cmp"
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// turnBack turns round the modifications and renames of an entry.
func (u *undoing) turnBack(id string) {
	own := u.deeds.of(id)
	e := u.now.Entries[id]
	switch {
	case e == nil:
		u.changed(own[0].DN, "", "it is there no longer")
		return
	case own.makes(), own.deletes():
		u.changed(own[0].DN, "", "the bridge cannot tell what it was")
		return
	}
	t := cmp.Or(u.Type.Map.TypeOf(e), u.Type)
	b := &backwards{undoing: u, id: id, t: t, e: e, at: e, done: own, before: own[0].before, since: u.now.Since[id]}
	if id == u.ID && u.Whole != nil {
		b.before = u.Whole
	}
	b.after = b.before
	for _, d := range own {
		b.after = ldif.Apply(b.after, d.Change, t.Server.Schema)
	}
	b.run()
}

// backwards is an entry whose changes are turned round.
type backwards struct {
	*undoing
	id               string // that the plan knew it by
	t                *ldapmap.Type
	e                *ldif.Entry // as it is now
	at               *ldif.Entry // as the undo leaves it so far
	before, after    *ldif.Entry // as the plan found and left it
	done             deeds
	since            []ldif.Change // by others
	mods             []ldif.Mod    // that are yet to be a step
	members          [][]ldif.Mod
	restored, named  []string // attributes
	steps            []ldif.Step
	removed, readded []string // members
}

func (b *backwards) run() {
	from, _ := entryRDN(b.after)
	to, _ := entryRDN(b.before)
	renamed := b.after.DN != b.before.DN
	if renamed {
		for _, ava := range slices.Concat(from, to) {
			b.named = append(b.named, b.t.Canonical(ava.Type))
		}
	}
	for _, d := range slices.Backward(b.done) {
		switch d.Kind {
		case ldif.ModifyDN:
			if renamed {
				b.rename(to)
				renamed = false
			}
		case ldif.Modify:
			for _, m := range slices.Backward(d.Mods) {
				b.mod(m)
			}
			b.flushMembers()
		}
	}
	for _, name := range b.named {
		if b.t.Writes(name) { // and so it was read
			b.attribute(name)
		}
	}
	b.flush()
	b.members = slices.DeleteFunc(b.members, func(mods []ldif.Mod) bool { return len(mods) == 0 })
	for _, mods := range b.members {
		condition := ldif.Condition{ID: b.t.ID(b.e)}
		b.steps = append(b.steps, modifyStep(b.t, b.at.DN, mods, b.e, condition))
	}
	b.undo.Steps = append(b.undo.Steps, b.steps...)
	b.effects()
}

// condition is what a step relies on: the entry as it was read, and then as the step before left it.
func (b *backwards) condition() ldif.Condition {
	if len(b.steps) > 0 {
		return ldif.Condition{ID: b.t.ID(b.e), AsLeft: true}
	}
	return ldif.Condition{ID: b.t.ID(b.e), Version: b.e.Value(b.t.Server.VersionAttribute)}
}

// flush makes a step of the modifications so far.
func (b *backwards) flush() {
	if len(b.mods) == 0 {
		return
	}
	step := modifyStep(b.t, b.at.DN, b.mods, b.e, b.condition())
	b.steps, b.mods = append(b.steps, step), nil
	b.at = ldif.Apply(b.at, step.Change, b.t.Server.Schema)
}

// rename gives the entry its name back.
func (b *backwards) rename(to ldif.RDN) {
	s := b.t.Server
	switch {
	case b.e.DN == b.before.DN:
		return
	case !s.SameDN(b.e.DN, b.after.DN):
		b.changed(b.e.DN, "", "it has another name, or place, since")
		return
	}
	b.flush()
	name, parent := ldif.SplitDN(b.before.DN)
	own, _ := ldif.SplitDN(b.at.DN)
	rdn, _ := ldif.ParseRDN(own)
	kept := len(rdn) > 0 && !slices.ContainsFunc(rdn, func(a ldif.AVA) bool {
		is := func(v string) bool { return ldif.Equal(s.Schema, a.Type, v, a.Value) }
		return !slices.ContainsFunc(b.before.Values(b.t.Canonical(a.Type)), is)
	})
	change := ldif.Change{
		Kind: ldif.ModifyDN, DN: b.at.DN, NewRDN: name, DeleteOldRDN: s.RenameDropsName || !kept, If: b.condition(),
	}
	_, now := ldif.SplitDN(b.at.DN)
	if !s.SameDN(parent, now) {
		change.NewSuperior = parent
		b.effect(ldif.Moved, b.e, nil, nil)
	}
	if !sameRDN(rdn, to) {
		b.effect(ldif.Renamed, b.e, nil, nil)
	}
	inverse := ldif.Change{
		Kind: ldif.ModifyDN, DN: change.NewDN(), NewRDN: own, DeleteOldRDN: !sameRDN(rdn, to), If: ldif.Condition{ID: change.If.ID},
	}
	if change.NewSuperior != "" {
		inverse.NewSuperior = now
	}
	b.steps = append(b.steps, ldif.Step{Change: change, Inverse: &inverse, Before: b.e})
	b.at = ldif.Apply(b.at, change, s.Schema)
}

// mod turns a modification round: of members value by value, of another attribute as a whole.
func (b *backwards) mod(m ldif.Mod) {
	switch {
	case b.t.Secret(m.Name) || b.isSecret(m.Name):
		b.note(b.e.DN, m.Name, "stays as it was set: what it was before nobody knows")
	case !m.Settled || !b.isMembers(m.Name):
		if !ldif.Named(b.named, m.Name) {
			b.attribute(m.Name)
		}
	case m.Op == ldif.AddValues:
		b.take(m.Name, m.Values)
	case m.Op == ldif.DeleteValues:
		b.give(m.Name, m.Values)
	default: // all of them went
		b.give(m.Name, minus(b.before.Values(m.Name), m.Values))
		b.take(m.Name, minus(m.Values, b.before.Values(m.Name)))
	}
}

// isSecret says that the plan wrote the attribute as a secret.
func (b *backwards) isSecret(name string) bool {
	return slices.ContainsFunc(b.done, func(d done) bool { return d.Secret(name) })
}

// attribute gives an attribute the values that it had.
func (b *backwards) attribute(name string) {
	if ldif.Named(b.restored, name) {
		return
	}
	b.restored = append(b.restored, name)
	is, was := b.at.Values(name), b.before.Values(name)
	switch found := b.e.Values(name); {
	case len(minus(is, was))+len(minus(was, is)) == 0, b.reference(name) != nil && b.same(name, is, was):
		return
	case !b.same(name, found, b.after.Values(name)), b.touches(b.since, name, nil):
		b.changed(b.e.DN, name, "was changed since")
		return
	}
	for _, again := range b.now.Again[b.id] {
		if b.t.IsSame(again.Attribute, name) {
			b.changed(b.e.DN, name, "was asked for as it is again, by record "+again.By)
			return
		}
	}
	gone, back := minus(is, was), b.safe(b.e.DN, name, minus(was, is))
	if !b.t.Attribute(name).Whole {
		b.mods = append(b.mods, swap(name, gone, back)...)
	} else {
		b.mods = append(b.mods, ldif.Mod{Op: ldif.ReplaceValues, Name: name, Values: slices.Concat(minus(is, gone), back)})
	}
}

// untouched are the members that nobody put in or took out since: where they are in again, or out, that is as others wished it.
func (b *backwards) untouched(name string, values []string) (own []string) {
	for _, v := range values {
		isThis := func(o string) bool { return b.identity(name, o) == b.identity(name, v) }
		if v != b.reference(name).Placeholder && b.touches(b.since, name, isThis) {
			b.note(b.e.DN, name, "stays as it is of "+v+", who was put in or taken out since")
		} else {
			own = append(own, v)
		}
	}
	return own
}

// give gives members back, and take takes them out, each where it is not so yet.
func (b *backwards) give(name string, values []string) {
	values = b.safe(b.e.DN, name, b.untouched(name, values))
	r := b.reference(name)
	b.settled(ldif.AddValues, name, values)
	for _, v := range values {
		if v == r.Placeholder {
			continue
		}
		b.readded = append(b.readded, v)
		if f := b.now.Found[r.Calls(v)]; f != nil && b.e == b.undo.Entry {
			b.undo.Members = append(b.undo.Members, f.ID)
		}
	}
}

func (b *backwards) take(name string, values []string) {
	values = b.untouched(name, values)
	b.settled(ldif.DeleteValues, name, values)
	b.removed = append(b.removed, minus(values, []string{b.reference(name).Placeholder})...)
}

func (b *backwards) settled(op ldif.ModOp, name string, values []string) {
	if len(values) == 0 {
		return
	}
	if len(b.members) == 0 {
		b.members = [][]ldif.Mod{nil}
	}
	last := &b.members[len(b.members)-1]
	*last = append(*last, ldif.Mod{Op: op, Name: name, Values: values, Settled: true})
}

// flushMembers begins another step for members: each takes no more than the plan's own did.
func (b *backwards) flushMembers() {
	if n := len(b.members); n > 0 && len(b.members[n-1]) > 0 {
		b.members = append(b.members, nil)
	}
}

// effects says what the steps come to.
func (b *backwards) effects() {
	var changed []string
	for _, s := range b.steps {
		for _, m := range s.Change.Mods {
			if !m.Settled && !slices.Contains(changed, m.Name) {
				changed = append(changed, m.Name)
			}
		}
	}
	is := func(kind ldif.EffectKind, of func(name string) bool) {
		var names []string
		for _, name := range changed {
			if of(name) {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			b.effect(kind, b.e, names, nil)
		}
		changed = slices.DeleteFunc(changed, of)
	}
	d := &Draft{t: b.t}
	kind := ldif.Changed
	if was, now := b.t.IsActive(b.e), b.t.IsActive(b.at); len(b.t.Active) > 0 && was != now {
		kind = map[bool]ldif.EffectKind{true: ldif.Enabled, false: ldif.Blocked}[now]
	}
	is(kind, d.isOfActive)
	if b.t.Tombstone != "" {
		kind = ldif.Revived
		if b.t.TombstoneOf(b.at) != "" {
			kind = ldif.SoftDeleted
		}
		is(kind, func(name string) bool { return name == b.t.Tombstone })
	}
	is(ldif.Changed, func(string) bool { return true })
	if len(b.removed) > 0 {
		b.effect(ldif.MembersRemoved, b.e, nil, b.removed)
	}
	if len(b.readded) > 0 {
		b.effect(ldif.MembersAdded, b.e, nil, b.readded)
	}
}
