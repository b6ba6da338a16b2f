package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/inspect/drift"
	"scimbridge/bridge/journal"
	"scimbridge/config"
	"scimbridge/ldapmap"
)

// driftCommand finds what was changed outside the bridge.
type driftCommand struct {
	configFlag
	Who  []string `arg:"" optional:"" help:"A person or a group, by id, userName, displayName or DN; default: all in the journal."`
	JSON bool     `name:"json" help:"Print JSON: an entry a line, and then the sums."`
}

// Help shows how to use it.
func (driftCommand) Help() string {
	return `Example: what the directory's own tools did to what the bridge keeps, each night.

  scimbridge drift --config scimbridge.yaml

Each entry that the journal has on record is compared with the directory: that it is there, its name and place, whether it is blocked, what
the bridge last wrote of each attribute that the map names, and the members that it added or took out. Passwords are not compared, and what
was cut off the journal, or forgotten, is not known. Nothing is written. Times are in UTC.

Exit status: 0 where all is as it was left, 3 where something differs, 1 where that could not be found out.`
}

func (d driftCommand) Run(w *world) error {
	c, err := stored(w, d.Config, "which keeps the journal")
	if err != nil {
		return err
	}
	s, err := readJournal(c.Store)
	if err != nil {
		return err
	}
	defer s.Close()
	client, err := directory.New(c.Directory, slog.New(slog.DiscardHandler)) // what is wrong comes back as an error
	if err != nil {
		return err
	}
	defer client.Close()
	m, err := bound(w, c, client)
	if err != nil {
		return err
	}
	var ids []string
	for _, who := range d.Who {
		known, err := journal.Who(w, s, who)
		if err == nil && len(known.IDs) == 0 {
			err = fmt.Errorf("%s: %w", who, journal.ErrNobody)
		}
		if err != nil {
			return helped(err, c.Store)
		}
		ids = append(ids, known.IDs...)
	}
	sums, err := drift.Look{Store: s, Directory: client, Map: m}.All(w, ids, func(e drift.Entry) error {
		if d.JSON {
			return jsonLine(w.stdout, e)
		}
		return e.Write(w.stdout)
	})
	if err != nil {
		return helped(err, c.Store)
	}
	if d.JSON {
		err = jsonLine(w.stdout, map[string]drift.Sums{"sums": sums})
	} else {
		_, err = fmt.Fprintln(w.stdout, sums)
	}
	if err == nil && sums.Differ > 0 {
		err = errDiffers
	}
	return err
}

// bound is the map as it stands in the directory.
func bound(ctx context.Context, c *config.Config, client *directory.Client) (*ldapmap.Map, error) {
	compiled, err := c.Map()
	if err != nil {
		return nil, err
	}
	server, err := client.Server(ctx)
	if err != nil {
		return nil, err
	}
	m, problems := ldapmap.For(compiled, server)
	var faults []error
	for _, p := range problems {
		faults = append(faults, fmt.Errorf("%s: %s: %s", c.Place(p.Key()), p.Key(), p.Problem))
	}
	return m, errors.Join(faults...)
}
