package main

import (
	"context"
	"fmt"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
)

type journalVerifyCommand struct {
	storeFlag
	JSON  bool       `name:"json" help:"Print JSON."`
	Heads []headFlag `name:"head" placeholder:"HEAD" sep:"none" help:"What stood there once, as 12-4711:9f86…; may be given again."`
}

// headFlag is an end of a chain that is known from elsewhere.
type headFlag struct{ journal.Head }

// UnmarshalText reads it.
func (f *headFlag) UnmarshalText(text []byte) (err error) {
	f.Head, err = journal.ParseHead(string(text))
	return err
}

// Help shows how to use it.
func (journalVerifyCommand) Help() string {
	return `Example:

  scimbridge journal verify --config scimbridge.yaml

The exit code is 1 where a record was changed, is missing, or the end of a chain is. Whoever can write all of the store can make a chain
of his own: keep the ends that this prints, or the log's lines with "head" and "hash", elsewhere, and give them back by --head.`
}

// verifiedJSON is what was proved as JSON.
type verifiedJSON struct {
	Sound     bool        `json:"sound"`
	Writers   int         `json:"writers"`
	Records   int         `json:"records"`
	Forgotten int         `json:"forgotten"`
	Faults    []faultJSON `json:"faults"`
	Heads     []string    `json:"heads"`
	Older     []string    `json:"older,omitempty"`
}

type faultJSON struct {
	Record string `json:"record,omitempty"`
	Writer int64  `json:"writer"`
	What   string `json:"what"`
}

func (f journalVerifyCommand) Run(w *world) error {
	return f.read(w, func(ctx context.Context, s *store.Store) error {
		var heads []journal.Head
		for _, h := range f.Heads {
			heads = append(heads, h.Head)
		}
		shown := verifiedJSON{Faults: []faultJSON{}, Heads: []string{}}
		const most = 1000 // of the faults in JSON; the text has each
		v, err := journal.Verify(ctx, s, heads, func(fault journal.Fault) {
			if !f.JSON {
				fmt.Fprintln(w.stdout, fault)
			} else if len(shown.Faults) < most {
				told := faultJSON{Writer: fault.Record.Writer, What: fault.What}
				if fault.Record.Seq > 0 {
					told.Record = fault.Record.String()
				}
				shown.Faults = append(shown.Faults, told)
			}
		})
		if err != nil {
			return err
		}
		if f.JSON {
			shown.Sound, shown.Writers, shown.Records, shown.Forgotten = v.Faults == 0, v.Writers, v.Records, v.Forgotten
			for _, h := range v.Heads {
				shown.Heads = append(shown.Heads, h.String())
			}
			for _, h := range v.Older {
				shown.Older = append(shown.Older, h.String())
			}
			err = printJSON(w.stdout, shown)
		} else {
			printVerified(w, v)
		}
		if err == nil && v.Faults > 0 {
			err = fmt.Errorf("the journal is broken, faults: %d", v.Faults)
		}
		return err
	})
}

func printVerified(w *world, v journal.Verified) {
	fmt.Fprintf(w.stdout, "records %d, writers %d, erased %d, faults %d\n", v.Records, v.Writers, v.Forgotten, v.Faults)
	for _, h := range v.Older {
		fmt.Fprintf(w.stdout, "%s is no longer kept.\n", h)
	}
	for _, h := range v.Heads {
		fmt.Fprintf(w.stdout, "end %s\n", h)
	}
}
