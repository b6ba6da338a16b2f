package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/journal/report"
	"scimbridge/bridge/store"
)

// journalCommand is about what was done and refused.
type journalCommand struct {
	List   journalListCommand   `cmd:"" help:"List records, the newest first."`
	Show   journalShowCommand   `cmd:"" help:"Show all of a record: the request, each change with what became of it, and the entries."`
	Export journalExportCommand `cmd:"" help:"Print all of every record, the oldest first, for programs."`
	Verify journalVerifyCommand `cmd:"" help:"Prove that no record was changed or taken out."`
	Forget journalForgetCommand `cmd:"" help:"Erase what the journal says of a person."`
}

// journalFlags are those of each of them.
type journalFlags struct {
	storeFlag
	JSON bool `name:"json" xor:"format" help:"Print JSON, a record a line."`
	CSV  bool `name:"csv" xor:"format" help:"Print CSV. A cell that begins with =, +, - or @ has an apostrophe before it."`
}

func (f journalFlags) format() report.Format {
	switch {
	case f.JSON:
		return report.JSON
	case f.CSV:
		return report.CSV
	}
	return report.Text
}

// read opens the journal for as long as do runs.
func (f storeFlag) read(w *world, do func(context.Context, *store.Store) error) error {
	err := f.withStore(w, "which keeps the journal", readJournal, do)
	if errors.Is(err, context.Canceled) && w.Err() != nil { // it was told to end
		return nil
	}
	return err
}

// journalFilter is which records are meant.
type journalFilter struct {
	Who       string        `arg:"" optional:"" help:"A person or a group, by id, userName, displayName or DN, also as a member."`
	Since     timeFlag      `placeholder:"TIME" help:"From then on: 2026-11-27, 2026-11-27T14:30:00Z, or so long ago: 30m, 2h, 7d."`
	Until     timeFlag      `placeholder:"TIME" help:"Before then; of a day, to its end (UTC)."`
	Caller    string        `placeholder:"NAME" help:"Whose token or client it was."`
	Effect    effectFlag    `placeholder:"EFFECT" help:"It did that, or was to: created, blocked, deleted, members-removed …"`
	Result    resultFlag    `placeholder:"RESULT" help:"written, unchanged, refused, half-done, unknown, taken-back, not-sent or pending."`
	Type      string        `placeholder:"TYPE" help:"Of resource: User, Group or another of the map."`
	Operation operationFlag `placeholder:"OPERATION" help:"create, patch, replace, delete, undo …"`
	Request   string        `placeholder:"ID" help:"The request's id (X-Request-ID)."`
	Activity  string        `placeholder:"ID" help:"Entra's ActivityId, which its provisioning log shows."`
}

func (f journalFilter) query(ctx context.Context, s *store.Store, mapped []string) (journal.Query, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return journal.Query{}, err
	}
	typ, err := typeOf(ctx, s, f.Type, mapped)
	return journal.Query{
		Subject: f.Who, Since: f.Since.from(now), Until: f.Until.to(now), Caller: f.Caller, RequestID: f.Request,
		Activity: f.Activity, Type: typ, Operation: string(f.Operation), Effect: f.Effect.EffectKind, Outcome: f.Result.Outcome,
		Masked: true,
	}, err
}

type journalListCommand struct {
	journalFlags
	journalFilter
	Limit  int  `default:"50" help:"At most so many; 0: all (${default})."`
	Follow bool `short:"f" help:"The newest last; then print each record as it is closed, until interrupted."`
}

// Help shows how to use it.
func (journalListCommand) Help() string {
	return `Example: who disabled her, and when.

  scimbridge journal list mara@contoso.example --effect blocked --result written --config scimbridge.yaml

What is in brackets was wanted, and not all of it was done. Times are in UTC.`
}

// Validate is called with the command line.
func (l journalListCommand) Validate() error {
	if l.Limit < 0 {
		return errors.New("--limit is negative")
	}
	return nil
}

