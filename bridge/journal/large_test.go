package journal_test

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
)

// peak is how many octets more are in use at a time, at the most, while something is done.
func peak(do func()) (most int) {
	defer debug.SetGCPercent(debug.SetGCPercent(20))
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

// TestForgetLargeRecords: of whom to forget few records are in memory at a time, however large they are, and all of them are erased.
func TestForgetLargeRecords(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	l := open(t, s, journal.Options{OnFailure: journal.Continue})
	const all, large = 80, 256 << 10
	var last <-chan error
	random := rand.New(rand.NewPCG(1, 2))
	for n := range all {
		octets := make([]byte, large)
		for i := range octets {
			octets[i] = "0123456789abcdef"[random.IntN(16)]
		}
		i := journal.Intent{RequestID: fmt.Sprint(n), Caller: "entra", Type: "User", ID: "7f3c51d0-aaaa", Name: "mara", DN: "uid=mara,dc=x"}
		i.Body = fmt.Appendf(nil, `{"x":%q}`, octets)
		last = l.Refuse(journal.Refusal{Intent: i})
		if n%10 == 9 {
			written(t, last)
		}
	}
	l.Shut()
	var known journal.Known
	var forgotten journal.Forgotten
	var err error
	for what, most := range map[string]int{
		"known":     peak(func() { known, err = journal.Who(t.Context(), s, "mara") }),
		"forgotten": peak(func() { forgotten, err = forget(t, s, "mara") }),
	} {
		if t.Logf("%s: %d KiB are in use", what, most>>10); err != nil || most > all*large*3/4 {
			t.Errorf("%s: %d KiB are in use: %v", what, most>>10, err)
		}
	}
	if len(known.IDs) != 1 || forgotten.Erased != all {
		t.Errorf("%+v, %+v", known, forgotten)
	}
}
