package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// Where the directory does not keep references true by itself, the bridge does: what refers to a deleted entry lets go of it first, and what refers
// to a renamed one follows it. Otherwise the next entry of that DN would inherit memberships that nobody gave it.

// ReferrerNeeds is a search for the entries of a type that refer by an attribute to an entry that a plan deletes or renames.
type ReferrerNeeds struct {
	Search
	Type      *Type
	Attribute string
	DN        string // what is referred to
}

// Referrer is an entry that refers by an attribute to an entry that a plan deletes or renames.
type Referrer struct {
	Type      *Type
	Attribute string
	DN        string // what is referred to
	Entry     *ldif.Entry
}

// ReferrerNeeds asks for what refers to the entries that the plan deletes or renames. Active Directory keeps its links itself.
func (m *Map) ReferrerNeeds(p ldif.Plan) []ReferrerNeeds {
	var needs []ReferrerNeeds
	for _, s := range p.Steps {
		t := m.typeOf(s.Before)
		if t == nil || !leaves(s.Change) || t.isDirectory(ldif.ActiveDirectory) {
			continue
		}
		for _, other := range m.Types {
			for _, attribute := range other.referencesTo(t.Name) {
				filter := and(other.scopeText, equality(attribute, s.Change.DN))
				needs = append(needs, ReferrerNeeds{Search{other.Base, filter}, other, attribute, s.Change.DN})
			}
		}
	}
	return needs
}

// leaves says whether the change leaves its DN to nobody. One that only changes the case of a name does not: to servers it is the same.
func leaves(c ldif.Change) bool {
	return c.Kind == ldif.Delete || c.Kind == ldif.ModifyDN && !ldif.SameDN(c.DN, c.NewDN())
}

// typeOf is the type that the entry belongs to, or nil.
func (m *Map) typeOf(e *ldif.Entry) *Type {
	if e == nil {
		return nil
	}
	for _, t := range m.Types {
		if t.Holds(e) {
			return t
		}
	}
	return nil
}

// referencesTo are the LDAP attributes by which entries of t refer to entries of the type named.
func (t *Type) referencesTo(name string) []string {
	var attributes []string
	for _, r := range t.rules {
		if r.options.Reference == name && !slices.Contains(attributes, r.ldap) {
			attributes = append(attributes, r.ldap)
		}
	}
	if t.members != nil {
		attributes = append(attributes, t.members.Attribute)
	}
	return attributes
}

// WithReferrers puts into the plan what keeps the references true: ahead of a delete, and behind a rename. placeholder fills groups that lose members: the
// directory refused to leave one empty.
func (m *Map) WithReferrers(p ldif.Plan, referrers []Referrer, placeholder bool) ldif.Plan {
	woven := ldif.Plan{Before: p.Before}
	var last []ldif.Step // of entries that the plan itself changes: what it asserts of them must still hold
	for _, s := range p.Steps {
		var references []ldif.Step
		for _, r := range referrers {
			if r.DN != s.Change.DN || !leaves(s.Change) {
				continue
			}
			step := r.step(s.Change, placeholder)
			if slices.ContainsFunc(p.Steps, func(own ldif.Step) bool { return own.Change.If.ID == step.Change.If.ID }) {
				last = append(last, step)
				continue
			}
			references = append(references, step)
		}
		if s.Change.Kind == ldif.Delete {
			woven.Steps = append(append(woven.Steps, references...), s)
		} else {
			woven.Steps = append(append(woven.Steps, s), references...)
		}
	}
	for _, step := range last {
		if final := p.Steps[len(p.Steps)-1].Change; final.Kind != ldif.Delete || final.If.ID != step.Change.If.ID { // an entry's reference to itself goes with it
			step.Change.DN = renamed(p, step.Change)
			step.Inverse.DN = step.Change.DN
			woven.Steps = append(woven.Steps, step)
		}
	}
	return woven
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

// step makes the referrer let go of what is deleted, or follow what is renamed. It was found by the reference: this, unlike a change that a client asks
// for, can be taken back.
func (r Referrer) step(c ldif.Change, placeholder bool) ldif.Step {
	var mods []ldif.Mod
	note := func(op ldif.ModOp, value string) {
		mods = append(mods, ldif.Mod{Op: op, Name: r.Attribute, Values: []string{value}, Settled: true})
	}
	m := r.Type.members
	switch {
	case c.Kind == ldif.ModifyDN:
		note(ldif.AddValues, c.NewDN())
	case placeholder && m != nil && strings.EqualFold(m.Attribute, r.Attribute) && m.Placeholder != "":
		note(ldif.AddValues, m.Placeholder)
	}
	note(ldif.DeleteValues, c.DN)
	if definition := r.Type.server.Schema.Attribute(r.Attribute); definition != nil && definition.SingleValue {
		slices.Reverse(mods)
	}
	id := ldif.Condition{ID: r.Type.ID(r.Entry)}
	back := &ldif.Change{Kind: ldif.Modify, DN: r.Entry.DN, If: id}
	for _, mod := range slices.Backward(mods) {
		back.Mods = append(back.Mods, turnedRound(mod, r.Entry))
	}
	return ldif.Step{Change: ldif.Change{Kind: ldif.Modify, DN: r.Entry.DN, Mods: mods, If: id}, Inverse: back, Before: r.Entry}
}

func (t *Type) planDelete(w Write) []ldif.Step {
	condition := ldif.Condition{ID: t.ID(w.Entry)}
	if w.Exactly {
		condition.Version = w.Entry.Value(t.server.VersionAttribute)
	}
	return []ldif.Step{{Change: ldif.Change{Kind: ldif.Delete, DN: w.Entry.DN, If: condition}, Before: w.Entry}}
}
