// Package report prints records of the journal: as a person reads them, as JSON lines and as CSV.
package report

import (
	"io"

	"scimbridge/bridge/journal"
)

// Format is how records are printed.
type Format int

// The formats.
const (
	Text Format = iota
	JSON        // a line each
	CSV
)

// Printer prints records as they come, and keeps none.
type Printer interface {
	Print(a journal.Account) error
	// End ends what was printed.
	End() error
}

// New is a printer of records: of what matters of each on a line, or of the whole of it.
func New(out io.Writer, f Format, whole bool) Printer {
	switch {
	case f == JSON:
		return newJSON(out, whole)
	case f == CSV:
		return newCSV(out, whole)
	case whole:
		return &pages{out: out}
	}
	return &list{out: out}
}
