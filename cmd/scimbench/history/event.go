package history

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Event is one request and its answer; of a bulk request each operation has one.
type Event struct {
	Op         *Op
	Request    string // its id
	Part       int    // in a bulk request, from 1; 0: it is none
	Client     int
	Copy       int           // that it was sent to
	Start, End time.Duration // since the run began
	Status     int           // 0: there was no answer
	Name       string        // that was claimed
	ID         string        // of the resource, by the answer
	Shown      *Shown        // the user as the answer shows it; nil: it shows none
	Matched    *Shown        // what the version in If-Match showed; nil: there was none
	Detail     string
}

// Shown is a user in an answer.
type Shown struct {
	Name, Title string
	Active      bool
}

// Done says that it was answered as done.
func (e *Event) Done() bool {
	return e.Status >= http.StatusOK && e.Status < http.StatusMultipleChoices
}

// Refused says that it was answered as not done.
func (e *Event) Refused() bool {
	return e.Status >= http.StatusBadRequest && e.Status < http.StatusInternalServerError
}

// Unknown says that nobody was told what became of it.
func (e *Event) Unknown() bool { return !e.Done() && !e.Refused() }

func (e *Event) answer() string {
	switch {
	case e.Status == 0:
		return "no answer (" + e.Detail + ")"
	case e.Detail != "":
		return fmt.Sprintf("%d (%s)", e.Status, e.Detail)
	}
	return fmt.Sprint(e.Status)
}

// String is a line of a history.
func (e *Event) String() string {
	what := e.Op.String()
	if e.Name != "" && !strings.Contains(what, e.Name) {
		what += " as " + e.Name
	}
	if e.Matched != nil {
		what += fmt.Sprintf(" of title %q", e.Matched.Title)
	}
	if e.Shown != nil {
		what += fmt.Sprintf(" -> %s, title %q, active %t", e.Shown.Name, e.Shown.Title, e.Shown.Active)
	}
	return fmt.Sprintf("%s to %s client %d at copy %d, %s: %s: %s", seconds(e.Start), seconds(e.End), e.Client, e.Copy, e.Request, what,
		e.answer())
}

func seconds(d time.Duration) string { return fmt.Sprintf("%9.4f", d.Seconds()) }

// String is an operation as a plan prints it.
func (op *Op) String() string {
	text := fmt.Sprintf("%d: %s", op.N, op.Kind)
	if op.User != 0 {
		text += fmt.Sprintf(" user %d", op.User)
	}
	if op.Group != 0 {
		text += fmt.Sprintf(" group %d", op.Group)
	}
	if len(op.Members) > 0 {
		text += fmt.Sprintf(" members %v", op.Members)
	}
	if op.Name != "" {
		text += " " + op.Name
	}
	for _, part := range op.Parts {
		text += " {" + part.String() + "}"
	}
	if op.Match {
		text += ", under If-Match"
	}
	if op.Twice {
		text += ", twice at once"
	}
	if op.Leaves != 0 {
		text += fmt.Sprintf(", the client leaves after %v", op.Leaves)
	}
	return text
}

// String is a plan to read.
func (p *Plan) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d\n", p.Seed)
	for n, round := range p.Rounds {
		fmt.Fprintf(&text, "round %d\n", n+1)
		for client, ops := range round.Clients {
			for _, op := range ops {
				fmt.Fprintf(&text, "  client %d  %s\n", client, op)
			}
		}
		for _, f := range round.Faults {
			fmt.Fprintf(&text, "  fault     at %v for %v: %s (copy %d)\n", f.At, f.For, f.Kind, f.Copy)
		}
	}
	return text.String()
}
