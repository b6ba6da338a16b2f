package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestHeapFloor: a heap of which little is in use grows to the floor before it is collected, a larger one to twice what is in use.
func TestHeapFloor(t *testing.T) {
	const mega = 1 << 20
	for live := uint64(0); live <= 4*heapFloor; live += mega / 4 {
		percent := uint64(gcPercent(live))
		grows := max(live+live*percent/100, 4*mega*percent/100)
		if want := max(heapFloor, 2*live); grows > want || percent < mostPercent && grows < want-mega || percent > mostPercent {
			t.Errorf("%d KiB in use: %d%%, which is up to %d MiB", live>>10, percent, grows>>20)
		}
	}
}

// TestHeapIsPaced: the collector follows what is in use.
func TestHeapIsPaced(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	paceHeap(ctx)
	for _, live := range []int{2 * heapFloor, 0, heapFloor} {
		kept := make([]byte, live)
		for begun := time.Now(); (metric("/gc/gogc:percent") == 100) != (live >= heapFloor/2); time.Sleep(time.Millisecond) {
			if runtime.GC(); time.Since(begun) > time.Minute {
				t.Fatalf("with %d MiB in use a heap may grow by %d%%", live>>20, metric("/gc/gogc:percent"))
			}
		}
		runtime.KeepAlive(kept)
	}
}

// TestRestLooksAtWhatItFrees: what a burst left is given back, what pools keep of it with the second look, and what is in use is let be.
func TestRestLooksAtWhatItFrees(t *testing.T) {
	const mega = 1 << 20
	memory, collections, working, rounds := uint64(20*mega), uint64(0), false, 0
	kept := []uint64{} // after each round
	r := rest{
		held: func() uint64 { return memory },
		collections: func() uint64 {
			if working {
				collections++
			}
			return collections
		},
		free: func() {
			rounds++
			if len(kept) > 0 {
				memory, kept = kept[0], kept[1:]
			}
		},
	}
	for _, step := range []struct {
		what    string
		working bool
		memory  uint64
		kept    []uint64
		rounds  int // of ten looks
	}{
		{"at rest", false, 20 * mega, nil, 0},
		{"at work", true, 52 * mega, nil, 0},
		{"after work", false, 52 * mega, []uint64{18 * mega}, 1},
		{"a burst, all of it in pools", false, 200 * mega, []uint64{196 * mega, 18 * mega}, 2},
		{"more users than rest knows", false, 70 * mega, nil, 2},
		{"a little more", false, 74 * mega, nil, 0},
		{"a burst beside them", true, 150 * mega, []uint64{100 * mega, 70 * mega}, 4},
		{"at rest again", false, 20 * mega, nil, 0},
		{"as much as before", false, 70 * mega, []uint64{20 * mega}, 1},
	} {
		memory, working, kept, rounds = step.memory, step.working, step.kept, 0
		for range 10 {
			r.look()
		}
		if rounds != step.rounds {
			t.Errorf("%s: %d rounds, want %d", step.what, rounds, step.rounds)
		}
	}
}
