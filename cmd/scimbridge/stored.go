package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"strings"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/config"
)

// opener opens a store of a command's: existing, or readJournal. serve alone makes one: a file that a command made would be that of
// whoever ran it, root's mostly, and nothing that serve could open.
type opener func(store.Options) (*store.Store, error)

// existing is a store that is there. What is wrong comes back as an error.
func existing(o store.Options) (*store.Store, error) {
	return store.NewExisting(o, slog.New(slog.DiscardHandler))
}

// readJournal opens the journal to read it. It takes no more than the right to do so, and serve may run meanwhile.
func readJournal(o store.Options) (*store.Store, error) {
	s, err := store.NewReader(o)
	if err != nil {
		return nil, err
	}
	if err := journal.Prepare(s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// storeFlag names the configuration for a command that speaks to the store alone: what else stands there need be neither sound nor, where
// it is a secret in a file, at hand.
type storeFlag struct {
	Config string `required:"" env:"SCIMBRIDGE_CONFIG" placeholder:"FILE" help:"The configuration file: this needs store alone (${env})."`
}

// stored loads the sections of a configuration that are named, or all of it. It is to name a store; why says what the command wants there.
func stored(w *world, file, why string, sections ...string) (*config.Config, error) {
	c, err := config.Load(file, w.environ, sections...)
	if err == nil && !c.Store.Enabled() {
		err = fmt.Errorf("%s names no store, %s: set store.file or store.url there (SCIMBRIDGE_STORE_FILE, SCIMBRIDGE_STORE_URL), "+
			"or give this the STATE_DIRECTORY that serve has", file, why)
	}
	return c, err
}

// types are the resource types of the map, as far as it can be read.
func (f storeFlag) types(w *world) []string {
	c, err := config.Load(f.Config, w.environ, "store")
	if err != nil {
		return nil
	}
	return c.Types()
}

// withStore opens the store for as long as do runs.
func (f storeFlag) withStore(w *world, why string, open opener, do func(context.Context, *store.Store) error) error {
	c, err := stored(w, f.Config, why, "store")
	if err != nil {
		return err
	}
	s, err := open(c.Store)
	if err != nil {
		return err
	}
	defer s.Close()
	return helped(do(w, s), c.Store)
}

// helped says beside an error of the store's what to do.
func helped(err error, o store.Options) error {
	known, is := errors.AsType[*store.Error](err)
	todo := ""
	switch {
	case !is:
		return err
	case errors.Is(err, os.ErrNotExist):
		todo = "serve makes it when it first starts; store.file, or STATE_DIRECTORY in the environment, says where it stands"
	case o.File == "" && known.Kind == store.Other:
		todo = "the role of store.url needs GRANT SELECT ON ALL TABLES IN SCHEMA public to read, and what serve's role may to write"
	case o.File != "" && known.Kind != store.Other:
		todo = "run this as the account that serve runs as (sudo -u), or let yours read the file and what stands beside it"
	default:
		return err
	}
	return fmt.Errorf("%w\n  %s", err, todo)
}

// caller is who runs the program, for the store to tell.
func (w *world) caller() string {
	told := map[string]string{}
	for _, variable := range w.environ {
		name, value, _ := strings.Cut(variable, "=")
		told[name] = value
	}
	name := ""
	if own, err := user.Current(); err == nil {
		name = own.Username
	}
	return cmp.Or(told["SUDO_USER"], told["USER"], name, "unknown")
}
