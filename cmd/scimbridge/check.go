package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/inspect"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/webhook"
	"scimbridge/config"
	"scimbridge/ldapmap/compile"
)

type checkCommand struct {
	configFlag
	Connect bool             `help:"Ask the directory too, and look at the store. Nothing is written."`
	Probe   bool             `help:"Have a user and a group made, changed and removed there, besides."`
	JSON    bool             `name:"json" help:"Print JSON."`
	FailOn  inspect.Severity `enum:"error,warning,hint" default:"error" help:"What the exit status tells: ${enum} (${default})."`
}

// Help shows how to use it.
func (checkCommand) Help() string {
	return `Examples:

  scimbridge check --config scimbridge.yaml
  scimbridge check --config scimbridge.yaml --connect
  scimbridge check --config scimbridge.yaml --probe --fail-on warning --json

Without --connect the secrets need not be here. With it the map is held against the directory: whether it is reached, by TLS, and takes the
bind, whether the places are there, the schema has what the map names, what is searched by is indexed, and the account has the rights; and
whether serve can use the store.
--probe makes a user, and a group with the user in it, scimbridge-check-…, to try these rights, and whether who is blocked cannot bind; both
are removed whatever comes of it.

Exit status: 0 where nothing is as bad as --fail-on, 1 where something is, 2 where the command line is faulty.`
}

func (check checkCommand) Run(w *world) error {
	check.Connect = check.Connect || check.Probe
	c, faults, err := config.Read(check.Config, w.environ)
	if err != nil {
		return err
	}
	present, absent := sorted(faults, check.Connect)
	if len(present) > 0 {
		if check.JSON {
			return errors.Join(printJSON(w.stdout, checked{ofFaults(present), nil}), sumsOf(ofFaults(present), check.Config))
		}
		return present
	}
	found, err := check.look(w, c)
	if err != nil {
		return err
	}
	if check.JSON {
		err = printJSON(w.stdout, checked{found, absent})
	} else {
		err = found.Write(w.stdout)
	}
	if err == nil && found.Reach(check.FailOn) {
		err = sumsOf(found, check.Config)
	}
	err = errors.Join(err, w.Err())
	if err != nil || check.JSON {
		return err
	}
	sums := check.Config + ": no faults"
	if of := found.Sums(); of != "" {
		sums += "; " + of
	}
	if check.Probe {
		sums += "; what the probe made is removed"
	}
	if len(absent) > 0 {
		sums += "; not here: " + strings.Join(absent, ", ")
	}
	_, err = fmt.Fprintln(w.stdout, sums)
	return err
}

// checked is what check prints as JSON.
type checked struct {
	Findings inspect.Findings `json:"findings"`
	Absent   []string         `json:"absent,omitempty"` // keys of secrets and files that are not here
}

// sorted tells the faults from what is only not here. here: what the directory is asked with is to be.
func sorted(faults config.Faults, here bool) (present config.Faults, absent []string) {
	for _, f := range faults {
		if f.Absent && (!here || isOfDoor(f)) {
			absent = append(absent, f.Path)
		} else {
			present = append(present, f)
		}
	}
	return present, absent
}

// ofFaults are the faults of a configuration as findings.
func ofFaults(faults config.Faults) (found inspect.Findings) {
	for _, f := range faults {
		found = append(found, inspect.Finding{
			Severity: inspect.Error, Code: "configuration", Place: f.Origin, Key: f.Path, What: cmp.Or(f.Problem, "is faulty"),
		})
	}
	return found
}

func sumsOf(found inspect.Findings, file string) error { return errors.New(file + ": " + found.Sums()) }

