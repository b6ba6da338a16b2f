package ldapmap

import (
	"slices"
	"strings"

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
	needs := Needs{Password: w.Entry == nil && t.makesPassword(w.After)}
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

// makesPassword says that a new account gets a random password: Active Directory enables none without one.
func (t *Type) makesPassword(after scim.Resource) bool {
	return t.isDirectory(ldif.ActiveDirectory) && t.Name == "User" && after["password"] == nil &&
		slices.ContainsFunc(t.options.ObjectClasses, func(c string) bool { return strings.EqualFold(c, "user") })
}

func (t *Type) planCreate(w Write, f Facts) ([]ldif.Step, error) {
	settled, err := t.settleClaims(w, f)
	if err != nil {
		return nil, err
	}
	steps := settled.displaced
	entry := &ldif.Entry{}
	entry.Set("objectClass", t.options.ObjectClasses...)
	for _, r := range t.rules {
		values, err := t.values(r, w.After, nil, f.Refs)
		if err != nil {
			return nil, err
		}
		if number, ok := settled.numbered[r]; ok {
			values = []string{number}
		}
		if len(values) == 0 && r.must {
			return nil, r.required(true)
		}
		addValues(entry, r.ldap, values)
	}
	active := w.After["active"] != false
	for _, a := range t.active {
		values, err := a.values(nil, active, true)
		if err != nil {
			return nil, err
		}
		addValues(entry, a.attribute, values)
	}
	if f.Password != "" {
		entry.Set("unicodePwd", unicodePassword(f.Password))
	}
	rdn, err := ldif.ParseRDN(settled.rdn)
	if err != nil {
		return nil, badName(settled.rdn)
	}
	for _, a := range rdn {
		addValues(entry, t.canonical(a.Type), []string{a.Value})
	}
	dn := settled.rdn + "," + settled.parent
	changes, err := t.memberMods(w.Members, f)
	if err != nil {
		return nil, err
	}
	if t.members != nil {
		if t.members.Placeholder != "" {
			entry.Set(t.members.Attribute, t.members.Placeholder)
		}
		if len(changes) > 0 {
			addValues(entry, t.members.Attribute, changes[0].Values)
			changes = changes[1:]
		}
	}
	steps = append(steps, ldif.Step{
		Change:  ldif.Change{Kind: ldif.Add, DN: dn, Entry: entry.Attributes},
		Inverse: &ldif.Change{Kind: ldif.Delete, DN: dn},
	})
	for _, m := range changes {
		steps = append(steps, modifyStep(dn, []ldif.Mod{m}, nil, ldif.Condition{}))
	}
	return steps, nil
}

// addValues adds to an attribute of a new entry the values that it lacks.
func addValues(e *ldif.Entry, name string, values []string) {
	present := slices.Clone(e.Values(name))
	for _, v := range values {
		if !slices.ContainsFunc(present, func(p string) bool { return strings.EqualFold(p, v) }) {
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
	w := Write{Entry: e, Before: t.Resource(e, Refs{}), After: t.Resource(e, Refs{})}
	rdn, parent, err := t.rename(w, t.tombstoneOf(e))
	if err != nil {
		return nil, err
	}
	return t.change(w, f, settlement{rdn: rdn, parent: parent}, t.tombstoneOf(e), "")
}

// change plans the change of an entry: login is the userName that it is to hold, tombstone what it is to carry beside it.
func (t *Type) change(w Write, f Facts, settled settlement, login, tombstone string) ([]ldif.Step, error) {
	before, after := w.Before.Clone(), w.After.Clone()
	t.withLogin(before, w.Entry)
	if login != "" {
		after["userName"] = login
	}
	d := &difference{t: t, entry: w.Entry}
	for _, r := range t.rules {
		if r.onCreate() || len(r.options.Constant) > 0 {
			continue
		}
		old, _ := t.values(r, before, w.Entry, f.Refs) // what cannot be computed was not there
		now, err := t.values(r, after, w.Entry, f.Refs)
		if err != nil {
			return nil, err
		}
		if number, ok := settled.numbered[r]; ok {
			now = []string{number}
		}
		if len(old) > 0 && len(now) == 0 && r.must {
			return nil, r.required(false)
		}
		d.rule(r, old, now)
	}
	d.values(t.tombstone, w.Entry.Values(t.tombstone), asValues(tombstone))
	if active, ok := after["active"].(bool); ok && active != t.isActive(w.Entry) {
		for _, a := range t.active {
			if active || !a.isBlocked(w.Entry) {
				present := w.Entry.Values(a.attribute)
				now, err := a.values(present, active, false)
				if err != nil {
					return nil, err
				}
				d.values(a.attribute, present, now)
			}
		}
	}
	members, err := t.memberMods(w.Members, f)
	if err != nil {
		return nil, err
	}
	name, err := d.naming(settled)
	if err != nil {
		return nil, err
	}
	return t.changeSteps(w, d.mods(), name, members, len(settled.displaced) > 0), nil
}

func asValues(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}

// changeSteps puts the pieces in order: the Modify, more of the members, and the ModifyDN on what the Modify left.
func (t *Type) changeSteps(w Write, mods []ldif.Mod, name *renaming, members []ldif.Mod, displacing bool) []ldif.Step {
	var steps []ldif.Step
	id := ldif.Condition{ID: t.ID(w.Entry)}
	exact := id
	if w.Exactly || !displacing { // the entry may follow a displaced one that it refers to
		exact.Version = w.Entry.Value(t.server.VersionAttribute())
	}
	dn := w.Entry.DN
	if len(mods) > 0 {
		if len(members) > 0 {
			mods, members = append(mods, members[0]), members[1:]
		}
		steps = append(steps, modifyStep(dn, mods, w.Entry, exact))
	}
	for i, m := range members {
		condition := id
		if w.Exactly && i == 0 && len(steps) == 0 {
			condition = exact
		}
		steps = append(steps, modifyStep(dn, []ldif.Mod{m}, w.Entry, condition))
	}
	if name == nil {
		return steps
	}
	condition := exact
	if len(steps) > 0 {
		condition = ldif.Condition{ID: id.ID, AsLeft: true}
	}
	return append(steps, name.step(w.Entry, condition))
}

// modifyStep makes a Modify with its inverse: the mods backwards, each turned round.
func modifyStep(dn string, mods []ldif.Mod, entry *ldif.Entry, condition ldif.Condition) ldif.Step {
	inverse := &ldif.Change{Kind: ldif.Modify, DN: dn, If: ldif.Condition{ID: condition.ID}}
	for _, m := range slices.Backward(mods) {
		back := ldif.Mod{Name: m.Name, Values: m.Values, Settled: m.Settled}
		switch m.Op {
		case ldif.AddValues:
			back.Op = ldif.DeleteValues
		case ldif.DeleteValues:
			back.Op = ldif.AddValues
		case ldif.ReplaceValues:
			if ldif.Secret(m.Name) {
				continue // what was there cannot be read
			}
			back.Op, back.Values = ldif.ReplaceValues, entry.Values(m.Name)
		}
		inverse.Mods = append(inverse.Mods, back)
	}
	return ldif.Step{Change: ldif.Change{Kind: ldif.Modify, DN: dn, Mods: mods, If: condition}, Inverse: inverse, Before: entry}
}
