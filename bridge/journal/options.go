package journal

import "time"

// Options is the configuration's `journal` section.
type Options struct {
	OnFailure OnFailure `koanf:"onFailure"`
}

// OnFailure is what becomes of writes while the journal cannot be written.
type OnFailure string

// What may become of them.
const (
	Refuse   OnFailure = "refuse"   // 503: nothing is written that nobody would know of
	Continue OnFailure = "continue" // they go on, and are recorded when the journal can be written again
)

// Check reports what is wrong with the options by key path.
func (o Options) Check(report func(path, problem string)) {
	switch o.OnFailure {
	case "", Refuse, Continue:
	default:
		report("onFailure", "is what becomes of writes while the journal cannot be written: refuse (the default) or continue")
	}
}

const (
	// together is how many records share a transaction at most.
	together = 64
	// beat is the time from one sign of life to the next.
	beat = 10 * time.Second
	// retry is the time between attempts to write what waits in memory.
	retry = time.Second
	// backlog is how many records wait in memory for the store to come back.
	backlog = 10_000
	// headAgain is the time from one log line with the chain's head to the next.
	headAgain = time.Hour
)