// look finds out what is asked for.
func (check checkCommand) look(w *world, c *config.Config) (inspect.Findings, error) {
	compiled, err := c.Map()
	if err != nil {
		return nil, err
	}
	s := subjectOf(c, compiled)
	found := append(inspect.Findings{}, inspect.Offline(s)...)
	if !check.Connect {
		return found, nil
	}
	if c.Store.Enabled() {
		found = append(found, inspect.Stored(s, c.Store, lookAtStore(w, c))...)
	}
	h, err := check.house(c, compiled)
	if err != nil {
		return nil, err
	}
	defer h.close()
	survey := inspect.Look(w, s, h.directory)
	survey.LookCloser(w, s, h.directory)
	if check.Probe {
		call := bridge.Call{RequestID: uuid.NewString(), Caller: w.caller(), PastLimits: true}
		survey.Probe(w, s, h.directory, bridge.Local{Bridge: h.bridge, Call: call})
	}
	found = append(found, inspect.Live(s, survey)...)
	if err := h.bridge.Contact(w); err != nil && !found.Reach(inspect.Error) {
		found = append(found, inspect.Hidden(s, err))
	}
	if w.Err() != nil { // the rest was broken off
		found = slices.DeleteFunc(found, func(f inspect.Finding) bool { return f.Code != inspect.ProbeLeft })
	}
	return found.InOrder(), nil
}

// house is what check needs of it. What a probe does stands in the journal, where there is one by now; nobody else is told.
func (check checkCommand) house(c *config.Config, compiled *compile.Map) (h house, err error) {
	silent := slog.New(slog.DiscardHandler)
	if _, err := os.Stat(c.Store.File); check.Probe && c.Store.Enabled() && (c.Store.URL != "" || err == nil) {
		probing := *closed(c)
		probing.Webhook = webhook.Options{}
		return assemble(&probing, store.NewExisting, nil, silent)
	}
	if h.directory, err = directory.New(c.Directory, silent); err != nil {
		return h, err
	}
	h.bridge = bridge.New(bridge.Options{
		Map: compiled, Place: c.Place, Directory: h.directory, Guard: guard.New(c.Guard, h.directory.Self, h.directory), Log: silent,
		Limits: c.Limits,
	})
	return h, nil
}

// lookAtStore says what would keep serve from opening the store.
func lookAtStore(ctx context.Context, c *config.Config) error {
	silent := slog.New(slog.DiscardHandler)
	return store.Look(ctx, c.Store, func(s *store.Store) error {
		_, ofTokens := access.NewTokens(s)
		_, ofLimits := guard.NewLimiter(s, c.Guard, c.Types(), silent)
		_, ofHook := webhook.New(webhook.Options{}, s, silent)
		return errors.Join(journal.Prepare(s), ofTokens, ofLimits, ofHook)
	})
}

// subjectOf is the configuration as it is inspected.
func subjectOf(c *config.Config, compiled *compile.Map) inspect.Subject {
	return inspect.Subject{
		Map: compiled, Directory: c.Directory, Guard: c.Guard, MaxBody: c.Listen.WithDefaults().MaxBody,
		Request: c.Listen.WithDefaults().RequestTimeout, Admin: c.Admin.Address, Unread: c.Unread(), Place: c.Place,
	}
}

// inspect logs what check finds, and returns it. Nothing is refused for it.
func (h house) inspect(ctx context.Context, hints *hints, log *slog.Logger) inspect.Findings {
	survey := inspect.Look(ctx, h.subject, h.directory)
	found := append(inspect.Offline(h.subject), inspect.Live(h.subject, survey)...)
	if ctx.Err() != nil {
		return nil
	}
	levels := map[inspect.Severity]slog.Level{inspect.Error: slog.LevelError, inspect.Warning: slog.LevelWarn}
	for _, f := range hints.untold(found.InOrder(), survey.Whole()) {
		if len(survey.Problems) > 0 && f.OfSchema { // the bridge has told
			continue
		}
		log.LogAttrs(ctx, levels[f.Severity], "check", f.Log()...)
	}
	return found
}

// hints are those that the last inspection found, and where it could not look at all, those of the ones before it. At a reload they stand
// in the log already; what is worse is told as long as it is so.
type hints struct {
	mu   sync.Mutex
	last inspect.Findings
}

// untold are the findings but for the hints that the inspection before had too, be it at another line of the file. whole: it could look at
// all.
func (h *hints) untold(found inspect.Findings, whole bool) (told inspect.Findings) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.last
	if whole {
		h.last = nil
	}
	for _, f := range found {
		if f.Severity != inspect.Hint {
			told = append(told, f)
			continue
		}
		hint := f
		hint.Place = ""
		if !slices.Contains(before, hint) {
			told = append(told, f)
		}
		if !slices.Contains(h.last, hint) {
			h.last = append(h.last, hint)
		}
	}
	return told
}
