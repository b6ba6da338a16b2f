package ldif

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Receipt is what became of a plan, step by step. The answer to the client, the log, the resuming of what is unknown and the journal read
// it. It is made where the plan is run, and does not change afterwards.
type Receipt struct {
	Plan  Plan
	Steps []StepReceipt // one for each step of the plan
	Err   error         // why the plan stopped; nil: the directory confirmed every step
}

// StepReceipt is what became of one step.
type StepReceipt struct {
	// Sent is the change as it was sent last: of values that may be there already, those that were not; no Mods where all were; no Entry
	// where a place was there. The zero Change: nothing was sent.
	Sent  Change
	State State
	// Left is the entry as the step left it: its version, and of a plan's last step what was asked for; nil where the server did
	// not show it.
	Left    *Entry
	Inverse error // of Stands: why it could not be taken back
	// MayStand says of Stands that its inverse was sent, and that nobody knows whether it was done: see Known.
	MayStand bool
	// ReadBack says that no answer came, and that the directory showed the entry as the change leaves it, or found it so when it was sent
	// again. Where another made the same change at the same time, one of the two may have been made alone: nothing in the directory tells
	// whose.
	ReadBack bool
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

// PartlyDone says that the plan stopped and some of it stands that was not taken back, or may: what a change of members did is no such
// thing, for it says how things are to be, unless it is unknown what became of the step behind it.
func (r Receipt) PartlyDone() bool {
	return r.Err != nil && (r.At(Stands) >= 0 || r.Unsure() && r.At(Done) >= 0)
}

// Begun says that some of what the plan was to do to its entry is done, and stands: not what was only to keep others true, nor what goes
// with the rest.
func (r Receipt) Begun() bool {
	for i, s := range r.Steps {
		step := r.Plan.Steps[i]
		withRest := step.Stays && step.Before == nil
		if s.Changed() && step.Before == r.Plan.Before && !withRest && !step.Change.Place {
			return true
		}
	}
	return false
}

// Members are how many values the plan was to add to members, or take away, in changes of those alone, and how many of them are so.
func (r Receipt) Members() (done, all int) {
	for i, step := range r.Plan.Steps {
		if !step.Change.IsSettled() || step.Inverse != nil || step.Before != r.Plan.Before {
			continue
		}
		count := 0 // a member may be held by several attributes, side by side
		for _, m := range step.Change.Mods {
			count = max(count, len(m.Values))
		}
		all += count
		if r.Steps[i].State == Done || r.Steps[i].State == Stands {
			done += count
		}
	}
	return done, all
}

// Unsure says that it is not known whether the plan's step at At(Unknown) was done.
func (r Receipt) Unsure() bool { return r.At(Unknown) >= 0 }

// NotDone is the receipt of an unsure plan whose unknown step turned out not to be done.
func (r Receipt) NotDone() Receipt {
	r.Steps = slices.Clone(r.Steps)
	r.Steps[r.At(Unknown)] = StepReceipt{}
	return r
}

// Unknown is the receipt with the step as one of which nobody knows whether it was done.
func (r Receipt) Unknown(at int) Receipt {
	r.Steps = slices.Clone(r.Steps)
	r.Steps[at].State = Unknown
	return r
}

// Known is the receipt as it is told to others: a step that may stand is one of which nobody knows what became. This receipt has it as
// standing, so that it is not looked for again as the last that was sent.
func (r Receipt) Known() Receipt {
	steps := slices.Clone(r.Steps)
	for i := range steps {
		if steps[i].MayStand {
			steps[i].State, steps[i].Inverse, steps[i].MayStand = Unknown, nil, false
		}
	}
	r.Steps = steps
	return r
}

// FoundSo says that the step, which was sent a second time, is done, and had nothing left to do: it was so before, or by the first time, or
// by another. Where it found a part so, the first time did nothing: another did that part.
func (s StepReceipt) FoundSo() bool { return s.State == Done && !(s.Changed() && s.Sent.Alters()) }

// Resumed is the receipt of an unsure plan of which the steps before next turned out to be done, and that was resumed there with what
// came of rest. What was sent a second time and found so counts as done by the first time.
func (r Receipt) Resumed(next int, rest Receipt) Receipt {
	steps := append(slices.Clone(r.Steps[:next]), rest.Steps...)
	for i := range next {
		if steps[i].State != Refused { // one that is Alone
			steps[i].State, steps[i].ReadBack = Done, steps[i].ReadBack || steps[i].State == Unknown
		}
	}
	if again := r.At(Unknown); again == next && steps[again].FoundSo() {
		steps[again].Sent, steps[again].ReadBack = r.Steps[again].Sent, true
	}
	return Receipt{Plan: r.Plan, Steps: steps, Err: rest.Err}
}

// VersionBefore is the version of a step's entry before it, as far as the look and what the server showed since tell; "": nobody knows.
func (r Receipt) VersionBefore(at int, versionAttribute string) string {
	for i := at - 1; i >= 0; i-- {
		if s := r.Steps[i]; r.Plan.Steps[i].Change.If.ID == r.Plan.Steps[at].Change.If.ID && s.Changed() {
			return s.Left.Value(versionAttribute)
		}
	}
	return r.Plan.Steps[at].Before.Value(versionAttribute)
}

// Apart says that all of the plan is done but steps that are Alone, which the directory refused; groups are the DNs of those that were to
// be left.
func (r Receipt) Apart() (groups []string, apart bool) {
	for i, s := range r.Plan.Steps {
		switch state := r.Steps[i].State; {
		case s.Alone && state == Refused:
			if apart = true; !s.Change.Operation && !s.Again {
				groups = append(groups, s.Change.DN)
			}
		case state != Done:
			return nil, false
		}
	}
	return groups, apart
}

// Enough says that nothing that is missing was refused: only to write again what is so.
func (r Receipt) Enough() bool {
	for i, s := range r.Plan.Steps {
		if !s.Again && r.Steps[i].State == Refused {
			return false
		}
	}
	return true
}

// Inverse is what takes back the step as it was done, nil where there is nothing to take back, or nothing that could: of values that may
// have been there, or gone, already, those that the step itself changed.
//
//	uid=anna has become uid=mara; another takes uid=anna out of the group; what comes then is refused: uid=anna stays out
func (r Receipt) Inverse(i int) *Change {
	inverse := r.Plan.Steps[i].Inverse
	if inverse == nil || inverse.Kind != Modify {
		return inverse
	}
	back := *inverse
	back.Mods = nil
	for _, m := range inverse.Mods {
		if m.Settled {
			m.Values = slices.DeleteFunc(slices.Clone(m.Values), func(v string) bool { return !r.Steps[i].Sent.turns(m, v) })
		}
		if !m.Settled || len(m.Values) > 0 {
			back.Mods = append(back.Mods, m)
		}
	}
	if len(back.Mods) == 0 {
		return nil
	}
	return &back
}

// Alters says that the change leaves something otherwise: of a value that goes and comes again it only asks.
func (c Change) Alters() bool {
	return c.Kind != Modify || slices.ContainsFunc(c.Mods, func(m Mod) bool {
		return len(m.Values) == 0 || slices.ContainsFunc(m.Values, func(v string) bool { return !c.turns(m, v) })
	})
}

// turns says whether the change did to the value what the modification takes back.
func (c Change) turns(back Mod, value string) bool {
	return slices.ContainsFunc(c.Mods, func(m Mod) bool {
		return m.Name == back.Name && m.Op != back.Op && slices.Contains(m.Values, value)
	})
}

// Undo is the plan that takes back what was done, last first. What cannot be taken back stays: a password, and members, whom the same
// request would find as it left them. id is that of the entry that the plan made, if it made one.
func (r Receipt) Undo(id string) Plan {
	undo := Plan{Before: r.Plan.Before}
	for i, step := range slices.Backward(r.Plan.Steps) {
		inverse := r.Inverse(i)
		if r.Steps[i].State != Done || inverse == nil {
			continue
		}
		back := *inverse
		effect := Effect{Kind: Changed, DN: back.DN, ID: back.If.ID}
		if back.Kind == Delete {
			back.If = Condition{ID: id}
			effect = Effect{Kind: Deleted, DN: back.DN, ID: id}
		}
		keeps := Keeps{ID: step.Keeps.ID, Late: back.If.Shows.Type != ""}
		undo.Steps = append(undo.Steps, Step{Change: back, Before: step.Before, Keeps: keeps})
		undo.Effects = append(undo.Effects, effect)
	}
	return undo
}

// Undone is the receipt of a plan that stopped, or was given up, for a reason, and of which what was done was then taken back, unless that
// failed (inverse).
func (r Receipt) Undone(why, inverse error) Receipt {
	r.Steps, r.Err = slices.Clone(r.Steps), why
	for i, step := range r.Plan.Steps {
		at, back := &r.Steps[i], r.Inverse(i)
		switch {
		case at.State != Done, back == nil && (step.Stays || step.Change.IsSettled() || !step.Change.Alters()):
		case back == nil:
			at.State, at.Inverse = Stands, ErrNoInverse
		case inverse != nil:
			at.State, at.Inverse = Stands, inverse
		default:
			at.State = TakenBack
		}
	}
	return r
}

// ErrNoInverse is why a change stands that nothing takes back.
var ErrNoInverse = errors.New("the change has no inverse")

// Changed says that the step changed something, and that it stands: of values that are to be there, all may have been.
func (s StepReceipt) Changed() bool {
	return (s.State == Done || s.State == Stands) && (s.Sent.Kind != Modify || len(s.Sent.Mods) > 0) &&
		(!s.Sent.Place || len(s.Sent.Entry) > 0)
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

// LDIF are the change records that were sent, each as it was sent last under a comment that tells its state, secrets left out.
func (r Receipt) LDIF() string {
	var records []string
	for _, step := range r.Steps {
		if step.State != NotSent {
			records = append(records, fmt.Sprintf("# %s\n%s", step.State, step.Sent))
		}
	}
	return strings.Join(records, "\n")
}
