package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"scimbridge/bridge/guard"
	"scimbridge/bridge/store"
)

// holdCommand is about the writes that the limits hold.
type holdCommand struct {
	List    holdListCommand    `cmd:"" help:"List what is held, and what was decided."`
	Approve holdApproveCommand `cmd:"" help:"Let what a hold is about pass: so much of it, or all for a time."`
	Refuse  holdRefuseCommand  `cmd:"" help:"Refuse what a hold is about, for a time: 403 in place of 503."`
}

// holdFlags are those of each of them.
type holdFlags struct {
	storeFlag
	JSON bool `name:"json" help:"Print JSON."`
}

// use opens the store's holds for as long as do runs.
func (f holdFlags) use(w *world, do func(ctx context.Context, holds *guard.Holds, now time.Time) error) error {
	return f.withStore(w, "in which limits are counted", existing, func(ctx context.Context, s *store.Store) error {
		holds, err := guard.NewHolds(s)
		if err != nil {
			return err
		}
		now, err := s.Now(ctx)
		if err != nil {
			return err
		}
		return do(ctx, holds, now)
	})
}

type holdListCommand struct {
	holdFlags
	All bool `help:"Those too that are over."`
}

// Help shows how to use it.
func (holdListCommand) Help() string {
	return `Example:

  scimbridge hold list --config scimbridge.yaml

A hold that is open holds every write of its kind, until somebody approves or refuses it.
WAITING is how much they would have done; who sends them again passes when it is approved.`
}

func (l holdListCommand) Run(w *world) error {
	return l.use(w, func(ctx context.Context, holds *guard.Holds, now time.Time) error {
		list, err := holds.List(ctx, l.All, now)
		if err != nil {
			return err
		}
		return holdListing.print(w.stdout, list, l.JSON)
	})
}

type holdApproveCommand struct {
	holdFlags
	Hold  int64      `arg:"" help:"Its number."`
	Count *int64     `placeholder:"N" help:"How much of the effect may pass; default: as much as waits, or with --for alone all."`
	For   lengthFlag `placeholder:"DURATION" help:"Until when, from now on, as 2h or 7d; default: 24h."`
}

// Help shows how to use it.
func (holdApproveCommand) Help() string {
	return `Examples:

  scimbridge hold approve 7 --config scimbridge.yaml
  scimbridge hold approve 7 --count 200 --for 8h --config scimbridge.yaml

The first lets pass as much as waits so far. What is past that is held anew, by another hold.`
}

// decided is how long a decision stands where nothing is said.
const decided = 24 * time.Hour

// Validate is called with the command line.
func (a holdApproveCommand) Validate() error {
	if a.Count != nil && *a.Count <= 0 {
		return errors.New("--count must be positive")
	}
	return nil
}

func (a holdApproveCommand) Run(w *world) error {
	count := int64(0) // as much as waits
	switch {
	case a.Count != nil:
		count = *a.Count
	case a.For.Duration > 0:
		count = guard.Any
	}
	return a.use(w, func(ctx context.Context, holds *guard.Holds, now time.Time) error {
		h, err := holds.Approve(ctx, a.Hold, count, now.Add(cmp.Or(a.For.Duration, decided)), w.caller(), now)
		switch {
		case err != nil:
			return err
		case a.JSON:
			return printJSON(w.stdout, shownHold(h))
		}
		_, err = fmt.Fprintf(w.stdout, "Hold %d is approved: %s may pass until %s.\n", h.ID, much(h), moment(h.Until, "", ""))
		return err
	})
}

type holdRefuseCommand struct {
	holdFlags
	Hold int64      `arg:"" help:"Its number."`
	For  lengthFlag `default:"24h" placeholder:"DURATION" help:"Until when, from now on, as 2h or 7d (${default})."`
}

// Help shows how to use it.
func (holdRefuseCommand) Help() string {
	return `Example:

  scimbridge hold refuse 7 --for 8h --config scimbridge.yaml

Every write of the kind is refused until then, those too that would be within the limit: a mistake does not go on in small steps.`
}

func (r holdRefuseCommand) Run(w *world) error {
	return r.use(w, func(ctx context.Context, holds *guard.Holds, now time.Time) error {
		h, err := holds.Refuse(ctx, r.Hold, now.Add(r.For.Duration), w.caller(), now)
		switch {
		case err != nil:
			return err
		case r.JSON:
			return printJSON(w.stdout, shownHold(h))
		}
		_, err = fmt.Fprintf(w.stdout, "Hold %d is refused: such writes are answered with 403 until %s.\n", h.ID, moment(h.Until, "", ""))
		return err
	})
}

// much is how much an approval lets pass.
func much(h guard.Hold) string {
	if h.Rest < 0 {
		return "all of it"
	}
	return fmt.Sprintf("%d more", h.Rest)
}

// holdJSON is a hold as JSON. Times that are not are left out.
type holdJSON struct {
	ID      int64     `json:"id"`
	State   string    `json:"state"`
	Type    string    `json:"type"`
	Effect  string    `json:"effect"`
	Why     string    `json:"why"`
	Opened  time.Time `json:"opened"`
	Held    int64     `json:"held"`
	Last    time.Time `json:"last,omitzero"`
	Waiting int64     `json:"waiting"`
	Decided time.Time `json:"decided,omitzero"`
	By      string    `json:"by,omitempty"`
	Rest    *int64    `json:"rest,omitempty"` // of an approval that does not let all pass
	Until   time.Time `json:"until,omitzero"`
}

func shownHold(h guard.Hold) holdJSON {
	shown := holdJSON{
		h.ID, string(h.State), h.Type, h.Effect, h.Why, toSecond(h.Opened), h.Held, toSecond(h.Last), h.Waiting, toSecond(h.Decided), h.By,
		nil, toSecond(h.Until),
	}
	if h.State == guard.Approved && h.Rest >= 0 {
		shown.Rest = &h.Rest
	}
	return shown
}

// holdListing shows holds.
var holdListing = listing[guard.Hold]{
	none:  "Nothing is held.",
	heads: []string{"ID", "STATE", "WHY", "OPENED", "HELD", "LAST", "WAITING", "DECIDED", "UNTIL"},
	cells: func(h guard.Hold) []string {
		state := string(h.State)
		if h.State == guard.Approved {
			state += ", " + much(h)
		}
		return []string{
			fmt.Sprint(h.ID), state, h.Why, moment(h.Opened, "", ""), fmt.Sprint(h.Held), cmp.Or(moment(h.Last, "", ""), "-"),
			fmt.Sprint(h.Waiting), cmp.Or(moment(h.Decided, h.By, "by"), "-"), cmp.Or(moment(h.Until, "", ""), "-"),
		}
	},
	json: func(h guard.Hold) any { return shownHold(h) },
}
