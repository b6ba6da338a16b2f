package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"scimbridge/bridge"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/journal/report"
	"scimbridge/bridge/store"
)

// undoCommand takes records of the journal back.
type undoCommand struct {
	configFlag
	Records []string `arg:"" optional:"" name:"record" help:"Records of the journal, as 12-4711."`
	Request string   `placeholder:"ID" help:"All that the request with the id did."`
	Since   timeFlag `placeholder:"TIME" help:"All that the caller did since then: 2027-01-31, 2027-01-31T12:00:00Z, 2h (ago)."`
	Until   timeFlag `placeholder:"TIME" help:"And before then; of a day, to its end (UTC); default: to the last."`
	Caller  string   `placeholder:"NAME" help:"The caller, as the journal names it: of --since and --until."`
	Apply   bool     `help:"Do it. Without, it is shown, and nothing is written."`
	Partial bool     `help:"Where an entry was changed since, leave that alone and take the rest back."`
	JSON    bool     `name:"json" help:"Print JSON."`
}

// Help shows how to use it.
func (undoCommand) Help() string {
	return `Example: what a mistaken cycle did, first to look at, then to take back:

  scimbridge undo --config scimbridge.yaml --since 2027-01-31T12:00:00Z --until 2027-01-31T13:00:00Z --caller entra
  scimbridge undo --config scimbridge.yaml --since 2027-01-31T12:00:00Z --until 2027-01-31T13:00:00Z --caller entra --apply

The newest record comes first. An entry that was changed since, in what it is about, is left alone and named. Passwords do not come
back. Who was deleted gets another id, but where Active Directory still has the deleted object. An undo is on record too, and can be
undone.`
}