func (l journalListCommand) Run(w *world) error {
	return l.read(w, func(ctx context.Context, s *store.Store) error {
		out := report.New(w.stdout, l.format(), false)
		q, err := l.query(ctx, s, l.types(w))
		if err != nil {
			return err
		}
		q.Limit, q.Newest = l.Limit, !l.Follow || l.Limit > 0
		if !l.Follow {
			return l.newest(ctx, w, s, q, out)
		}
		return l.follow(ctx, s, q, out)
	})
}

// newest prints as many as the limit lets it, and says where there are more.
func (l journalListCommand) newest(ctx context.Context, w *world, s *store.Store, q journal.Query, out report.Printer) error {
	if l.Limit > 0 {
		q.Limit++
	}
	n := 0
	if err := journal.Find(ctx, s, q, func(a journal.Account) error {
		if n++; l.Limit > 0 && n > l.Limit {
			return nil
		}
		return out.Print(a)
	}); err != nil {
		return err
	}
	err := out.End()
	if l.Limit > 0 && n > l.Limit {
		fmt.Fprintf(w.stderr, "These are the newest %d, and there are more: --limit 0 shows all.\n", l.Limit)
	}
	return err
}

// follow prints the newest, the last of them last, and then what comes. What is closed meanwhile may come twice rather than not at all.
func (l journalListCommand) follow(ctx context.Context, s *store.Store, q journal.Query, out report.Printer) error {
	first := func() error {
		if !q.Newest {
			return journal.Find(ctx, s, q, out.Print)
		}
		var newest []journal.Account
		if err := journal.Find(ctx, s, q, func(a journal.Account) error {
			newest = append(newest, a)
			return nil
		}); err != nil {
			return err
		}
		for _, a := range slices.Backward(newest) {
			if err := out.Print(a); err != nil {
				return err
			}
		}
		return nil
	}
	return journal.Follow(ctx, s, q, first, out.Print)
}

type journalShowCommand struct {
	storeFlag
	JSON    bool         `name:"json" help:"Print JSON, a record a line."`
	Records []journal.ID `arg:"" name:"record" help:"As list names them: 1-4711."`
}

// Help shows how to use it.
func (journalShowCommand) Help() string {
	return `Example:

  scimbridge journal show 1-4711 --config scimbridge.yaml

Passwords are not in the journal. Characters that a terminal would obey are shown as \u001b.`
}

func (h journalShowCommand) Run(w *world) error {
	return h.read(w, func(ctx context.Context, s *store.Store) error {
		out := report.New(w.stdout, journalFlags{JSON: h.JSON}.format(), true)
		for _, id := range h.Records {
			a, err := journal.Show(ctx, s, id)
			if errors.Is(err, journal.ErrNoRecord) {
				err = fmt.Errorf("%s: %w", id, err)
			}
			if err != nil {
				return err
			}
			if err := out.Print(a); err != nil {
				return err
			}
		}
		return out.End()
	})
}

type journalExportCommand struct {
	journalFlags
	journalFilter
}

// Help shows how to use it.
func (journalExportCommand) Help() string {
	return `Example: all that was done and refused in a year, by whom.

  scimbridge journal export --since 2026-01-01 --until 2026-12-31 --csv --config scimbridge.yaml > 2026.csv

Without --csv it is JSON, a record a line. It takes as much memory for a million records as for a few.`
}

func (e journalExportCommand) Run(w *world) error {
	return e.read(w, func(ctx context.Context, s *store.Store) error {
		q, err := e.query(ctx, s, e.types(w))
		if err != nil {
			return err
		}
		e.JSON = !e.CSV
		buffered := bufio.NewWriterSize(w.stdout, 64<<10)
		out := report.New(buffered, e.format(), true)
		if err := journal.Find(ctx, s, q, out.Print); err != nil {
			return errors.Join(buffered.Flush(), err)
		}
		return errors.Join(out.End(), buffered.Flush())
	})
}
