package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Where the directory does not keep references true by itself, the bridge does: what refers to a deleted entry lets go of it
// first, and what refers to a renamed one follows it. Otherwise the next entry of that DN would inherit memberships that nobody
// gave it.

// ReferrerSearch is a search for the entries that refer to one that a plan deletes or renames.
type ReferrerSearch struct {
	ldapmap.Search
	Reference *ldapmap.Reference
	DN        string // what is referred to
}

// Referrer is an entry that refers to one that a plan deletes or renames.
type Referrer struct {
	Reference *ldapmap.Reference
	Entry     *ldif.Entry
}

// referrersOf asks for what refers to the entries that the plan deletes or renames, as far as the facts do not tell.
func (d *Draft) referrersOf(p ldif.Plan, f Facts) []ReferrerSearch {
	if d.t.Server.KeepsReferences {
		return nil
	}
	var searches []ReferrerSearch
	for _, s := range p.Steps {
		t := d.t.Map.TypeOf(s.Before)
		if _, told := f.Referrers[s.Change.DN]; t == nil || told {
			continue
		}
		for _, other := range d.t.Map.Types {
			for _, r := range other.ReferencesTo(t.Name) {
				if _, _, follows := r.Follow(s.Change); follows {
					search := ldapmap.Search{Base: other.Base, Filter: r.Filter(s.Change.DN)}
					searches = append(searches, ReferrerSearch{search, r, s.Change.DN})
				}
			}
		}
	}
	return searches
}

// withReferrers puts into the plan what keeps the references true: ahead of a delete, and behind a rename.
func withReferrers(p ldif.Plan, f Facts) ldif.Plan {
	whole := ldif.Plan{Before: p.Before, Effects: p.Effects}
	var last []ldif.Step // of entries that the plan itself changes: what it asserts of them must still hold
	for _, s := range p.Steps {
		var references []ldif.Step
		for _, r := range f.Referrers[s.Change.DN] {
			step, follows := r.step(s.Change, f.Placeholder)
			switch {
			case !follows:
			case changes(p, step.Change.If.ID):
				last = append(last, step)
			default:
				references = append(references, step)
			}
		}
		if s.Change.Kind == ldif.Delete {
			whole.Steps = append(append(whole.Steps, references...), s)
		} else {
			whole.Steps = append(append(whole.Steps, s), references...)
		}
	}
	for _, step := range last {
		if final := p.Steps[len(p.Steps)-1].Change; final.Kind == ldif.Delete && final.If.ID == step.Change.If.ID {
			continue // an entry's reference to itself goes with it
		}
		step.Change.DN = renamed(p, step.Change)
		step.Inverse.DN = step.Change.DN
		whole.Steps = append(whole.Steps, step)
	}
	return whole
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

// step makes the referrer let go of what is deleted, or follow what is renamed; false where the change leaves the reference true.
// It was found by the reference: this, unlike a change that a client asks for, can be taken back.
func (r Referrer) step(c ldif.Change, placeholder bool) (ldif.Step, bool) {
	gone, come, follows := r.Reference.Follow(c)
	if !follows {
		return ldif.Step{}, false
	}
	if come == "" && placeholder {
		come = r.Reference.Placeholder
	}
	var mods []ldif.Mod
	if come != "" {
		mods = append(mods, r.Reference.Mod(ldif.AddValues, come))
	}
	mods = append(mods, r.Reference.Mod(ldif.DeleteValues, gone))
	if r.Reference.Single {
		slices.Reverse(mods)
	}
	id := ldif.Condition{ID: r.Reference.Type.ID(r.Entry)}
	back := &ldif.Change{Kind: ldif.Modify, DN: r.Entry.DN, If: id}
	for _, mod := range slices.Backward(mods) {
		back.Mods = append(back.Mods, turnedRound(mod, r.Entry))
	}
	return ldif.Step{Change: ldif.Change{Kind: ldif.Modify, DN: r.Entry.DN, Mods: mods, If: id}, Inverse: back, Before: r.Entry}, true
}
