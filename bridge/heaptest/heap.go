// Package heaptest tells what memory something takes while it is done.
package heaptest

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Peak is how many octets more are in use at a time, at the most, while something is done. No other test is to run beside it.
func Peak(do func()) (most int) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	inUse := func() int {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return int(sample[0].Value.Uint64())
	}
	debug.FreeOSMemory()
	before, done, sampled := inUse(), make(chan struct{}), make(chan int)
	go func() {
		for {
			select {
			case <-done:
				sampled <- most
				return
			case <-time.After(time.Millisecond):
				most = max(most, inUse()-before)
			}
		}
	}()
	do()
	close(done)
	return <-sampled
}
