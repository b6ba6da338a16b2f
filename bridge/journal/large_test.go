package journal_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"scimbridge/bridge/heaptest"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
)

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
		"known":     heaptest.Peak(func() { known, err = journal.Who(t.Context(), s, "mara") }),
		"forgotten": heaptest.Peak(func() { forgotten, err = forget(t, s, "mara") }),
	} {
		if t.Logf("%s: %d KiB are in use", what, most>>10); err != nil || most > all*large*3/4 {
			t.Errorf("%s: %d KiB are in use: %v", what, most>>10, err)
		}
	}
	if len(known.IDs) != 1 || forgotten.Erased != all {
		t.Errorf("%+v, %+v", known, forgotten)
	}
}
