package main

import (
	"errors"
	"fmt"
	"log/slog"

	"scimbridge/bridge/inspect/replay"
	"scimbridge/bridge/journal"
	"scimbridge/config"
)

// replayCommand plays what was recorded against another map.
type replayCommand struct {
	configFlag
	Against   string   `placeholder:"NEW" help:"The configuration to play in; default: that of --config."`
	Exchanges []string `arg:"" optional:"" help:"Files of requests, .txtar or .http, and folders of these; default: the journal."`
	Since     timeFlag `placeholder:"TIME" help:"Of the journal, from then on: 2026-11-27, 2026-11-27T14:30:00Z, or so long ago: 2h, 7d."`
	Until     timeFlag `placeholder:"TIME" help:"Of the journal, before then; of a day, to its end (UTC)."`
	Caller    string   `placeholder:"NAME" help:"Of the journal, what this caller asked for."`
	All       bool     `help:"Show what is the same too."`
	JSON      bool     `name:"json" help:"Print JSON."`
}

// Help shows how to use it.
func (replayCommand) Help() string {
	return `Examples: what the last week would have come to by another map, and what requests of a file would.

  scimbridge replay --config scimbridge.yaml --against new.yaml --since 7d
  scimbridge replay --config scimbridge.yaml --against new.yaml examples/exchanges

A record of the journal is played on the entries as they were read then, as far as it holds them; what is answered by the directory as it is
now is said beside, and where a record does not say what it would take to tell, that is said too. With --against what the map of --config
makes of it is compared with what the other makes; without, what was done with what the map of --config makes. A file of requests needs
--against: it is played on the directory as it is now. Nothing is written, and no limit is asked.

Exit status: 0 where nothing would differ of what can be told, 3 where something would, 1 where that could not be found out.`
}

// Validate is called with the command line.
func (r replayCommand) Validate() error {
	none := timeFlag{}
	switch spans := r.Since != none || r.Until != none || r.Caller != ""; {
	case len(r.Exchanges) > 0 && spans:
		return errors.New("--since, --until and --caller are of the journal, and files are named")
	case len(r.Exchanges) > 0 && r.Against == "":
		return errors.New("files of requests are played by two maps: name the other --against")
	}
	return nil
}

// replayed is what replay prints as JSON.
type replayed struct {
	Sums     replay.Sums      `json:"sums"`
	Outcomes []replay.Outcome `json:"outcomes"`
}

func (r replayCommand) Run(w *world) error {
	c, err := withoutDoor(r.Config, w.environ)
	if err != nil {
		return err
	}
	var player replay.Replay
	here, err := playedBy(c)
	if err != nil {
		return err
	}
	defer here.close()
	if player.New = (replay.House{Server: here.server, Bridge: here.bridge}); r.Against != "" {
		other, err := withoutDoor(r.Against, w.environ)
		if err != nil {
			return err
		}
		there, err := playedBy(other)
		if err != nil {
			return err
		}
		defer there.close()
		old := player.New
		player = replay.Replay{Old: &old, New: replay.House{Server: there.server, Bridge: there.bridge}}
	}
	for _, h := range []*replay.House{player.Old, &player.New} {
		if h != nil {
			if err := h.Bridge.Contact(w); err != nil {
				return err
			}
		}
	}
	found := replayed{Sums: replay.Sums{}, Outcomes: []replay.Outcome{}}
	note := func(o replay.Outcome) {
		if found.Sums[o.Verdict]++; r.All || o.Verdict != replay.Same && o.Verdict != replay.Passed {
			found.Outcomes = append(found.Outcomes, o)
		}
	}
	if len(r.Exchanges) > 0 {
		err = r.files(w, player, note)
	} else {
		err = r.journal(w, c, player, note)
	}
	if err != nil {
		return err
	}
	if r.JSON {
		err = printJSON(w.stdout, found)
	} else {
		fmt.Fprintf(w.stdout, "%s Nothing is written.\n\n", found.Sums)
		for _, o := range found.Outcomes {
			err = errors.Join(err, o.Write(w.stdout))
		}
	}
	if err == nil && found.Sums.Differs() {
		err = errDiffers
	}
	return err
}

// playedBy is a house in which is only played: it has no store.
func playedBy(c *config.Config) (house, error) {
	return books{}.house(c, nil, slog.New(slog.DiscardHandler)) // what is wrong comes back with the answers
}

func (r replayCommand) files(w *world, player replay.Replay, note func(replay.Outcome)) error {
	exchanges, err := replay.Read(r.Exchanges...)
	if err != nil {
		return err
	}
	for _, x := range exchanges {
		outcomes, err := player.Exchange(w, x)
		if err != nil {
			return err
		}
		for _, o := range outcomes {
			note(o)
		}
	}
	return nil
}

func (r replayCommand) journal(w *world, c *config.Config, player replay.Replay, note func(replay.Outcome)) error {
	if !c.Store.Enabled() {
		return fmt.Errorf("%s names no store, which keeps the journal: set store.file there (SCIMBRIDGE_STORE_FILE), "+
			"or name files of requests", r.Config)
	}
	s, err := readJournal(c.Store)
	if err != nil {
		return err
	}
	defer s.Close()
	now, err := s.Now(w)
	if err == nil {
		q := journal.Query{Since: r.Since.from(now), Until: r.Until.to(now), Caller: r.Caller, Masked: true}
		err = journal.Find(w, s, q, func(a journal.Account) error {
			o, err := player.Record(w, a)
			if err == nil {
				note(o)
			}
			return err
		})
	}
	return helped(err, c.Store)
}
