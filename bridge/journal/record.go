package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// ID names a record of the journal in the store: the writer by its number, and the record's place among the writer's.
type ID struct{ Writer, Seq int64 }

// String is the id as people write it: `12-4711`; "" of the zero ID.
func (id ID) String() string {
	if id == (ID{}) {
		return ""
	}
	return strconv.FormatInt(id.Writer, 10) + "-" + strconv.FormatInt(id.Seq, 10)
}

// MarshalText is String.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText gave.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id = ID{}
	if len(text) > 0 {
		*id, err = ParseID(string(text))
	}
	return err
}

// ParseID reads what String gives.
func ParseID(text string) (id ID, err error) {
	writer, seq, _ := strings.Cut(text, "-")
	id.Writer, err = strconv.ParseInt(writer, 10, 64)
	if err == nil {
		id.Seq, err = strconv.ParseInt(seq, 10, 64)
	}
	if err != nil || id.Writer < 1 || id.Seq < 1 {
		return ID{}, fmt.Errorf("%q is no record: it is written as 12-4711", text)
	}
	return id, nil
}

// Intent is what is about to be done to the directory, and for whom: one plan.
type Intent struct {
	Time      time.Time // when it was recorded
	RequestID string
	Activity  string // the client's own name of what it does: Entra's; ""
	Part      *Part  // of a bulk request the operation
	Caller    string
	Client    string // the caller's address
	Operation string // one of Operations
	Type      string // resource type
	ID        string // the resource's id; "" for a create
	Name      string // its userName or displayName
	DN        string // of its entry
	Body      []byte // the SCIM request, secrets blanked (Blank)

	Plan  ldif.Plan
	Whole *ldif.Entry // of a delete: the entry with all that could be read of it; nil: as the plan has it
	// Secret says of an LDAP attribute that its values are not written down, beside those that never are; nil: of none.
	Secret func(name string) bool
	// Referrers are those whose references to an entry that is deleted the directory itself takes out.
	Referrers []ldif.Reference
	// Confirms are the LDAP attributes by which the account is blocked already that the request blocks.
	Confirms []string

	Of       ID       // of the record that this one follows from, or takes back
	Why      Why      // of a plan that the request did not ask for
	Subjects []string // ids, names and DNs by which it can be found too: members, entries that refer
}

// Why is what a plan is for that the request did not ask for.
type Why string

// The reasons of such plans.
const (
	MakeRoom Why = "room"      // another entry gives up its name
	Number   Why = "number"    // a number is taken for a new entry
	Amend    Why = "reference" // what others did meanwhile is put right
	TakeBack Why = "withdrawn" // what was done is taken back

	DryRun Why = "dry run" // it was only foreseen

	Undo         Why = "undo"         // a record is taken back: Of
	UndoneInPart Why = "undo in part" // so, but for what was changed since
)

// Operations are all that records are of: a client's on resources and its reading, its asking for a token, and the bridge's own.
var Operations = []string{"create", "patch", "replace", "delete", "read", "token", "undo", "make", "revoke", "forget", "cut"}

// Done is what became of an intent.
type Done struct {
	Receipt ldif.Receipt
	Took    time.Duration // from the intent to the last answer
	ID      string        // the resource's id, of a new one
	Status  int           // that the client was told; 0: none, for the write went on
	Reason  string        // why it was not done as asked; ""
	Detail  string        // that the client was told
	Found   bool          // the answer was lost with its bridge: it was looked up in the directory later
	Owes    bool          // of what was looked up: a later look at what it left is owed
}

// Refusal is a request that was refused before anything of it was sent, or that was only to be foreseen (DryRun).
type Refusal struct {
	Intent
	Status int
	Reason string
	Detail string // that the client was told
}

// Outcome is what an intent came to, in one word.
type Outcome string

// The outcomes.
const (
	Pending   Outcome = "pending" // nobody knows yet
	Written   Outcome = "written"
	Unchanged Outcome = "unchanged" // all of it was so already
	Refused   Outcome = "refused"
	HalfDone  Outcome = "half done"
	Unknown   Outcome = "unknown"    // it was sent, and no answer came
	Withdrawn Outcome = "taken back" // it was done, and taken back
	NotSent   Outcome = "not sent"
)

// Outcomes are all of them.
var Outcomes = []Outcome{Pending, Written, Unchanged, Refused, HalfDone, Unknown, Withdrawn, NotSent}

// OutcomeOf is what a receipt comes to.
func OutcomeOf(r ldif.Receipt) Outcome {
	changed := slices.ContainsFunc(r.Steps, ldif.StepReceipt.Changed)
	switch {
	case r.Err == nil && changed:
		return Written
	case r.Err == nil && r.Unsure(): // it is so, and nobody knows by whom
		return Unknown
	case r.Err == nil:
		return Unchanged
	case r.PartlyDone(), r.Err != nil && r.Begun():
		return HalfDone
	case r.Unsure():
		return Unknown
	case r.At(ldif.Refused) >= 0:
		return Refused
	case r.At(ldif.TakenBack) >= 0:
		return Withdrawn
	case changed:
		return HalfDone
	}
	return NotSent
}

// reasonOf is the reason of a receipt's error, "" where it has none.
func reasonOf(err error) string {
	if answer, ok := errors.AsType[*directory.Error](err); ok {
		return answer.Reason.String()
	}
	if own, ok := errors.AsType[*reason.Error](err); ok {
		return own.Reason.String()
	}
	return ""
}

// secret is what of the plan's is not written down.
func (i *Intent) secret(name string) bool {
	if ldif.Secret(name) || i.Secret != nil && i.Secret(name) {
		return true
	}
	return slices.ContainsFunc(i.Plan.Steps, func(s ldif.Step) bool { return ldif.Named(s.Change.Secrets, name) })
}

// about is the DN of the entry that the intent is about.
func (i *Intent) about() string { return cmp.Or(i.DN, i.Plan.DN()) }

// keys are those by which an intent is found that came to this: the id of what it made.
func (d *Done) keys(of *Intent) []string {
	if d.ID == "" || d.ID == of.ID {
		return nil
	}
	return []string{Subject(d.ID)}
}

// subjects are the keys by which an intent is found.
func (i *Intent) subjects() []string {
	var keys []string
	seen := map[string]bool{}
	add := func(text string) {
		if key := Subject(text); key != "" && !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	add(i.ID)
	add(i.Name)
	add(i.about())
	add(i.Activity)
	for _, s := range i.Plan.Steps {
		add(s.Change.If.ID)
		add(s.Change.DN)
		if s.Change.Kind == ldif.ModifyDN {
			add(s.Change.NewDN())
		}
	}
	for _, text := range i.Subjects {
		add(text)
	}
	return keys
}
