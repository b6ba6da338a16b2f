package ldif

// Plan is what one request will do: change records in order, each with its inverse where one exists, the entry as it was read, and what it all comes to.
type Plan struct {
	Before  *Entry // nil for a create
	Steps   []Step
	Effects []Effect
}

// Step is a change with the change that takes it back, and the entry that it is about as it was read.
type Step struct {
	Change  Change
	Inverse *Change // nil where there is none (a delete)
	Before  *Entry  // nil for an add
}

// Empty says that the plan writes nothing.
func (p Plan) Empty() bool { return len(p.Steps) == 0 }

// TakesReferences says whether a step takes values away that it need not find: members and other references. A class may demand one to be left.
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
