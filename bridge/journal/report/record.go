package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// record is a record as programs read it. Its keys are those of the log, where that tells the same.
type record struct {
	Record    journal.ID      `json:"record"`
	Time      string          `json:"time"`
	Result    journal.Outcome `json:"result"`
	Status    int             `json:"status,omitempty"`
	Caller    string          `json:"caller,omitempty"`
	Client    string          `json:"client,omitempty"`
	Operation string          `json:"operation,omitempty"`
	Type      string          `json:"type,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	DN        string          `json:"dn,omitempty"`
	Effects   string          `json:"effects,omitempty"`  // that stand
	Wanted    string          `json:"wanted,omitempty"`   // where that may be more
	Confirms  string          `json:"confirms,omitempty"` // that it found so already
	Reason    string          `json:"reason,omitempty"`
	Detail    string          `json:"detail,omitempty"`
	Request   string          `json:"request,omitempty"`
	Activity  string          `json:"activity,omitempty"`
	Follows   journal.ID      `json:"follows,omitzero"`
	Why       journal.Why     `json:"why,omitempty"`
	Found     bool            `json:"found,omitempty"`     // in the directory, later
	Forgotten bool            `json:"forgotten,omitempty"` // what it says of anybody
	Blanked   bool            `json:"blanked,omitempty"`   // what named somebody who was forgotten
	*whole
}

// whole is the rest of a record.
type whole struct {
	BulkID  string          `json:"bulkId,omitempty"`
	Index   *int            `json:"index,omitempty"` // in the bulk request
	Seconds float64         `json:"seconds,omitempty"`
	Error   string          `json:"error,omitempty"`
	Body    json.RawMessage `json:"body,omitempty"`
	Before  []string        `json:"before,omitempty"` // entries, in LDIF
	Steps   []step          `json:"steps,omitempty"`
}

// step is a change record with what became of it, in LDIF.
type step struct {
	Planned  string `json:"planned"`
	State    string `json:"state,omitempty"`
	ReadBack bool   `json:"readBack,omitempty"` // no answer came
	Sent     string `json:"sent,omitempty"`     // where that was another
	Left     string `json:"left,omitempty"`     // the entry, as far as the directory showed it
	Error    string `json:"error,omitempty"`
}

func recordOf(a journal.Account, all bool) record {
	r := record{
		Record: a.ID, Time: a.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), Result: a.Outcome, Caller: a.Caller, Client: a.Client,
		Operation: a.Operation, Type: a.Type, ID: a.Intent.ID, Name: a.Name, DN: a.DN, Request: a.RequestID, Activity: a.Activity,
		Follows: a.Of, Why: a.Why, Forgotten: a.Forgotten, Blanked: a.Blanked, Confirms: confirmed(a),
	}
	r.Status, r.Reason, r.Detail = told(a)
	if d := a.Done; d != nil {
		r.ID, r.Effects, r.Found = cmp.Or(a.Intent.ID, d.ID), d.Receipt.Words(), d.Found
	}
	if wanted := a.Plan.Words(); wanted != r.Effects && a.Outcome != journal.Written {
		r.Wanted = wanted
	}
	if a.Forgotten && a.Outcome == journal.Written {
		r.Effects = a.Kinds
	} else if a.Forgotten {
		r.Wanted = a.Kinds
	}
	if all {
		r.whole = wholeOf(a)
	}
	return r
}

func wholeOf(a journal.Account) *whole {
	w := &whole{Body: a.Body}
	if a.Part != nil {
		w.BulkID, w.Index = a.Part.BulkID, &a.Part.Index
	}
	if a.Done != nil {
		w.Seconds = math.Round(a.Done.Took.Seconds()*1000) / 1000
		if a.Done.Receipt.Err != nil {
			w.Error = a.Done.Receipt.Err.Error()
		}
	}
	for _, e := range before(a) {
		w.Before = append(w.Before, entryLDIF(e))
	}
	for i, s := range a.Plan.Steps {
		shown := step{Planned: s.Change.String()}
		if a.Done != nil {
			became := a.Done.Receipt.Steps[i]
			shown.State, shown.Sent = became.State.String(), sentInstead(became, shown.Planned)
			if became.Left != nil {
				shown.Left = entryLDIF(became.Left)
			}
			shown.ReadBack = became.ReadBack
			if became.Inverse != nil {
				shown.Error = became.Inverse.Error()
			}
		}
		w.Steps = append(w.Steps, shown)
	}
	return w
}

// sentInstead is the change record that was sent, where it is another than the planned one; "": it is not.
func sentInstead(s ldif.StepReceipt, planned string) string {
	if s.State == ldif.NotSent || s.Sent.Kind == "" {
		return ""
	}
	if sent := s.Sent.String(); sent != planned {
		return sent
	}
	return ""
}

// told is what the client was told of a record, and why.
func told(a journal.Account) (status int, reason, detail string) {
	if d := a.Done; d != nil {
		return d.Status, d.Reason, d.Detail
	}
	return a.Status, a.Reason, a.Detail
}

// confirmed says that a request blocked whom it found blocked.
func confirmed(a journal.Account) string {
	if len(a.Confirms) == 0 {
		return ""
	}
	return "blocked already"
}

// before are the entries as they were read, each once; of one that was to be deleted all that could be.
func before(a journal.Account) (entries []*ldif.Entry) {
	add := func(e *ldif.Entry) {
		if e != nil && e == a.Plan.Before && a.Whole != nil {
			e = a.Whole
		}
		if e != nil && !slices.Contains(entries, e) {
			entries = append(entries, e)
		}
	}
	add(a.Plan.Before)
	for _, s := range a.Plan.Steps {
		add(s.Before)
	}
	return entries
}

// entryLDIF is an entry in LDIF. An attribute without values is a secret.
func entryLDIF(e *ldif.Entry) string {
	text := e.String()
	for _, a := range e.Attributes {
		if len(a.Values) == 0 {
			text += "# " + a.Name + ": (not shown)\n"
		}
	}
	return text
}

// brief are a receipt's effects without the names of entries; of members it says how many.
func brief(effects []ldif.Effect) string {
	var words []string
	for _, e := range effects {
		word := string(e.Kind)
		if e.Kind == ldif.MembersAdded || e.Kind == ldif.MembersRemoved {
			word = fmt.Sprintf("%s %d", e.Kind, len(e.Values))
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return strings.Join(words, ", ")
}

// Moment is a time as it is told: to the second, in UTC.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