// Validate is called with the command line.
func (u undoCommand) Validate() error {
	none := timeFlag{}
	spans := u.Since != none || u.Until != none || u.Caller != ""
	kinds := 0
	for _, given := range []bool{len(u.Records) > 0, u.Request != "", spans} {
		if given {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return errors.New("name records, or a --request, or a --caller with --since")
	case spans && (u.Since == none || u.Caller == ""):
		return errors.New("what is to be undone of a time needs both --since and --caller")
	}
	return nil
}

// query is which records are meant where none is named.
func (u undoCommand) query(now time.Time) journal.Query {
	return journal.Query{RequestID: u.Request, Caller: u.Caller, Since: u.Since.from(now), Until: u.Until.to(now), Newest: true}
}

func (u undoCommand) Run(w *world) error {
	named, err := u.named()
	if err != nil {
		return err
	}
	c, err := stored(w, u.Config, "which keeps the journal")
	if err != nil {
		return err
	}
	h, err := assemble(c, store.NewExisting, nil, slog.New(slog.DiscardHandler)) // what is wrong comes back as an error
	if err != nil {
		return err
	}
	defer h.close()
	ids, err := newestFirst(w, h, named)
	if len(named) == 0 {
		ids, err = u.found(w, h)
	}
	if err != nil {
		return helped(err, c.Store)
	}
	if u.Apply {
		signal.Ignore(syscall.SIGPIPE) // whoever has read enough, as head has, is no reason to stop half way
	}
	call := bridge.Call{RequestID: uuid.NewString(), Caller: w.caller(), PastLimits: true}
	how := &bridge.Undoing{Call: call, Apply: u.Apply, Partial: u.Partial}
	var done []undoneJSON
	for _, id := range ids {
		record, err := journal.Get(w, h.store, id)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		shown := shownUndone(record, h.bridge.TakeBack(w, how, record))
		if done = append(done, shown); !u.JSON {
			shown.print(w.stdout)
		}
		if w.Err() != nil {
			break
		}
	}
	if u.JSON {
		err = printJSON(w.stdout, append([]undoneJSON{}, done...))
	} else {
		u.sum(w.stdout, done)
	}
	failed := 0
	for _, d := range done {
		if d.State == bridge.UndoRefused || d.State == bridge.UndoFailed {
			failed++
		}
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d of %d records cannot be undone as they are", failed, len(done))
	}
	return err
}

// named are the records that are named, each once.
func (u undoCommand) named() (ids []journal.ID, err error) {
	for _, text := range u.Records {
		id, err := journal.ParseID(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// newestFirst puts records in order.
func newestFirst(ctx context.Context, h house, ids []journal.ID) ([]journal.ID, error) {
	times := map[journal.ID]time.Time{}
	for _, id := range ids {
		a, err := journal.Get(ctx, h.store, id)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		times[id] = a.Time
	}
	slices.SortStableFunc(ids, func(a, b journal.ID) int {
		if n := times[b].Compare(times[a]); n != 0 || a.Writer != b.Writer {
			return n
		}
		return cmp.Compare(b.Seq, a.Seq)
	})
	return ids, nil
}

// found are the records that are meant of which there may be something to undo.
func (u undoCommand) found(ctx context.Context, h house) (ids []journal.ID, err error) {
	now, err := h.store.Now(ctx)
	if err != nil {
		return nil, err
	}
	err = journal.Find(ctx, h.store, u.query(now), func(a journal.Account) error {
		if a.Kind != journal.KindRefusal && bridge.IsUndoable(a) {
			ids = append(ids, a.ID)
		}
		return nil
	})
	return ids, err
}

// undoneJSON is a record and how it stands, as JSON.
type undoneJSON struct {
	Record    journal.ID       `json:"record"`
	Time      time.Time        `json:"time"`
	Request   string           `json:"request,omitempty"`
	Caller    string           `json:"caller,omitempty"`
	Operation string           `json:"operation"`
	Type      string           `json:"type"`
	ID        string           `json:"id,omitempty"`
	Name      string           `json:"name,omitempty"`
	Did       string           `json:"did,omitempty"`
	State     bridge.UndoState `json:"state"`
	Undo      string           `json:"undo,omitempty"`
	LDIF      string           `json:"ldif,omitempty"`
	By        string           `json:"by,omitempty"`
	NewID     string           `json:"newId,omitempty"`
	Changed   []string         `json:"changed,omitempty"`
	Notes     []string         `json:"notes,omitempty"`
	Error     string           `json:"error,omitempty"`
}

func shownUndone(a journal.Account, u bridge.Undone) undoneJSON {
	shown := undoneJSON{
		Record: a.ID, Time: toSecond(a.Time), Request: a.RequestID, Caller: a.Caller,
		Operation: a.Operation, Type: a.Type, ID: a.Intent.ID, Name: a.Name,
		State: u.State, Undo: u.Plan.Words(), LDIF: u.Plan.String(), By: u.By.String(), NewID: u.NewID,
	}
	if a.Done != nil {
		shown.Did = a.Done.Receipt.Words()
		if shown.ID == "" {
			shown.ID = a.Done.ID
		}
	}
	for _, d := range u.Changed {
		shown.Changed = append(shown.Changed, d.String())
	}
	for _, d := range u.Notes {
		shown.Notes = append(shown.Notes, d.String())
	}
	if u.Err != nil {
		shown.Error = whyNot(u.Err)
	}
	return shown
}

// whyNot is why a record is not undone. What went wrong with the directory, and not with what is wanted of it, a client is not told; who
// runs the command is.
func whyNot(err error) string {
	f := bridge.Explain(err)
	switch cause := err.Error(); {
	case f.Status < http.StatusInternalServerError:
		return f.Detail
	case strings.HasPrefix(cause, f.Detail):
		return cause
	default:
		return f.Detail + ": " + cause
	}
}

func (s undoneJSON) print(out io.Writer) {
	about := strings.TrimSpace(strings.Join([]string{s.Operation, s.Type, s.Name}, " "))
	if about != "" { // it is erased where somebody was forgotten
		about += ", "
	}
	fmt.Fprintf(out, "%s  %s  %sby %s\n", s.Record, report.Moment(s.Time), report.Plain(about), report.Plain(s.Caller))
	line := func(key, text string) {
		if text != "" {
			fmt.Fprintf(out, "  %-8s %s\n", key+":", report.Plain(text))
		}
	}
	line("did", s.Did)
	line("undo", s.Undo)
	for _, text := range s.Changed {
		line("changed", text)
	}
	for _, text := range s.Notes {
		line("note", text)
	}
	if len(s.Changed) == 0 { // else it says the same
		line("error", s.Error)
	}
	line("new id", s.NewID)
	state := string(s.State)
	if s.By != "" {
		state += " by " + s.By
	}
	line("state", state)
	if s.LDIF != "" {
		fmt.Fprintf(out, "\n%s", report.Lines(s.LDIF))
	}
	fmt.Fprintln(out)
}

// sum says how many records are how.
func (u undoCommand) sum(out io.Writer, done []undoneJSON) {
	counts := map[bridge.UndoState]int{}
	for _, d := range done {
		counts[d.State]++
	}
	var parts []string
	for _, state := range []bridge.UndoState{
		bridge.UndoPlanned, bridge.UndoDone, bridge.UndoInPart, bridge.UndoBefore, bridge.UndoNeedless, bridge.UndoRefused,
		bridge.UndoFailed,
	} {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(parts) == 0 {
		parts = []string{"There are no such records"}
	}
	text := strings.Join(parts, ", ")
	if !u.Apply && counts[bridge.UndoPlanned] > 0 {
		text += ". Nothing is written: --apply does it"
	}
	fmt.Fprintln(out, text+".")
}
