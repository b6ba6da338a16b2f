package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"scimbridge/bridge/access"
	"scimbridge/bridge/inspect/preview"
	"scimbridge/bridge/journal/report"
	"scimbridge/bridge/store"
	"scimbridge/config"
)

// previewCommand foretells the first provisioning cycle.
type previewCommand struct {
	configFlag
	Users       string   `arg:"" name:"users.csv" help:"Entra's export of the users."`
	Groups      string   `placeholder:"FILE" help:"Entra's export of the groups."`
	Members     []string `placeholder:"GROUP=FILE" sep:"none" help:"Entra's export of the members of a group, by its name or object id."`
	Column      []string `placeholder:"PATH=COLUMN" sep:"none" help:"Where a column of the users goes; PATH= sends none."`
	GroupColumn []string `placeholder:"PATH=COLUMN" sep:"none" help:"The same of the groups."`
	Match       []string `placeholder:"PATH" sep:"none" help:"What users are matched by, in this order (userName)."`
	Format      string   `enum:"text,csv,json" default:"text" help:"${enum} (${default})."`
}

// Help shows how to use it.
func (previewCommand) Help() string {
	return `Examples:

  scimbridge preview --config scimbridge.yaml users.csv
  scimbridge preview --config scimbridge.yaml users.csv --groups groups.csv --members night=night.csv
  scimbridge preview --config scimbridge.yaml users.csv --column title=Position --match externalId --format csv

The files are what the portal downloads: Users > Download users, Groups > Download groups, and of a group Members > Bulk operations >
Download members. A column members of the groups' file does as well: object ids or userPrincipalNames, with spaces or semicolons between
them. Each row is asked for, made or changed as Entra does it by its default mapping, in the order of the files; what would be sent to the
directory is applied in memory, so that the next row sees it done. Nothing is written.

Exit status: 0 where nothing is to be decided, 1 where something is (ambiguous, taken, protected, out of scope, held, refused) or the files,
the configuration or the directory are faulty, 2 where the command line is.`
}

func (p previewCommand) Run(w *world) error {
	o, err := p.options()
	if err != nil {
		return err
	}
	c, err := withoutDoor(p.Config, w.environ)
	if err != nil {
		return err
	}
	h, done, err := foreseeingHouse(c)
	if err != nil {
		return err
	}
	defer done()
	if err := h.bridge.Contact(w); err != nil {
		return err
	}
	cycle := h.server.Cycle(access.Caller{Name: w.caller()})
	shown := newProgress(w.stderr)
	forecast, err := preview.Run(w, cycle, o, shown.step)
	shown.end()
	if err != nil {
		return err
	}
	forecast.Holds = cycle.Holds()
	switch {
	case h.limiter == nil:
		forecast.Notes = append(forecast.Notes, "guard.limits: there is no store, and nothing is limited")
	case cycle.Unsure != nil:
		forecast.Notes = append(forecast.Notes, "guard.limits: what they say is not known: "+cycle.Unsure.Error())
	}
	if err := p.print(w, forecast); err != nil {
		return err
	}
	if n := forecast.Open(); n > 0 {
		return fmt.Errorf("%s: %d to decide on", p.Users, n)
	}
	return nil
}

// options reads the files.
func (p previewCommand) options() (o preview.Options, err error) {
	o = preview.Options{Columns: p.Column, GroupColumns: p.GroupColumn, Match: p.Match, Members: map[string]*preview.Table{}}
	if err = errors.Join(o.Columns.Check(), o.GroupColumns.Check()); err != nil {
		return o, misuse{err}
	}
	o.Users, err = tableOf(p.Users)
	if p.Groups != "" && err == nil {
		o.Groups, err = tableOf(p.Groups)
	}
	for _, said := range p.Members {
		at := strings.LastIndexByte(said, '=')
		if at <= 0 {
			return o, misuse{fmt.Errorf("--members: %q is no GROUP=FILE", said)}
		}
		if err == nil {
			o.Members[said[:at]], err = tableOf(said[at+1:])
		}
	}
	return o, err
}

func tableOf(file string) (*preview.Table, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return preview.ReadTable(file, opened)
}

// print shows it.
func (p previewCommand) print(w *world, forecast *preview.Forecast) error {
	switch p.Format {
	case "json":
		return printJSON(w.stdout, forecast.JSON())
	case "csv":
		for _, said := range forecast.Said() {
			fmt.Fprintln(w.stderr, report.Plain(said))
		}
		return forecast.CSV(w.stdout)
	}
	return forecast.Text(w.stdout)
}

// foreseeingHouse is a house to foresee in. A store that nobody has made yet is made for the time being, elsewhere: guard.limits count from
// nothing then.
func foreseeingHouse(c *config.Config) (h house, done func(), err error) {
	keep, folder := store.NewExisting, ""
	if _, err := os.Stat(c.Store.File); c.Store.File != "" && errors.Is(err, fs.ErrNotExist) {
		if folder, err = os.MkdirTemp("", "scimbridge-preview-"); err != nil {
			return h, nil, err
		}
		own := *c
		own.Store.File = filepath.Join(folder, "store.db")
		c, keep = &own, store.New
	}
	h, err = assemble(c, keep, nil, slog.New(slog.DiscardHandler)) // what is wrong comes back with the answers
	done = func() {
		h.close()
		if folder != "" {
			_ = os.RemoveAll(folder)
		}
	}
	if err != nil {
		done()
	}
	return h, done, err
}
