package ldif

import "slices"

// Plan is what one request will do: change records in order, each with its inverse where one exists, the entry as it was read, and what
// it all comes to.
type Plan struct {
	Before  *Entry // nil for a create
	Steps   []Step
	Effects []Effect
	// Yields says that it only makes room for another entry. Whoever changes its entry meanwhile wants it otherwise, and comes before it;
	// of any other plan he may want the same.
	Yields bool
}

// Step is a change with the change that takes it back, and the entry that it is about as it was read.
type Step struct {
	Change  Change
	Inverse *Change // nil where there is none (a delete)
	Before  *Entry  // nil for an add
	Keeps   Keeps
	// Stays says that what the step does is right whatever becomes of the rest: it is not taken back.
	Stays bool
	// Alone says that nothing hangs on the step: where the directory refuses it, what is before it stands, and what comes behind it is
	// done.
	Alone bool
	// Again says of a step that is Alone that it writes what is there already: a change to the contrary that is still under way finds
	// another version than its own. Where it is refused, nothing is missing.
	Again bool
}

// Firm is the step as one that is not taken back, whatever becomes of the rest.
func (s Step) Firm() Step {
	s.Inverse, s.Stays = nil, true
	return s
}

// Keeps says of a step that it only keeps a reference true while its target is changed. One that comes before that has no inverse: what is
// true when the plan stops depends on where the target is by then.
type Keeps struct {
	ID   string // of the target; "": the step is something else
	Late bool   // it comes behind the change of the target: whoever it does not find is looked for again afterwards
	Old  string // of what is Late: what the target was called by, and another may be by then
	Of   string // the LDAP attribute that Old is a value of; "": Old is a DN
}

// Empty says that the plan writes nothing.
func (p Plan) Empty() bool { return len(p.Steps) == 0 }

// DN is that of the entry that the plan is about, as it was read, or as it is made; "" of an empty one.
func (p Plan) DN() string {
	if p.Before != nil {
		return p.Before.DN
	}
	for _, s := range p.Steps {
		if s.Change.Kind == Add && !s.Change.Place {
			return s.Change.DN
		}
	}
	return ""
}

// TakesReferences says whether a step takes values away that it need not find: members and other references. A class may demand one to be
// left.
func (p Plan) TakesReferences() bool {
	for _, s := range p.Steps {
		for _, m := range s.Change.Mods {
			if m.Settled && m.Op == DeleteValues {
				return true
			}
		}
	}
	return false
}

// Keeps says that a step only keeps a reference true.
func (p Plan) Keeps() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Keeps.ID != "" })
}

// Renames says that an entry gets another name.
func (p Plan) Renames() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Change.Kind == ModifyDN })
}
