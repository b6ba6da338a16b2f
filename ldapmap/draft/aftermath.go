package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// Aftermath is what must be looked at once more when a plan is done: no directory joins two entries in one transaction for us, so both
// sides of a reference look twice. Whoever wrote one looks at its target again; whoever deleted or renamed looks for references again. One
// of the two always sees the other.
//
//	One adds uid=anna to a group while another deletes uid=anna, and has cleaned the groups already:
//	member written, adder looks (anna is there), anna deleted, deleter looks: finds the member, and takes it out
//	anna deleted, deleter looks (no member), member written, adder looks: anna has gone, and takes the member out
//
// One takes uid=anna out of a group that another's rename has given uid=mara already: who took out looks, and takes uid=mara out too.
type Aftermath struct {
	t       *ldapmap.Type
	holder  ldif.Condition // of the entry that the plan was about
	entry   *ldif.Entry    // that, as it was looked at, where the plan left it
	written []written
	removed []written // members that the plan took out: one who was being renamed may be there by the new name
	left    []leaving
	kept    []kept       // of a plan that stopped, or that amends gave in the place of a name that was left
	given   map[int]kept // by the steps of the amends that lead here: what they give so
	stays   []string     // DNs of groups that the entry may not leave
	later   bool         // see Owed
}

// written is a reference that the plan wrote, or took away.
type written struct {
	reference *ldapmap.Reference
	id, value string // of the target, and what was written for it
}

// leaving is a name that the plan left to nobody.
type leaving struct {
	name ldapmap.Name
	now  string // what took its place for the entry with the id; "": nothing
	id   string
	t    *ldapmap.Type
	has  bool // the entry has it still, and is in no group by it
}

// Aftermath tells what to look at when the plan, which was made with these refs, is done. made is the entry that it added, if it added one.
func (d *Draft) Aftermath(p ldif.Plan, refs ldapmap.Refs, made *ldif.Entry) Aftermath {
	a := Aftermath{t: d.t}
	departs := d.departs()
	if p.Empty() || d.t.Map.KeepsAll() && !leaves(p) && !d.t.Map.KeepsLeavers() && len(departs) == 0 {
		return a
	}
	if a.entry = made; d.write.Entry != nil {
		id := d.t.ID(d.write.Entry)
		a.entry = at(d.write.Entry, renamed(p, ldif.Change{DN: d.write.Entry.DN, If: ldif.Condition{ID: id}}))
	}
	a.holder.ID = d.t.ID(a.entry)
	for i, of := range d.passings(p) {
		for _, name := range of {
			if name.gone.Value != "" {
				a.left = append(a.left, leaving{name: name.gone, now: name.come.Value, id: p.Steps[i].Change.If.ID, t: name.t})
			}
		}
	}
	for _, name := range departs {
		if name.Value = d.called(name, p); name.Value != "" {
			a.left = append(a.left, leaving{name: name, id: a.holder.ID, t: d.t, has: true})
		}
	}
	for _, r := range d.t.References {
		if r.IsKept() && !d.t.Map.KeepsLeavers() {
			continue
		}
		for _, id := range d.writes(r) {
			if value, err := r.Value(id, nil, refs); err == nil {
				a.written = append(a.written, written{r, id, value})
			}
		}
	}
	for _, r := range d.t.Members {
		if r.IsKept() {
			continue
		}
		for _, id := range d.write.Members.Remove {
			for _, value := range r.Values(id, refs) {
				a.removed = append(a.removed, written{r, id, value})
			}
		}
	}
	return a
}

// Owed tells what to look at later where nobody could when the plan, which was made for resources of the type, stopped or was done: who
// refers to a name that it gave up or took, and that nobody has by then. A list lets go of it, and gets nothing in its place: somebody may
// have been told meanwhile that who was in it is out. A reference that holds one value gets what its target is called by now.
//
//	anna was to become mara; the group has both names; anna is taken out of it:  the group lets go of mara
func Owed(t *ldapmap.Type, p ldif.Plan) Aftermath {
	d := &Draft{t: t, revived: p.Before != nil && t.HasLeft(p.Before)} // as much of it as tells what the plan passes on
	a := Aftermath{t: t, later: true}
	for i, of := range d.passings(p) {
		for _, passed := range of {
			for _, name := range []ldapmap.Name{passed.gone, passed.come} {
				if name.Value != "" {
					a.left = append(a.left, leaving{name: name, now: name.Value, id: p.Steps[i].Change.If.ID, t: passed.t})
				}
			}
		}
	}
	return a
}

