package draft

import (
	"maps"
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Where the directory does not keep references true by itself, the bridge does. A plan may stop after any step and never go on: what stands
// then gives nobody a membership that was not given, and takes none that was.
//
//	uid=anna is deleted:           groups let go of uid=anna, then it is deleted
//	uid=anna becomes uid=mara:     groups get uid=mara beside uid=anna, then it is renamed, then groups let go of uid=anna; one that
//	                               has let go of it by then lets go of uid=mara too
//	uid=mara is made, or is what another is renamed to: groups that still hold uid=mara from somebody before let go of it first
//
// What others write meanwhile is looked at afterwards: see Aftermath. What a plan that stopped has done of it is put right: see Stopped.

// ReferrerSearch is a search for the entries of every type that refer to a name.
type ReferrerSearch struct {
	ldapmap.Search
	Attributes []string // that are read besides: what holds the name with a unique identifier is found in the lists alone
	Name       ldapmap.Name
	t          *ldapmap.Type        // what has the name, or is to have it
	by         []*ldapmap.Reference // that it asks for
}

// Referrer is an entry that refers to a name.
type Referrer struct {
	Reference *ldapmap.Reference
	Entry     *ldif.Entry
	uid       string // the unique identifier behind the DN; "": there is none
}

// referrerSearches asks for what refers to an entry of type t by the name. Members are not read: where an entry may refer by them and by
// other attributes, each is asked for by itself.
func referrerSearches(t *ldapmap.Type, name ldapmap.Name) []ReferrerSearch {
	var searches []ReferrerSearch
	ask := func(base string, by ...*ldapmap.Reference) {
		var filters []string
		for _, r := range by {
			filters = append(filters, r.Filter(name.Value))
		}
		searches = append(searches, ReferrerSearch{ldapmap.Search{Base: base, Filter: ldif.AnyOf(filters...)}, nil, name, t, by})
	}
	var lists []ReferrerSearch // the last: see apartFromLists
	askLists := func(base string, r *ldapmap.Reference) {
		if r.Suffixes && name.Of == "" {
			s := ldapmap.Search{Base: base, Filter: r.Suspects(name.Value)}
			lists = append(lists, ReferrerSearch{s, []string{r.Attribute}, name, t, []*ldapmap.Reference{r}})
		}
	}
	var bases []string
	var together, apart []*ldapmap.Reference
	for _, other := range t.Map.Types {
		references := slices.DeleteFunc(other.ReferencesTo(t.Name), func(r *ldapmap.Reference) bool { return r.Naming != name.Naming })
		for _, r := range references {
			if r.IsMembers() && len(references) > 1 {
				apart = append(apart, r)
			} else {
				bases, together = append(bases, other.Bases()...), append(together, r)
			}
		}
	}
	if common := ldif.CommonBase(bases...); common != "" {
		ask(common, together...)
	} else {
		apart = append(together, apart...)
	}
	for _, r := range apart {
		for _, base := range r.Type.Bases() {
			ask(base, r)
		}
	}
	elsewhere := t.Map.Elsewhere.Bases
	if common := ldif.CommonBase(elsewhere...); common != "" {
		elsewhere = []string{common}
	}
	for _, r := range t.Map.Elsewhere.References {
		for _, base := range elsewhere {
			if r.Naming == name.Naming {
				ask(base, r)
			}
			askLists(base, r)
		}
	}
	for _, other := range t.Map.Types {
		for _, r := range other.Members {
			for _, base := range other.Bases() {
				askLists(base, r)
			}
		}
	}
	return append(searches, lists...)
}

// apartFromLists are the searches that find referrers by an index, and those that read lists.
func apartFromLists(all []ReferrerSearch) (indexed, lists []ReferrerSearch) {
	at := slices.IndexFunc(all, func(s ReferrerSearch) bool { return len(s.Attributes) > 0 })
	if at < 0 {
		return all, nil
	}
	return all[:at], all[at:]
}

// Referrers tells by which references the entries found refer to the name.
func (s ReferrerSearch) Referrers(found []*ldif.Entry) []Referrer {
	var referrers []Referrer
	for _, e := range found {
		for _, r := range s.by {
			switch {
			case !r.IsOf(e, s.t.Name):
			case len(s.Attributes) > 0:
				for _, uid := range r.UIDs(e, s.Name.Value) {
					referrers = append(referrers, Referrer{r, e, uid})
				}
			case r.MayHold(e, s.Name.Value):
				referrers = append(referrers, Referrer{r, e, ""})
			}
		}
	}
	return referrers
}

// Referring are the searches for what refers to an entry of the type by its DN.
func Referring(t *ldapmap.Type, dn string) []ReferrerSearch {
	return referrerSearches(t, ldapmap.DN(dn))
}

// References are those by which the entries found refer to the name.
func (s ReferrerSearch) References(found []*ldif.Entry) (references []ldif.Reference) {
	for _, r := range s.Referrers(found) {
		references = append(references, ldif.Reference{ID: r.id(), DN: r.Entry.DN, Attribute: r.Reference.Attribute, Value: s.Name.Value})
	}
	return references
}

// Told are the facts with what a search for referrers found, though it may be nobody.
func (f Facts) Told(s ReferrerSearch, found []*ldif.Entry) Facts {
	f.Referrers = told(f.Referrers, s, found)
	return f
}

func told(known map[ldapmap.Name][]Referrer, s ReferrerSearch, found []*ldif.Entry) map[ldapmap.Name][]Referrer {
	all := make(map[ldapmap.Name][]Referrer, len(known)+1)
	maps.Copy(all, known)
	all[s.Name] = append(slices.Clip(all[s.Name]), s.Referrers(found)...)
	return all
}

// referrersOf asks for what refers by the names that the plan leaves and takes, as far as the facts do not tell.
func (d *Draft) referrersOf(p ldif.Plan, f Facts) (searches []ReferrerSearch) {
	ask := func(t *ldapmap.Type, name ldapmap.Name) {
		asked := func(s ReferrerSearch) bool { return s.Name == name }
		if _, told := f.Referrers[name]; name.Value != "" && !told && !slices.ContainsFunc(searches, asked) {
			searches = append(searches, referrerSearches(t, name)...)
		}
	}
	for _, of := range d.passings(p) {
		for _, name := range of {
			ask(name.t, name.gone)
			ask(name.t, name.come)
		}
	}
	for _, name := range d.departs() {
		ask(d.t, name)
	}
	return searches
}

// moving says that somebody refers to a name that the plan takes. The one who had it before may be being renamed: the groups that hold it
// are yet to let go of it, and whoever lets go of it for him, or gives it to another, has him lose them. What stays so was left by a plan
// that stopped, and is scrubbed.
//
//	anna becomes mara; a newcomer is anna, while groups that hold both are yet to let go of anna
//	anna becomes mara; mara becomes anna again, while groups that hold both are yet to let go of anna
//	anna becomes mara, who has just become noor; their group is yet to let go of mara
func (d *Draft) moving(p ldif.Plan, f Facts) bool {
	taken := func(name passing) bool { return name.taken && len(f.Referrers[name.come]) > 0 }
	return len(f.Referrers) > 0 && f.Again < Patience && slices.ContainsFunc(d.passings(p), func(of []passing) bool {
		return slices.ContainsFunc(of, taken)
	})
}

// Patience is how often a write begins again for a rename that is still under way, a little later each time: over 0.4 s at least, which
// directory.Execute relies on.
const Patience = 20

// withReferrers puts into the plan what keeps the references true.
func (d *Draft) withReferrers(p ldif.Plan, f Facts) ldif.Plan {
	passings := d.passings(p)
	if len(f.Referrers) == 0 || passings == nil {
		return p
	}
	whole := p
	whole.Steps, whole.Effects = nil, slices.Clone(p.Effects)
	var last []ldif.Step // of entries that the plan itself changes: what it asserts of them must still hold
	for i, of := range passings {
		s := p.Steps[i]
		var ahead, behind []ldif.Step
		for _, name := range of {
			before, after, later := d.follow(p, s, name, f, &whole.Effects)
			ahead, behind, last = append(ahead, before...), append(behind, after...), append(last, later...)
		}
		whole.Steps = append(append(append(whole.Steps, ahead...), s), behind...)
	}
	at, final := len(whole.Steps), p.Steps[len(p.Steps)-1]
	if d.LetsIn(final) {
		at--
	}
	for _, step := range last {
		if final.Change.Kind == ldif.Delete && final.Change.If.ID == step.Change.If.ID {
			continue // an entry's reference to itself goes with it
		}
		step.Change.DN = renamed(p, step.Change)
		step.Inverse.DN = step.Change.DN
		whole.Steps = slices.Insert(whole.Steps, at, step)
		at++
	}
	return whole
}

// follow is what keeps the references by one name true, before the step and behind it, and at the plan's end.
func (d *Draft) follow(p ldif.Plan, s ldif.Step, name passing, f Facts, effects *[]ldif.Effect) (ahead, behind, last []ldif.Step) {
	old, now := name.gone.Value, name.come.Value
	for _, r := range f.Referrers[name.come] {
		if name.taken && !r.among(f.Referrers[name.gone]) && !changes(p, r.id()) && !(r.Reference.Single && old != "") {
			scrub := r.step(now, "", f.Placeholder) // from somebody who had the name before
			scrub.Inverse = nil
			scrub.Change.If.Version = r.Entry.Value(d.t.Server.VersionAttribute) // another newcomer may be in it by now
			scrub.Change.If.AsLeft = slices.ContainsFunc(ahead, func(s ldif.Step) bool { return s.Change.If.ID == r.id() })
			ahead = append(ahead, scrub)
			*effects = r.tellsLoss(*effects, now)
		}
	}
	if old == "" {
		return ahead, nil, nil
	}
	for _, r := range f.Referrers[name.gone] {
		switch {
		case changes(p, r.id()):
			last = append(last, r.step(old, now, f.Placeholder))
			continue
		case now != "" && f.Follows && name.gone.Of == "":
			behind = append(behind, late(r.backWhileItShows(r.step(old, now, false), now), s, name))
		case now == "":
			ahead = append(ahead, early(r.step(old, "", f.Placeholder), s))
		case r.Reference.Single:
			ahead = append(ahead, early(r.step(old, now, false), s))
		default:
			gets := early(r.stillRefers(r.step("", now, false), old), s)
			if r.among(f.Referrers[name.come]) && !name.gone.IsSame(d.t.Server, name.come) {
				// Left there by a plan that stopped: who is to take it out sees that it is wanted.
				held := ldif.Mod{Op: ldif.DeleteValues, Name: r.Reference.Attribute, Values: []string{r.value(now)}}
				again := held
				again.Op = ldif.AddValues
				gets.Change.Mods = []ldif.Mod{held, again}
			}
			ahead = append(ahead, gets)
			behind = append(behind, late(r.backWhileItShows(r.letsGo(old, now, f.Placeholder), now), s, name))
		}
		if now == "" {
			*effects = r.tellsLoss(*effects, old)
		}
	}
	return ahead, behind, last
}

// early marks what keeps a reference true before its target is changed.
func early(step, of ldif.Step) ldif.Step {
	step.Keeps.ID, step.Inverse = of.Change.If.ID, nil
	return step
}

// late marks what keeps a reference true once its target is changed.
func late(step, of ldif.Step, name passing) ldif.Step {
	step.Keeps = ldif.Keeps{ID: of.Change.If.ID, Late: true, Old: name.gone.Value, Of: name.gone.Of}
	return step
}

// loses is the effect of letting go of a DN that nobody has, or will have.
func (r Referrer) loses(dn string) ldif.Effect {
	if r.Reference.IsMembers() {
		return ldif.Effect{Kind: ldif.MembersRemoved, DN: r.Entry.DN, ID: r.id(), Values: []string{dn}}
	}
	return ldif.Effect{Kind: ldif.Changed, DN: r.Entry.DN, ID: r.id()}
}

// tellsLoss adds to the effects that the referrer lets go of a DN. Who is held several times, by unique identifiers, is one member.
func (r Referrer) tellsLoss(effects []ldif.Effect, dn string) []ldif.Effect {
	loss := r.loses(dn)
	told := func(e ldif.Effect) bool {
		return e.Kind == loss.Kind && e.ID == loss.ID && slices.Equal(e.Values, loss.Values)
	}
	if r.uid != "" && slices.ContainsFunc(effects, told) {
		return effects
	}
	return append(effects, loss)
}

func (r Referrer) id() string { return r.Reference.Type.ID(r.Entry) }

func (r Referrer) among(others []Referrer) bool {
	return slices.ContainsFunc(others, func(o Referrer) bool { return o.Reference == r.Reference && o.id() == r.id() && o.uid == r.uid })
}

// value is what the referrer holds of the name; "" of none.
func (r Referrer) value(name string) string {
	if name == "" {
		return ""
	}
	return name + r.uid
}

// changes says whether the plan itself changes the entry with the id.
func changes(p ldif.Plan, id string) bool {
	return slices.ContainsFunc(p.Steps, func(s ldif.Step) bool { return s.Change.If.ID == id })
}

// renamed is the DN of the change's target after the plan.
func renamed(p ldif.Plan, c ldif.Change) string {
	for _, s := range p.Steps {
		if s.Change.Kind == ldif.ModifyDN && s.Change.If.ID == c.If.ID {
			return s.Change.NewDN()
		}
	}
	return c.DN
}

// stillRefers holds the step to what it was planned for: who was taken out of a group meanwhile does not come back by a new name.
func (r Referrer) stillRefers(step ldif.Step, dn string) ldif.Step {
	step.Change.If.Shows = ldif.AVA{Type: r.Reference.Attribute, Value: r.value(dn)}
	return step
}

// letsGo is the step that ends a rename for the referrer, which was given the new name. Who was taken out of it meanwhile, by the old name,
// is out by the new one too. The server's own integrity is not what took the old name: OpenLDAP's refint leaves alone what has the new one,
// and 389 Directory Server's refuses the rename.
func (r Referrer) letsGo(old, now string, placeholder bool) ldif.Step {
	step := r.step(old, "", placeholder)
	out := r.Reference.Swap(r.Entry.DN, step.Change.If, r.value(now), "", true)
	step.Change.Else = &out
	return step
}

// backWhileItShows is the step that is taken back only while the referrer shows the new name: whoever was taken out of it since stays out.
func (r Referrer) backWhileItShows(step ldif.Step, now string) ldif.Step {
	step.Inverse.If.Shows = ldif.AVA{Type: r.Reference.Attribute, Value: r.value(now)}
	return step
}

// step makes the referrer let go of a DN and take another ("" none), unless it has let go of it by then. It was found by the reference:
// this, unlike a change that a client asks for, can be taken back.
func (r Referrer) step(gone, come string, placeholder bool) ldif.Step {
	id := ldif.Condition{ID: r.id()}
	step := ldif.Step{
		Before: r.Entry, Change: r.Reference.Swap(r.Entry.DN, id, r.value(gone), r.value(come), placeholder),
		Inverse: &ldif.Change{Kind: ldif.Modify, DN: r.Entry.DN, If: id},
	}
	for _, mod := range slices.Backward(step.Change.Mods) {
		step.Inverse.Mods = append(step.Inverse.Mods, mod.TurnedRound(r.Entry))
	}
	return step
}
