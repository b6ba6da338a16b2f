package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/journal/report"
	"scimbridge/bridge/store"
)

type journalForgetCommand struct {
	storeFlag
	Person string `arg:"" help:"By id, userName or DN, each that the person ever had."`
	Apply  bool   `help:"Do it. Without, it is said how much would be erased."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Help shows how to use it.
func (journalForgetCommand) Help() string {
	return `Example: first to look at, then for good.

  scimbridge journal forget mara@contoso.example --config scimbridge.yaml
  scimbridge journal forget mara@contoso.example --config scimbridge.yaml --apply

Of records about the person nothing stays but when, by which request and caller, and what kind of thing was done; in those about others
what names the person becomes (forgotten). That it was done is on record, and by whom, not of whom; verify still proves the rest. What was
erased cannot be undone any more. Backups, logs, and what a webhook was told are out of its reach.`
}

func (f journalForgetCommand) Run(w *world) error {
	err := f.read(w, func(ctx context.Context, s *store.Store) error {
		would, err := journal.Forgettable(ctx, s, f.Person)
		if err != nil || f.Apply {
			return err
		}
		return report.Forgotten(w.stdout, would, false, f.JSON, "")
	})
	if err == nil && f.Apply {
		err = f.erase(w)
	}
	_, several := errors.AsType[*journal.AmbiguousError](err)
	if several || errors.Is(err, journal.ErrNobody) {
		return fmt.Errorf("%q: %w", f.Person, err)
	}
	return err
}

// erase does it.
func (f journalForgetCommand) erase(w *world) error {
	return f.withStore(w, "which keeps the journal", existing, func(ctx context.Context, s *store.Store) error {
		done, err := journal.Forget(ctx, s, slog.New(slog.DiscardHandler), f.Person, w.caller())
		if done.Erased+done.Blanked+len(done.Open) > 0 { // said of what was done before an error too
			until := "until those who read it now are done"
			if s.Dialect() == store.Postgres {
				until = "until VACUUM"
			}
			err = errors.Join(report.Forgotten(w.stdout, done, true, f.JSON, until), err)
		}
		return err
	})
}