// But is the aftermath that leaves these groups alone: the entry was to leave them, and may not.
func (a Aftermath) But(dns []string) Aftermath {
	a.stays = dns
	return a
}

// at is the entry under another DN.
func at(e *ldif.Entry, dn string) *ldif.Entry {
	moved := *e
	moved.DN = dn
	return &moved
}

// writes are the ids that the write newly refers to by the reference.
func (d *Draft) writes(r *ldapmap.Reference) []string {
	if r.IsMembers() {
		return d.write.Members.Add
	}
	was, is := d.before.Get(r.SCIM.Owner()), d.after.Get(r.SCIM.Owner())
	if scim.SameValue(was, is) {
		return nil
	}
	return without(idsIn(is), idsIn(was))
}

// Nothing says that there is nothing to look at.
func (a Aftermath) Nothing() bool {
	return len(a.written) == 0 && len(a.removed) == 0 && len(a.left) == 0 && len(a.kept) == 0
}

// Targets are the ids to look up of what was referred to, and of what refers to it: that may be renamed too.
func (a Aftermath) Targets() []string {
	var ids []string
	for _, w := range slices.Concat(a.written, a.removed) {
		ids = append(ids, w.id)
	}
	if len(ids) > 0 {
		ids = append(ids, a.holder.ID)
	}
	for _, k := range a.kept {
		ids = append(ids, k.id, k.Referrer.id())
	}
	return ids
}

// Referrers asks who refers to the names that were left, or may have been.
func (a Aftermath) Referrers() []ReferrerSearch {
	var searches []ReferrerSearch
	asked := map[ldapmap.Name]bool{}
	ask := func(t *ldapmap.Type, name ldapmap.Name) {
		if !asked[name] {
			searches = append(searches, referrerSearches(t, name)...)
		}
		asked[name] = true
	}
	for _, l := range a.left {
		ask(l.t, l.name)
	}
	for _, k := range a.kept {
		for _, name := range k.names {
			ask(k.t, k.Reference.Calls(name))
		}
	}
	return searches
}

// Seen is what a look found.
type Seen struct {
	Targets   ldapmap.Refs                // of Targets
	Referrers map[ldapmap.Name][]Referrer // of Referrers, by the name referred to
	Owners    ldapmap.Refs                // of Owners
}

// owner is who has the name, and not one that only this program takes for the same.
func (s Seen) owner(server *ldif.Server, name ldapmap.Name) (owner ldapmap.Target, owned bool) {
	owner, owned = s.Owners.ByName(name)
	return owner, owned && (name.Of != "" || server.SurelySameDN(owner.DN, name.Value))
}

// Told is Seen with what a search for referrers found.
func (s Seen) Told(search ReferrerSearch, found []*ldif.Entry) Seen {
	s.Referrers = told(s.Referrers, search, found)
	return s
}

