// Package preview foretells a provisioning service's first cycle from the service's own export of its users and groups: it sends what Entra
// would, and gathers what would come of it. Whoever answers decides whether that is only foreseen.
package preview

import (
	"context"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// Request is one of the cycle's.
type Request struct {
	Method string
	Target string // below the SCIM root, with its query
	Body   []byte // JSON; nil: none
}

// Answer is what it would be answered, and what would be done for it.
type Answer struct {
	Status  int
	Body    []byte
	Reason  reason.Reason // why it would not be done as asked
	Found   []string      // DNs that the first of its searches that found any found
	Plans   []Plan
	Dropped []string // SCIM paths that the map does not name
	Meant   []string // DNs of the entries of which it is not told which is meant
	Taken   []string // DNs of the entries that hold what it claims
	Foreign bool     // they are none of the map's
}

// Plan is what would be done, or may not.
type Plan struct {
	DN      string
	Before  *ldif.Entry   // nil: of a new entry
	Words   string        // what it does, for people
	Done    []ldif.Change // as they would be sent; nil: nothing would be
	Outside bool          // the guard does not let it run since the entry is none of the map's
}

// DoneBy is a plan as far as it is done.
func DoneBy(receipt ldif.Receipt) Plan {
	p := Plan{DN: receipt.Plan.DN(), Before: receipt.Plan.Before, Words: receipt.Words()}
	for _, step := range receipt.Steps {
		if step.Changed() {
			p.Done = append(p.Done, step.Sent)
		}
	}
	return p
}

// Bridge answers the cycle's requests.
type Bridge interface {
	// Ask answers one. Its error is of what could not be asked at all.
	Ask(ctx context.Context, r Request) (Answer, error)
}

// Brancher is a Bridge that answers several rows beside one another.
type Brancher interface {
	Bridge
	// Branch knows nothing of what was asked here. number is its own, from 1 on.
	Branch(number int) Bridge
	// Join has what was asked in a branch count as asked here, if the answers would have been the same.
	Join(ctx context.Context, branch Bridge) (joined bool, err error)
}

// Outcome is what becomes of a row.
type Outcome string

// The outcomes.
const (
	Created    Outcome = "created"      // an entry is made
	Linked     Outcome = "linked"       // an entry is found, and changed
	Unchanged  Outcome = "unchanged"    // an entry is found, and stays as it is
	Skipped    Outcome = "skipped"      // nothing is sent: a disabled user whom nobody has is not made
	Ambiguous  Outcome = "ambiguous"    // several entries are found, or several rows find the same
	Taken      Outcome = "taken"        // another entry has what the row claims
	Protected  Outcome = "protected"    // the guard does not let the entry be changed
	OutOfScope Outcome = "out of scope" // the entry is, or would be, none of the map's
	Held       Outcome = "held"         // guard.limits hold it until an operator decides
	Refused    Outcome = "refused"      // it is answered with any other error
)

// Outcomes are all of them.
var Outcomes = []Outcome{Created, Linked, Unchanged, Skipped, Ambiguous, Taken, Protected, OutOfScope, Held, Refused}

// IsOpen says that somebody has to decide, or mend something, before the cycle does what it is to do.
func (o Outcome) IsOpen() bool {
	switch o {
	case Created, Linked, Unchanged, Skipped:
		return false
	}
	return true
}

// Line is what becomes of a row.
type Line struct {
	Row     int      `json:"row"`  // line of the file
	Type    string   `json:"type"` // User, Group
	Name    string   `json:"name"` // userName, displayName
	Outcome Outcome  `json:"outcome"`
	DN      string   `json:"dn,omitempty"` // of the entry
	Effects string   `json:"effects,omitempty"`
	Why     string   `json:"why,omitempty"`
	Answer  int      `json:"answer,omitempty"` // the status of the last answer to a write, or to the query where nothing was written
	Notes   []string `json:"notes,omitempty"`
	LDIF    string   `json:"ldif,omitempty"`

	Changes []ldif.Change `json:"-"` // what would be sent, in order
	id      string        // of the resource; "": none
}

// Forecast is what becomes of the files.
type Forecast struct {
	Users  []Line   `json:"users"`
	Groups []Line   `json:"groups"`
	Holds  []string `json:"holds,omitempty"` // what guard.limits would hold, in words
	Notes  []string `json:"notes,omitempty"`
}

// Sums are how many lines have each outcome.
func Sums(lines []Line) map[Outcome]int {
	sums := map[Outcome]int{}
	for _, l := range lines {
		sums[l.Outcome]++
	}
	return sums
}

// Open is how many lines are open.
func (f *Forecast) Open() (n int) {
	for _, lines := range [][]Line{f.Users, f.Groups} {
		for o, count := range Sums(lines) {
			if o.IsOpen() {
				n += count
			}
		}
	}
	return n
}

// Options say what is to be foretold.
type Options struct {
	Users        *Table
	Groups       *Table            // nil: none
	Members      map[string]*Table // of a group by its displayName, or its object id: the portal's export of its members
	Columns      Columns           // of users
	GroupColumns Columns
	Match        []string // SCIM paths that users are matched by, in their order; none: userName
}
