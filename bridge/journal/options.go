package journal

import (
	"cmp"
	"time"
)

// Options is the configuration's `journal` section.
type Options struct {
	// what becomes of writes while it cannot be written: 503, or they go on and are recorded later
	OnFailure OnFailure     `koanf:"onFailure" one:"refuse continue"`
	Lease     time.Duration `koanf:"lease"`     // how long a copy may be silent before the others take it for dead
	Retention time.Duration `koanf:"retention"` // how long records are kept
	MaxSize   int64         `koanf:"maxSize"`   // bytes that all of them may take; 0: any
}

// OnFailure is what becomes of writes while the journal cannot be written.
type OnFailure string

// What may become of them.
const (
	Refuse   OnFailure = "refuse"   // 503: nothing is written that nobody would know of
	Continue OnFailure = "continue" // they go on, and are recorded when the journal can be written again
)

// Check reports what is wrong with the options by key path. stored: there is a store, without which there is no journal that could fail.
func (o Options) Check(stored bool, report func(path, problem string)) {
	if !stored && o != (Options{}) {
		report("", "is kept in the store, and there is none: say where under `store`")
	}
	switch o.OnFailure {
	case "", Refuse, Continue:
	default:
		report("onFailure", "is what becomes of writes while the journal cannot be written: refuse (the default) or continue")
	}
	if o.Lease != 0 && o.Lease < time.Second {
		report("lease", "is how long another copy may be silent before it is taken for dead: 1s at least, 30s by default")
	}
	if o.Retention != 0 && o.Retention < day {
		report("retention", "is how long records are kept: 24h at least, 9600h (400 days) by default")
	}
	if o.MaxSize != 0 && o.MaxSize < smallest {
		report("maxSize", "is how many bytes the journal may take: 16777216 (16 MiB) at least, or 0 (the default) for any")
	}
}

// DefaultRetention is longer than a year: what is asked for each year can be looked up from one time to the next.
const DefaultRetention = 400 * 24 * time.Hour

// DefaultLease is more than a pause of a machine or a failover of the store takes.
const DefaultLease = 30 * time.Second

// WithDefaults are the options with what holds where they say nothing.
func (o Options) WithDefaults() Options {
	o.OnFailure, o.Lease, o.Retention = cmp.Or(o.OnFailure, Refuse), cmp.Or(o.Lease, DefaultLease), cmp.Or(o.Retention, DefaultRetention)
	return o
}

const (
	// smallest is the least that a journal may be bounded to: some thousand writes.
	smallest = 16 << 20
	// together is how many records share a transaction at most.
	together = 64
	// retry is the time between attempts to write what waits in memory.
	retry = time.Second
	// backlog is how many records wait in memory for the store to come back.
	backlog = 10_000
	// headAgain is the time from one log line with the chain's head to the next.
	headAgain = time.Hour
)