// Owners are the ids of what left names that somebody refers to, and those names: where that is now, and who has them.
func (a Aftermath) Owners(s Seen) (ids []string, names []ldapmap.Name) {
	for _, l := range a.left {
		if len(s.Referrers[l.name]) > 0 {
			ids, names = append(ids, l.id), append(names, l.name)
		}
	}
	for _, k := range a.kept {
		for _, v := range k.names {
			if name := k.Reference.Calls(v); len(s.Referrers[name]) > 0 && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return ids, names
}

// Amends is the plan that puts right what the look found, and what is to be looked at after it. An empty plan: all is well.
func (a Aftermath) Amends(s Seen, placeholder bool) (ldif.Plan, Aftermath) {
	plan, next := a.own(s, placeholder)
	next.kept, next.given = slices.Clone(a.kept), map[int]kept{}
	for i, k := range a.kept {
		steps, now := k.amends(s, placeholder)
		for _, step := range steps {
			step.Keeps.ID = k.id
			plan.Steps = append(plan.Steps, step)
			plan.Effects = append(plan.Effects, ldif.Effect{Kind: ldif.Changed, DN: step.Change.DN, ID: step.Change.If.ID})
		}
		next.kept[i] = now
	}
	for _, l := range a.left {
		referrers := s.Referrers[l.name]
		if l.has {
			referrers = slices.DeleteFunc(parted(referrers), func(r Referrer) bool {
				return slices.ContainsFunc(a.stays, func(dn string) bool { return l.t.Server.SameDN(r.Entry.DN, dn) })
			})
		}
		if owner, taken := s.owner(l.t.Server, l.name); taken && !(l.has && owner.ID == l.id) {
			continue // who refers to it means the newcomer, or will look again
		}
		for _, r := range referrers {
			now := ""
			if target, there := s.Owners.ByID(l.id); there && l.now != "" && !(a.later && !r.Reference.Single) {
				now = r.Reference.ValueOf(target)
			}
			step := r.step(l.name.Value, now, placeholder)
			step.Keeps.ID = l.id
			if a.later {
				step = asSeen(step, r, l, plan)
			}
			switch {
			case now == "":
				plan.Effects = append(plan.Effects, r.loses(l.name.Value))
			case a.later:
				plan.Effects = append(plan.Effects, ldif.Effect{Kind: ldif.Changed, DN: r.Entry.DN, ID: r.id()})
			default:
				next.given[len(plan.Steps)] = kept{Referrer: r, id: l.id, t: l.t, names: []string{l.name.Value, now}}
				plan.Effects = append(plan.Effects, ldif.Effect{Kind: ldif.Changed, DN: r.Entry.DN, ID: r.id()})
			}
			plan.Steps = append(plan.Steps, step)
		}
	}
	for i := range plan.Steps { // what did not come to its end is looked at again, and not turned back
		plan.Steps[i].Inverse = nil
	}
	return plan, next
}

// asSeen holds a step of the plan, which is to let go of a name that was left, to what was seen of its entry; it does nothing where
// somebody has the name, or the entry has let go of it.
func asSeen(step ldif.Step, r Referrer, l leaving, p ldif.Plan) ldif.Step {
	c := &step.Change
	c.If.Version, c.If.AsLeft = r.Entry.Value(l.t.Server.VersionAttribute), changes(p, r.id())
	c.Else = &ldif.Change{Kind: c.Kind, DN: c.DN, If: c.If}
	step.Keeps = ldif.Keeps{ID: l.id, Late: true, Old: l.name.Value, Of: l.name.Of}
	return step
}

// After is what to look at behind the amends that lead to next. What they gave in the place of a name that was left may be nobody's, or a
// newcomer's, by now. Where they stopped, what led to them is looked at again.
func (a Aftermath) After(next Aftermath, amends ldif.Receipt) Aftermath {
	given := next.given
	if amends.Err != nil {
		tried := slices.Clone(a.kept)
		for i := range tried {
			tried[i].names, tried[i].tried = next.kept[i].names, next.kept[i].tried
		}
		next, next.kept = a, tried
	}
	for i, step := range amends.Steps {
		if k, gives := given[i]; gives {
			if k.did(step); len(k.given) > 0 {
				next.kept = append(next.kept, k)
			}
		}
	}
	return next
}

// own puts right what the entry itself refers to. Where that has gone, nothing is left to put right.
func (a Aftermath) own(s Seen, placeholder bool) (plan ldif.Plan, next Aftermath) {
	next = a
	next.written, next.removed = slices.Clone(a.written), slices.Clone(a.removed)
	holder, there := s.Targets.ByID(a.holder.ID)
	if !there {
		return plan, next
	}
	var before *ldif.Entry
	if !a.t.Server.SameDN(holder.DN, a.entry.DN) { // another has renamed it: it is known by what was seen of it
		before = at(a.entry, holder.DN)
	}
	swap := func(r *ldapmap.Reference, gone, come string) []ldif.Mod {
		change := r.Swap(holder.DN, a.holder, gone, come, placeholder)
		plan.Steps = append(plan.Steps, ldif.Step{Change: change, Before: before})
		kind := ldif.Changed
		if r.IsMembers() && come == "" {
			kind = ldif.MembersRemoved
		}
		plan.Effects = append(plan.Effects, ldif.Effect{Kind: kind, DN: holder.DN, ID: a.holder.ID, Values: []string{gone}})
		return change.Mods
	}
	for i, w := range a.written {
		target, there := s.Targets.ByID(w.id)
		if !there || !w.reference.IsKept() && !w.reference.IsTrue(w.value, target) {
			now := w.reference.ValueOf(target)
			next.written[i].value = now
			swap(w.reference, w.value, now)
		}
	}
	next.written = slices.DeleteFunc(next.written, func(w written) bool { return w.value == "" })
	for i, w := range a.removed {
		target, there := s.Targets.ByID(w.id)
		if now := w.reference.ValueOf(target); there && now != "" && !w.reference.IsTrue(w.value, target) {
			next.removed[i].value = now
			mods := swap(w.reference, now, "")
			for m := range mods {
				if mods[m].Op == ldif.DeleteValues {
					mods[m] = w.reference.Removed(now)
				}
			}
		}
	}
	return plan, next
}
