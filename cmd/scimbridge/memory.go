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
)

// giveBack returns to the system what a burst of requests took. The runtime collects when the heap has grown by half or so since the last
// time, which after a burst it may not do for minutes.
func giveBack(ctx context.Context) {
	for tick := time.NewTicker(restEvery); ; {
		select {
		case <-tick.C:
			if held() > restSize {
				debug.FreeOSMemory()
			}
		case <-ctx.Done():
			tick.Stop()
			return
		}
	}
}

// held is how much memory the program has of the system.
func held() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
