package ldapmap

import (
	"slices"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// chunk is the most member values that one Modify carries: servers bound a request's size.
const chunk = 500

// Write is what a request wants of one entry: a create (no Entry), a change, or a delete (no After).
type Write struct {
	Entry   *ldif.Entry   // as it was read
	Before  scim.Resource // what the entry showed
	After   scim.Resource // what it is to show; members are told by Members
	Members Members
	Exactly bool // the client named the version (If-Match): member changes assert it too
}

// Members is a change of a group's members, as ids.
type Members struct{ Add, Remove []string }

// Facts is what planning needs from outside.
type Facts struct {
	Refs     Refs          // the entries that the resource refers to
	Found    []*ldif.Entry // what Needs.Search found
	Password string        // for Needs.Password
	// Placeholder puts the placeholder into a group that loses members: the directory refused to leave it empty.
	Placeholder bool
	Round       int // the round that Needs was asked for
}

// Needs is what a write needs to know before it can be planned.
type Needs struct {
	Search   *Search // entries that may hold a value that the write claims
	Password bool    // a random password for a new account
}

// Search is a subtree search for whole entries.
type Search struct{ Base, Filter string }

// Needs says what Plan will have to know. Each round names further candidates for the values that take a number where they are taken.
func (t *Type) Needs(w Write, round int) (Needs, error) {
	if w.After == nil {
		return Needs{}, nil
	}
	claims, err := t.claims(w)
	if err != nil {
		return Needs{}, err
	}
	// Active Directory enables no account without a password.
	needs := Needs{Password: w.Entry == nil && t.isAccount() && w.After["password"] == nil}
	filters := []string{}
	for _, c := range claims {
		filters = append(filters, c.filters(t, round)...)
	}
	if len(filters) > 0 {
		needs.Search = &Search{Base: t.Base, Filter: or(filters...)}
		if t.isDirectory(ldif.ActiveDirectory) && t.server.Default != "" {
			needs.Search.Base = t.server.Default // names are unique in the domain
		}
	}
	return needs, nil
}

// Plan turns the write into change records. It writes nothing where nothing changes. Errors are *scim.Error.
func (t *Type) Plan(w Write, f Facts) (ldif.Plan, error) {
	var steps []ldif.Step
	var err error
	switch {
	case w.Entry == nil:
		steps, err = t.planCreate(w, f)
	case w.After == nil:
		steps = t.planDelete(w)
	default:
		steps, err = t.planModify(w, f)
	}
	if err != nil {
		return ldif.Plan{}, err
	}
	return ldif.Plan{Before: w.Entry, Steps: steps}, nil
}

func (t *Type) planCreate(w Write, f Facts) ([]ldif.Step, error) {
	settled, err := t.settleClaims(w, f)
	if err != nil {
		return nil, err
	}
	entry, err := t.newEntry(w.After, f, settled)
	if err != nil {
		return nil, err
	}
	dn := settled.rdn + "," + settled.parent
	changes, err := t.memberMods(w.Members, f)
	if err != nil {
		return nil, err
	}
	if t.members != nil && t.members.Placeholder != "" {
		t.addValues(entry, t.members.Attribute, []string{t.members.Placeholder})
	}
	if len(changes) > 0 {
		t.addValues(entry, t.members.Attribute, changes[0].Values)
		changes = changes[1:]
	}
	steps := append(settled.displaced, ldif.Step{
		Change:  ldif.Change{Kind: ldif.Add, DN: dn, Entry: entry.Attributes},
		Inverse: &ldif.Change{Kind: ldif.Delete, DN: dn},
	})
	for _, m := range changes {
		steps = append(steps, modifyStep(dn, []ldif.Mod{m}, nil, ldif.Condition{}))
	}
	return steps, nil
}

// newEntry is the entry of a new resource, without its members.
func (t *Type) newEntry(after scim.Resource, f Facts, settled settlement) (*ldif.Entry, error) {
	entry := &ldif.Entry{}
	entry.Set("objectClass", t.options.ObjectClasses...)
	for _, r := range t.rules {
		values, err := t.values(r, after, nil, f.Refs)
		if err != nil {
			return nil, err
		}
		if number, ok := settled.numbered[r]; ok {
			values = []string{number}
		}
		t.addValues(entry, r.ldap, values)
	}
	for _, r := range t.rules {
		if r.must && len(entry.Values(r.ldap)) == 0 {
			return nil, r.required(true)
		}
	}
	for _, a := range t.active {
		_, values, err := a.change(nil, t.server.Schema, after["active"] != false)
		if err != nil {
			return nil, err
		}
		t.addValues(entry, a.attribute, values)
	}
	if f.Password != "" {
		entry.Set("unicodePwd", unicodePassword(f.Password))
	}
	rdn, err := ldif.ParseRDN(settled.rdn)
	if err != nil {
		return nil, badName(settled.rdn)
	}
	for _, a := range rdn {
		t.addValues(entry, t.canonical(a.Type), []string{a.Value})
	}
	return entry, nil
}

// addValues adds to an attribute of a new entry the values that it lacks.
func (t *Type) addValues(e *ldif.Entry, name string, values []string) {
	present := slices.Clone(e.Values(name))
	keys := make(map[string]bool, len(present)+len(values)) // a group has many members
	for _, v := range present {
		keys[ldif.Key(t.server.Schema, name, v)] = true
	}
	for _, v := range values {
		if key := ldif.Key(t.server.Schema, name, v); !keys[key] {
			keys[key] = true
			present = append(present, v)
		}
	}
	e.Set(name, present...)
}

func (t *Type) planModify(w Write, f Facts) ([]ldif.Step, error) {
	settled, err := t.settleClaims(w, f)
	if err != nil {
		return nil, err
	}
	login, tombstone := t.bury(w.Entry, w.After)
	steps, err := t.change(w, f, settled, login, tombstone)
	return append(settled.displaced, steps...), err
}

// displace gives a buried entry its tombstone name for good: the name, and what is made of it, is free for another.
func (t *Type) displace(e *ldif.Entry, f Facts) ([]ldif.Step, error) {
	name := t.tombstoneOf(e)
	shown := t.Resource(e, Refs{})
	w := Write{Entry: e, Before: shown, After: shown}
	rdn, parent, err := t.rename(w, name)
	if err != nil {
		return nil, err
	}
	return t.change(w, f, settlement{rdn: t.fitRDN(rdn), parent: parent}, name, "")
}

// change plans the change of an entry: login is the userName that it is to hold, tombstone what it is to carry beside it.
func (t *Type) change(w Write, f Facts, settled settlement, login, tombstone string) ([]ldif.Step, error) {
	before, after := w.Before.Clone(), w.After.Clone()
	t.withLogin(before, w.Entry)
	if login != "" {
		after["userName"] = login
	}
	t.newest(before, after)
	d := &difference{t: t, entry: w.Entry}
	for _, r := range t.rules {
		moves := r.options.Unique && renamesFree(before, after)
		if r.isConstant() || r.onCreate() && !moves {
			continue
		}
		old, _ := t.values(r, before, w.Entry, f.Refs) // what cannot be computed was not there
		now, err := t.values(r, after, w.Entry, f.Refs)
		if err != nil {
			return nil, err
		}
		if r.options.Unique && !slices.Equal(old, now) {
			old = t.withNumbers(r, old, w.Entry)
		}
		if number, ok := settled.numbered[r]; ok {
			now = []string{number}
		}
		if r.empty != nil {
			old, now = t.withStandIns(r, w.Entry, old, now, before, after)
		}
		d.rule(r, old, now, f.Refs)
	}
	if t.tombstone != "" {
		d.values(t.tombstone, asValues(t.tombstoneOf(w.Entry)), asValues(tombstone))
	}
	if active, ok := after["active"].(bool); ok && active != t.isActive(w.Entry) {
		for _, a := range t.active {
			if a.isBlocked(w.Entry, t.server.Schema) != active {
				continue // not by this way: one that is locked out stays so
			}
			old, now, err := a.change(w.Entry, t.server.Schema, active)
			if err != nil {
				return nil, err
			}
			d.values(a.attribute, old, now)
		}
	}
	members, err := t.memberMods(w.Members, f)
	if err != nil {
		return nil, err
	}
	if err := d.settle(); err != nil {
		return nil, err
	}
	name, err := d.naming(settled)
	if err != nil {
		return nil, err
	}
	return t.changeSteps(w, d, name, members, len(settled.displaced) > 0), nil
}

func asValues(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}

// changeSteps puts the pieces in order: the Modify, the ModifyDN on what the Modify left, what can only be written under the new name, and more of
// the members. What cannot be taken back comes behind what may fail.
func (t *Type) changeSteps(w Write, d *difference, name *renaming, members []ldif.Mod, displacing bool) []ldif.Step {
	var steps []ldif.Step
	dn, id := w.Entry.DN, ldif.Condition{ID: t.ID(w.Entry)}
	exact := id
	if w.Exactly || !displacing { // the entry may follow a displaced one that it refers to
		exact.Version = w.Entry.Value(t.server.VersionAttribute)
	}
	mods := d.mods()
	if name != nil { // a password cannot be taken back either
		for _, m := range mods {
			if ldif.Secret(m.Name) {
				name.after = append(name.after, m)
			}
		}
		mods = slices.DeleteFunc(mods, func(m ldif.Mod) bool { return ldif.Secret(m.Name) })
	}
	if name == nil && len(mods) > 0 && len(members) > 0 {
		mods, members = append(mods, members[0]), members[1:]
	}
	if len(mods) > 0 {
		steps = append(steps, modifyStep(dn, mods, w.Entry, exact))
	}
	if name != nil {
		condition := exact
		if len(steps) > 0 {
			condition = ldif.Condition{ID: id.ID, AsLeft: true}
		}
		step := name.step(d, condition)
		steps = append(steps, step)
		dn = step.Change.NewDN()
		if len(name.after) > 0 {
			steps = append(steps, modifyStep(dn, name.after, w.Entry, id))
		}
	}
	for _, m := range members {
		condition := id
		if w.Exactly && len(steps) == 0 {
			condition = exact
		}
		steps = append(steps, modifyStep(dn, []ldif.Mod{m}, w.Entry, condition))
	}
	return steps
}

// modifyStep makes a Modify of an entry (nil: one that the plan adds) with its inverse: the mods backwards, each turned round. A password cannot be
// taken back, which nobody can read, nor can a change of members, which may have found some of it done already: to undo that would take away, or bring
// back, what nobody asked for. Where nothing is left to turn round there is no inverse.
func modifyStep(dn string, mods []ldif.Mod, entry *ldif.Entry, condition ldif.Condition) ldif.Step {
	step := ldif.Step{Change: ldif.Change{Kind: ldif.Modify, DN: dn, Mods: mods, If: condition}, Before: entry}
	var back []ldif.Mod
	for _, m := range slices.Backward(mods) {
		if ldif.Secret(m.Name) || m.Settled && entry != nil {
			continue
		}
		back = append(back, turnedRound(m, entry))
	}
	if len(back) > 0 {
		step.Inverse = &ldif.Change{Kind: ldif.Modify, DN: dn, Mods: back, If: ldif.Condition{ID: condition.ID}}
	}
	return step
}

func turnedRound(m ldif.Mod, entry *ldif.Entry) ldif.Mod {
	switch m.Op {
	case ldif.AddValues:
		m.Op = ldif.DeleteValues
	case ldif.DeleteValues:
		m.Op = ldif.AddValues
	case ldif.ReplaceValues:
		m.Values = entry.Values(m.Name)
	}
	return m
}
