package ldif

import (
	"fmt"
	"strings"
)

// Receipt is what became of a plan, step by step. The answer to the client, the log, the resuming of what is unknown and the journal read it.
type Receipt struct {
	Plan  Plan
	Steps []StepReceipt // one for each step of the plan
	Err   error         // why the plan stopped; nil: the directory confirmed every step
}

// StepReceipt is what became of one step.
type StepReceipt struct {
	Sent    Change // as it was sent last: of values that may be there already, those that were not. The zero Change where nothing was sent.
	State   State
	Left    *Entry // as the step left the entry, with the attributes that were asked for; nil where the server did not show it
	Inverse error  // of Stands: why it could not be taken back
}

// State is what became of a step.
type State int

// The states of a step. A step that was done stays Done where the plan needs not be taken back.
const (
	NotSent   State = iota // the plan stopped before it
	Done                   // the directory confirmed it
	Refused                // the directory refused it
	Unknown                // it was sent, and no answer came
	TakenBack              // it was done, and then its inverse was
	Stands                 // it was done, and could not be taken back
)

func (s State) String() string {
	return [...]string{"not sent", "done", "refused", "unknown", "taken back", "stands"}[s]
}

// NewReceipt is the receipt of a plan of which nothing was sent yet.
func NewReceipt(p Plan) Receipt {
	return Receipt{Plan: p, Steps: make([]StepReceipt, len(p.Steps))}
}

// At is the first step in the state, -1 where there is none.
func (r Receipt) At(s State) int {
	for i, step := range r.Steps {
		if step.State == s {
			return i
		}
	}
	return -1
}

// HalfDone says that the plan stopped and some of it stands that could not be taken back.
func (r Receipt) HalfDone() bool { return r.Err != nil && r.At(Stands) >= 0 }

// Unsure says that it is not known whether the plan's step at At(Unknown) was done.
func (r Receipt) Unsure() bool { return r.At(Unknown) >= 0 }

// Changed says whether something that the plan did to the entry with the id stands.
func (r Receipt) Changed(id string) bool {
	for i, step := range r.Steps {
		if (step.State == Done || step.State == Stands) && r.Plan.Steps[i].Change.If.ID == id {
			return true
		}
	}
	return false
}

// Left is the entry with the id as the last step left it, nil where that was about another entry or the server did not show it.
func (r Receipt) Left(id string, idOf func(*Entry) string) *Entry {
	if len(r.Steps) == 0 {
		return nil
	}
	if e := r.Steps[len(r.Steps)-1].Left; e != nil && idOf(e) == id {
		return e
	}
	return nil
}

// String tells the steps one a line: `done modify uid=mara,…`.
func (r Receipt) String() string {
	lines := make([]string, len(r.Steps))
	for i, step := range r.Steps {
		c := r.Plan.Steps[i].Change
		lines[i] = fmt.Sprintf("%s %s %s", step.State, c.Kind, c.DN)
		if step.Inverse != nil {
			lines[i] += fmt.Sprintf(" (%v)", step.Inverse)
		}
	}
	return strings.Join(lines, "\n")
}
