package draft

import (
	"cmp"
	"slices"
	"strings"

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
