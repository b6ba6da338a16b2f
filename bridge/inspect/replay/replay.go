// Package replay plays what was recorded against a map: what would be planned otherwise. A record of the journal is played as it was, on
// the entries as they were then, and a file of requests on the directory as it is. Nothing is written.
package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/front"
	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// Verdict is what a map makes of what was recorded.
type Verdict string

// The verdicts.
const (
	Refused Verdict = "refused" // it was done, and would not be
	Allowed Verdict = "allowed" // it was refused, and would be done
	Differs Verdict = "differs" // something else would be done, or refused for another reason
	Untold  Verdict = "untold"  // the record does not say what it would take to tell
	Same    Verdict = "same"
	Passed  Verdict = "passed over" // it is no request of a client's, none is on record, or no map refused it
)

// Verdicts are all of them, the worst first.
var Verdicts = []Verdict{Refused, Allowed, Differs, Untold, Same, Passed}

// Outcome is what came of playing a request.
type Outcome struct {
	Verdict Verdict    `json:"verdict"`
	Record  journal.ID `json:"record,omitzero"`
	Time    time.Time  `json:"time,omitzero"`
	File    string     `json:"file,omitempty"`
	Request string     `json:"request,omitempty"`
	Name    string     `json:"name,omitempty"`
	Was     Plan       `json:"was"`
	Now     Plan       `json:"now"`
	Diff    string     `json:"diff,omitempty"` // of the change records
	Notes   []string   `json:"notes,omitempty"`
}

// Plan is what is planned for a request, and answered.
type Plan struct {
	Effects string `json:"effects,omitempty"`
	LDIF    string `json:"ldif,omitempty"`
	Status  int    `json:"status,omitempty"` // 0: it is not known
	Detail  string `json:"detail,omitempty"` // of a refusal
}

func (p Plan) refused() bool { return p.Status >= http.StatusBadRequest }

// House is a bridge with its map.
type House struct {
	Server *front.Server
	Bridge *bridge.Bridge
}

// Replay plays in a new house what was done in an old one, or as it is on record.
type Replay struct {
	Old *House // nil: what is on record counts
	New House
}

// volatile is what of a change record is no matter of the map's: the version that an entry has by now.
var volatile = regexp.MustCompile(` ?version=\S+`)

// compare fills in the verdict.
func (o *Outcome) compare() {
	was, now := volatile.ReplaceAllString(o.Was.LDIF, ""), volatile.ReplaceAllString(o.Now.LDIF, "")
	switch {
	case o.Now.refused() && !o.Was.refused():
		o.Verdict = Refused
	case o.Was.refused() && !o.Now.refused() && was != "" && was == now: // by the directory, or a limit
		o.Verdict = Same
		return
	case o.Was.refused() && !o.Now.refused():
		o.Verdict = Allowed
	case o.Was.refused() && o.Was.Status == o.Now.Status:
		o.Verdict = Same
		return
	case o.Was.refused():
		o.Verdict = Differs
		return
	case was == now:
		o.Verdict = Same
		return
	default:
		o.Verdict = Differs
	}
	if o.Now.refused() {
		now = ""
	}
	if o.Was.refused() {
		was = ""
	}
	text := diff.Diff("was", []byte(was), "now", []byte(now))
	_, o.Diff, _ = strings.Cut(string(text), "\n") // the first line names a command
}

// played is what was foreseen of a request in a house.
type played struct {
	plans []bridge.ForeseenPlan
	front.Message
	reads []directory.Reading
}

// plays foresees a request in the house.
func (h House) plays(ctx context.Context, f *bridge.Foresight, caller string, m front.Message) (p played, err error) {
	parts, reads := len(f.Parts()), len(f.Reads())
	if p.Message, err = h.Server.Foresee(ctx, f, access.Caller{Name: caller}, m); err != nil {
		return p, err
	}
	for _, part := range f.Parts()[parts:] {
		p.plans = append(p.plans, part.Plans...)
	}
	p.reads = f.Reads()[reads:]
	return p, nil
}

// plan is what was foreseen: of the plan that the request asks for alone, or with those that go with it. What was refused by the guard is
// told by the answer.
func (p played) plan(all bool) Plan {
	var effects, records []string
	for _, one := range p.plans {
		switch {
		case one.Refused != nil:
		case all:
			effects, records = append(effects, one.Plan.Words()), append(records, one.Plan.String())
		case one.Why == "":
			effects, records = []string{one.Plan.Words()}, []string{one.Plan.String()}
		}
	}
	told := Plan{Effects: strings.Join(effects, "; "), LDIF: strings.Join(records, "\n"), Status: p.Status}
	if told.refused() {
		var fault struct{ ScimType, Detail string }
		_ = json.Unmarshal(p.Body, &fault) // it is one of the bridge's own
		told.Detail = strings.TrimPrefix(fault.ScimType+": "+fault.Detail, ": ")
	}
	return told
}

// main is the plan that the request asks for.
func (p played) main() (plan ldif.Plan) {
	for _, one := range p.plans {
		if one.Refused == nil && one.Why == "" {
			plan = one.Plan
		}
	}
	return plan
}

// guarded says that it is the guard that refuses it.
func (p played) guarded() bool {
	return slices.ContainsFunc(p.plans, func(one bridge.ForeseenPlan) bool { return one.Refused != nil })
}

// rests are the searches that were answered by the directory as it is now, and not by what was recalled.
func (p played) rests() (notes []string) {
	for _, r := range p.reads {
		note := "by the directory as it is now: " + strings.TrimSpace(r.Base+" "+r.Filter)
		if !r.Own && r.Scope == directory.Subtree && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	return notes
}

// Sums are how many came to each verdict.
type Sums map[Verdict]int

// Differs says that something would not be as it was.
func (s Sums) Differs() bool { return s[Refused]+s[Allowed]+s[Differs] > 0 }

// String says them.
func (s Sums) String() string {
	var parts []string
	words := map[Verdict]string{
		Refused: "would be refused", Allowed: "were refused, and would be done", Differs: "would differ", Untold: "cannot be told",
		Same: "would be the same", Passed: "are passed over",
	}
	all := 0
	for _, v := range Verdicts {
		if s[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", s[v], words[v]))
		}
		all += s[v]
	}
	if all == 0 {
		return "There is nothing to play."
	}
	return fmt.Sprintf("Of %d: %s.", all, strings.Join(parts, ", "))
}
