package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// heapFloor is what the heap may grow to before it is collected, however little of it is in use. Some 5 MB are; to collect whenever that
// has doubled, as the runtime does, costs a third of what 16 clients can have done, and with the floor the program takes 60 MB while they
// do. A heap of which more is in use is collected when that has doubled, as ever: unlike a memory limit without GOGC the floor neither lets
// it grow without end nor has it collected again and again. GOGC in the environment takes its place, GOMEMLIMIT holds beside it.
const heapFloor = 32 << 20

// mostPercent is what a heap may grow by, in percent: what was set for a small one holds until it is set anew, be it large by then.
const mostPercent = 400

// paceHeap holds the collector to heapFloor: the runtime has a percentage of what is in use alone, so it is set anew after most
// collections. At work it may be a few late.
func paceHeap(ctx context.Context) { pace(collected{ctx, 0}) }

// collected is what the next collection ends.
type collected struct {
	context.Context
	percent int // that held for it
}

func pace(c collected) {
	if c.Err() != nil {
		return
	}
	if percent := gcPercent(metric("/gc/heap/live:bytes")); percent != c.percent {
		debug.SetGCPercent(percent)
		c.percent = percent
	}
	runtime.AddCleanup(new([64]byte), pace, c) // which nothing refers to: it goes with the next collection
}

// gcPercent is how much a heap may grow of which so much is in use. The runtime takes a percentage for one of 4 MB at the least.
func gcPercent(live uint64) int {
	if live >= heapFloor/2 {
		return 100
	}
	return int(min((heapFloor-live)*100/max(live, 4<<20), mostPercent))
}

const (
	// restSize is what the program needs when little is asked of it, and some more. At work it has the heap's floor besides.
	restSize = 20 << 20
	// restEvery is how often it looks. What pools keep takes two looks to go.
	restEvery = 10 * time.Second
	// restSlack is what is not worth a collection.
	restSlack = 8 << 20
)

// giveBack returns to the system what a burst of requests took. The runtime collects when the heap has grown by half or so since the last
// time, which after a burst it may not do for minutes.
func giveBack(ctx context.Context) {
	r := rest{held: held, collections: func() uint64 { return metric("/gc/cycles/automatic:gc-cycles") }, free: debug.FreeOSMemory}
	for tick := time.NewTicker(restEvery); ; {
		select {
		case <-tick.C:
			r.look()
		case <-ctx.Done():
			tick.Stop()
			return
		}
	}
}

// rest knows what the last looks came to: what is in use cannot be given back, however often it is tried.
type rest struct {
	held        func() uint64
	collections func() uint64 // so far
	free        func()

	seen  uint64 // of them
	least uint64 // that was held since memory was last given back
	vain  int    // looks in a row that freed next to nothing
}

func (r *rest) look() {
	before, enough := r.held(), uint64(restSize)
	if n := r.collections(); n != r.seen { // it is at work
		enough, r.seen = enough+heapFloor, n
	}
	if before > r.least+restSlack { // it has grown
		r.vain = 0
	}
	if before <= enough || r.vain == 2 {
		r.least = min(r.least, before)
		return
	}
	r.free()
	if r.least = r.held(); r.least+restSlack > before {
		r.vain++
	} else {
		r.vain = 0
	}
}

// held is how much memory the program has of the system.
func held() uint64 {
	return metric("/memory/classes/total:bytes") - metric("/memory/classes/heap/released:bytes")
}

func metric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
