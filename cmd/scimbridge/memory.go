package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// restSize is what the program needs when little is asked of it, and some more.
	restSize = 48 << 20
	// restEvery is how often it looks. What pools keep takes two looks to go.
	restEvery = 10 * time.Second
	// restSlack is what is not worth a collection.
	restSlack = 8 << 20
)

// giveBack returns to the system what a burst of requests took. The runtime collects when the heap has grown by half or so since the last
// time, which after a burst it may not do for minutes.
func giveBack(ctx context.Context) {
	r := rest{held: held, free: debug.FreeOSMemory}
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
	held func() uint64
	free func()

	least uint64 // that was held since memory was last given back
	vain  int    // looks in a row that freed next to nothing
}

func (r *rest) look() {
	before := r.held()
	if before > r.least+restSlack { // it has grown
		r.vain = 0
	}
	if before <= restSize || r.vain == 2 {
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
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
