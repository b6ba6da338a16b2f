// Package draft turns what a request wants of an entry into a plan of change records. It is pure: what it needs from outside it
// names (Needs) and is given (Facts).
package draft

import (
	"maps"
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Write is what a request wants of one entry: a create (no Entry), a change, or a delete (no After).
type Write struct {
	Entry   *ldif.Entry   // as it was read
	Before  scim.Resource // what the entry showed
	After   scim.Resource // what it is to show; members are told by Members
	Members Members
	Said    Said  // of a change; nil: nothing in particular
	Exactly bool  // the client named the version (If-Match): member changes assert it too
	Undo    *Undo // takes back what was done; nothing else is wanted then. nil: it is a write as others
	Links   bool  // a POST takes the entry for what it was to make: it stays where it is, see Correlation
	// KeepsClasses says that the directory refused to take an object class from the entry: it holds something for it that it does not show.
	KeepsClasses bool
}

// Said is what a request says of SCIM attributes, beside what comes of it.
type Said interface {
	Names(schema.Ref) bool // that it is about the attribute
	Whole(schema.Ref) bool // that it tells all the values that the attribute is to have
}

// Draft is a write with all that follows from it without asking anybody, derived once. It does not change.
type Draft struct {
	t     *ldapmap.Type
	write Write

	// The resource as the entry holds it: its login stands in the place of a tombstone name over it.
	before, after scim.Resource
	tombstone     string // the name that the entry is to carry beside its login; "": none
	revived       bool   // the entry was a leaver's, and is a resource again
	suspensions   []suspension
	refused       []string // the SCIM attributes of which the request says what a suspension or a line with `on: create` has no place for
	displaced     bool     // the entry makes room for another: its tombstone name becomes its own

	name      name                         // what the DN expression makes of the change
	generated map[*ldapmap.Rule]generation // computed values that follow from the resource
	classes   []class                      // that not every entry has
	claims    []claim                      // values that the write needs for itself alone
}

// generation is what an expression gave for the resource before and gives for the one after.
type generation struct{ old, now []string }

// New derives what follows from a write. Errors are *scim.Error.
func New(t *ldapmap.Type, w Write) (*Draft, error) {
	d := &Draft{t: t, write: w}
	if w.After == nil {
		return d, nil
	}
	d.before, d.after = maps.Clone(w.Before), maps.Clone(w.After)
	if w.Entry != nil {
		d.uncover()
		d.after = newest(t, d.before, d.after)
	}
	d.settleActive()
	d.suspend()
	d.keepForms()
	d.keepOnce()
	if err := d.share(); err != nil {
		return nil, err
	}
	if err := d.derive(); err != nil {
		return nil, err
	}
	d.claims = d.claimed()
	return d, nil
}

// displacement drafts what gives a soft-deleted entry its tombstone name for good: the name, and what is made of it, is free for another.
//
//	uid: mara@x, tombstone: 2834…mara@x  ->  uid: 2834…mara@x, and the DN and sAMAccountName made of it
//
// It is renamed first, and the tombstone goes last or with the login: however the plan stops, the clean name shows no leaver.
func displacement(t *ldapmap.Type, e *ldif.Entry, shown scim.Resource) (*Draft, error) {
	d := &Draft{t: t, write: Write{Entry: e, Before: shown, After: shown}, displaced: true}
	d.before, d.after = maps.Clone(shown), shown
	d.before["userName"] = t.LoginOf(e)
	if err := d.derive(); err != nil {
		return nil, err
	}
	d.name.rdn = fitRDN(t, d.name.rdn)
	return d, nil
}

// settleActive tells expressions what becomes of an account of which the request does not say whether it is active: it stays as it is, and
// a new one is.
func (d *Draft) settleActive() {
	switch {
	case d.after["active"] != nil || len(d.t.Active) == 0:
	case d.isCreate():
		d.after["active"] = true
	default:
		d.after["active"] = d.before["active"]
	}
}

// uncover tells what a change of userName means: a tombstone name is not the entry's own, it is kept beside the login, before and after.
func (d *Draft) uncover() {
	if d.t.Tombstone == "" {
		return
	}
	login := d.t.LoginOf(d.write.Entry)
	if d.t.TombstoneOf(d.write.Entry) != "" {
		d.before["userName"] = login
	}
	if name, _ := d.after["userName"].(string); ldapmap.IsTombstone(name, login) {
		d.tombstone = name
		d.after["userName"] = login
	}
}

// derive evaluates the map's expressions over the resource before and after: first those that say which classes the entry has.
func (d *Draft) derive() (err error) {
	if err = d.classify(); err != nil {
		return err
	}
	d.generated = map[*ldapmap.Rule]generation{}
	for _, r := range d.t.Rules {
		if r.Computed() && (d.withoutIt(r.LDAP) || d.withholds(r.LDAP)) {
			continue
		}
		if r.Value != nil && (r.Value.Random() || r.Value.IsOfPrevious()) {
			if err := d.deriveGiven(r); err != nil {
				return err
			}
			continue
		}
		if !r.Generates() || !d.isCreate() && r.OnCreate() && !(r.Options.Unique && d.freesName() && d.isCalledBy(r.LDAP)) && !d.lacks(r) {
			continue
		}
		var g generation
		changes := d.isCreate() || d.t.TellsApart(r, d.before, d.after)
		if g.now, err = d.t.Generated(r, d.after, d.write.Entry); err != nil && changes {
			return err
		}
		switch {
		case d.isCreate():
		case changes:
			g.old, _ = d.t.Generated(r, d.before, d.write.Entry) // what cannot be computed was not there
		default:
			g.old = g.now
		}
		if d.lacks(r) {
			g.old = nil
		}
		d.generated[r] = g
	}
	d.name, err = d.named()
	return err
}

// Untaken names the elements of the wanted resource that the map, or the entry, has no place for.
func (d *Draft) Untaken() []string {
	return append(d.t.Untaken(d.write.After), append(d.dropped(), d.refused...)...)
}

func (d *Draft) isCreate() bool { return d.write.Entry == nil }

// freesName says that a change of userName makes a tombstone name the entry's own, or takes it back: what else the entry is called by, and
// was made of the name once, at create, and is unique then follows. A domain holds `mara` as much as `mara@…`.
func (d *Draft) freesName() bool {
	old, _ := d.before["userName"].(string)
	now, _ := d.after["userName"].(string)
	return ldapmap.IsTombstone(now, old) || ldapmap.IsTombstone(old, now)
}

// isCalledBy says that the entry is called by the attribute: by the server, in its DN, or by groups. What else was made of its name stays
// the entry's own, as a home that lies on disk: who gets the name gets another.
func (d *Draft) isCalledBy(attribute string) bool {
	if d.t.IsSame(attribute, d.t.Server.AccountName) || d.t.IsNamedBy(attribute) {
		return true
	}
	rdn, _ := entryRDN(d.write.Entry)
	return slices.ContainsFunc(rdn, func(a ldif.AVA) bool { return d.t.IsSame(a.Type, attribute) })
}

// Facts is what planning needs from outside.
type Facts struct {
	Refs      ldapmap.Refs                // the entries that the resource refers to
	Rounds    int                         // how many rounds of candidates were asked for
	Found     []*ldif.Entry               // what Needs.Search found
	Passwords []string                    // random ones, for Needs.Password: the account gets one of them
	Chance    [32]byte                    // for Needs.Chance
	Numbers   map[*ldapmap.Counter]int    // that were taken, for Needs.Numbers
	Referrers map[ldapmap.Name][]Referrer // what Needs.Referrers found, by the name referred to
	Places    map[string]bool             // whether Needs.Places are there
	Entries   map[string]bool             // whether there are entries with the DNs of Needs.Entries, by Server.NormalDN
	// Placeholder puts the placeholder into a group that loses members: the directory refused to leave it empty.
	Placeholder bool
	// Follows says that the directory moves references with their targets itself, and refuses to rename what is referred to by its new name
	// already.
	Follows bool
	Again   int // how often the write has begun again
}

// Placed are the facts with whether there is an entry that something is to be put below.
func (f Facts) Placed(dn string, there bool) Facts {
	places := map[string]bool{dn: there}
	for known, is := range f.Places {
		places[known] = is
	}
	f.Places = places
	return f
}

// Seen are the facts with which of the DNs that were asked for there are entries of.
func (f Facts) Seen(s *ldif.Server, asked []string, found []*ldif.Entry) Facts {
	f.Entries = map[string]bool{}
	for _, dn := range asked {
		f.Entries[s.NormalDN(dn)] = false
	}
	for _, e := range found {
		f.Entries[s.NormalDN(e.DN)] = true
	}
	return f
}

// lackOne says that one of the DNs is nobody's.
func (f Facts) lackOne(s *ldif.Server, dns []string) bool {
	return slices.ContainsFunc(dns, func(dn string) bool { return !f.Entries[s.NormalDN(dn)] })
}

// Needs is what a write needs to know besides the facts that there are.
type Needs struct {
	// Rounds is what Facts.Rounds is to be: each round names further candidates for values that take a number where they are taken.
	Rounds    int
	Search    *ldapmap.Search   // entries that may hold a value that the write claims; nil: none need be looked for
	Password  *compile.Password // what a random password for a new account is made of; nil: none is needed
	Chance    bool              // what the map's expressions draw from
	Referrers []ReferrerSearch
	Places    []string         // DNs of which it must be known whether an entry is there
	Entries   []string         // DNs that references hold, and that no resource has: there may be an entry, see LookAt
	Along     []ReferrerSearch // what Search finds answers these too
	// Numbers are counters of each of which the new entry needs a number. It is needed last: with it comes the plan as it is to be but for
	// the numbers, so that none is taken for what may not be done.
	Numbers []*ldapmap.Counter
	// Moving says that a rename that is not done yet seems to be moving references that this one moves too, or scrubs: all is to be looked
	// at anew a little later.
	Moving bool
	// Room is another write that must be done first, and then all is to be looked at anew: a soft-deleted entry gives up the name that it
	// holds.
	Room *Draft
	// Instead is the write that is done in the place of the create: a leaver's entry is given back.
	Instead *Draft
}

// None says that nothing is needed.
func (n Needs) None() bool {
	return n.Rounds == 0 && len(n.Referrers) == 0 && len(n.Places) == 0 && len(n.Entries) == 0 && n.Room == nil && !n.Moving &&
		len(n.Numbers) == 0 && n.Instead == nil
}

// Plan turns the write into change records, or says what it needs to know for that. It writes nothing where nothing changes.
// Errors are *scim.Error.
func (d *Draft) Plan(f Facts) (ldif.Plan, Needs, error) {
	plan := ldif.Plan{Before: d.write.Entry, Yields: d.displaced}
	if d.write.Undo != nil {
		plan.Steps, plan.Effects = slices.Clone(d.write.Undo.Steps), slices.Clone(d.write.Undo.Effects)
	} else if d.write.After == nil && d.t.Leaving == nil {
		plan.Steps, plan.Effects = d.delete()
	} else if d.write.After == nil {
		if d.t.Leaving.Mode == compile.MoveEntry && f.Rounds == 0 {
			return ldif.Plan{}, d.leaversRound(0), nil
		}
		var err error
		plan.Steps, plan.Effects, err = d.leave(f)
		switch {
		case err == errTaken && f.Rounds < rounds:
			return ldif.Plan{}, d.leaversRound(f.Rounds), nil
		case err == errTaken:
			detail := "every numbered form of the entry's name is taken where leavers go"
			return ldif.Plan{}, Needs{}, &scim.Error{Type: scim.Uniqueness, Detail: detail}
		case err != nil:
			return ldif.Plan{}, Needs{}, err
		}
	} else {
		if needs := d.needs(f); !needs.None() {
			return ldif.Plan{}, needs, nil
		}
		if strays := d.strays(f.Refs); len(strays) > 0 {
			switch {
			case f.Entries == nil:
				return ldif.Plan{}, Needs{Entries: strays}, nil
			case f.Again < Patience && f.lackOne(d.t.Server, strays):
				return ldif.Plan{}, Needs{Moving: true}, nil
			}
		}
		a, err := d.allot(f)
		if err == errTaken && f.Rounds < rounds {
			return ldif.Plan{}, d.round(f.Rounds), nil
		}
		if err == errTaken {
			err = &scim.Error{Type: scim.Uniqueness, Detail: "every numbered form of the entry's name is taken"}
		}
		if err != nil {
			return ldif.Plan{}, Needs{}, err
		}
		if a.returns != nil {
			instead, err := d.revival(a.returns)
			return ldif.Plan{}, Needs{Instead: instead}, err
		}
		if d.isCreate() {
			plan.Steps, plan.Effects, err = d.create(f, a)
		} else {
			plan.Steps, plan.Effects, err = d.change(f, a)
		}
		if err != nil {
			return ldif.Plan{}, Needs{}, err
		}
		if len(a.room) > 0 { // the write itself can be done: nobody is displaced for one that cannot
			return ldif.Plan{}, Needs{Room: a.room[0]}, nil
		}
	}
	if asked := d.tellApart(plan, f); len(asked) > 0 {
		return ldif.Plan{}, Needs{Places: asked}, nil
	}
	needs := Needs{Referrers: d.referrersOf(plan, f)}
	missing, asked, err := d.superiors(plan, f)
	if needs.Places = asked; err != nil || !needs.None() {
		return ldif.Plan{}, needs, err
	}
	if d.moving(plan, f) {
		return ldif.Plan{}, Needs{Moving: true}, nil
	}
	return withPlaces(d.withDepartures(d.withReferrers(plan, f), plan, f), missing), Needs{Numbers: d.unnumbered(f)}, nil
}

// needs asks for what must be known before anything is planned.
func (d *Draft) needs(f Facts) Needs {
	if f.Rounds > 0 || len(d.claims) == 0 && d.initial() == nil && !d.needsChance() {
		return Needs{}
	}
	return d.round(0)
}

// round asks who holds what the write claims.
func (d *Draft) round(number int) Needs {
	needs := Needs{Rounds: number + 1}
	if number == 0 {
		needs.Password, needs.Chance = d.initial(), d.needsChance()
	}
	var filters []string
	for _, c := range d.claims {
		for _, f := range c.filters(d.t, number) {
			if !slices.Contains(filters, f) { // what names the entry is a value of its own too
				filters = append(filters, f)
			}
		}
	}
	if len(filters) == 0 {
		return needs
	}
	needs.Search = &ldapmap.Search{Base: d.t.Base, More: d.t.Widest()[1:], Filter: ldif.AnyOf(filters...)}
	switch dn := d.expectedDN(); {
	case d.t.Server.UniqueEverywhere && d.t.Server.Default != "":
		needs.Search.Base, needs.Search.More = d.t.Server.Default, nil
	case number == 0 && dn != "" && !d.t.Server.KeepsReferences: // one round trip less
		along, lists := apartFromLists(referrerSearches(d.t, ldapmap.DN(dn)))
		if len(along) != 1 {
			break
		}
		if base := ldif.CommonBase(append(d.t.Widest(), along[0].Base)...); base != "" {
			needs.Search, needs.Along = &ldapmap.Search{Base: base, Filter: ldif.AnyOf(needs.Search.Filter, along[0].Filter)}, along
			needs.Referrers = lists
		}
	}
	return needs
}

// initial is what the password is made of that a new account is to have, and the request does not give; nil: it has none, or its own.
func (d *Draft) initial() *compile.Password {
	attribute, p := d.t.Initial()
	if !d.isCreate() || attribute == "" || d.after["password"] != nil {
		return nil
	}
	return p
}

func (d *Draft) delete() ([]ldif.Step, []ldif.Effect) {
	e := d.write.Entry
	condition := ldif.Condition{ID: d.t.ID(e)}
	if d.write.Exactly {
		condition.Version = e.Value(d.t.Server.VersionAttribute)
	}
	change := ldif.Change{Kind: ldif.Delete, DN: e.DN, If: condition}
	return []ldif.Step{{Change: change, Before: e}}, []ldif.Effect{{Kind: ldif.Deleted, DN: e.DN, ID: d.t.ID(e)}}
}
