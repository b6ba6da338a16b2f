// Package faults_test breaks what stands between the bridge and its data, one thing after the other, and holds what is said of it.
package faults_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples/bridgetest"
)

var update = flag.Bool("update", false, "write what was seen into testdata and the pages")

func TestMain(m *testing.M) {
	if err := cmp.Or(names.serve(), machine.start()); err != nil {
		panic(err)
	}
	dirtest.Main(m, bridgetest.RemoveBuilt)
}

// rowsAtOnce is how many rows are run on a server at the same time: what they do is mostly waiting.
const rowsAtOnce = 4

// tries is how often a row is begun where something came later than it is to, and the machine was slow at that moment: where it was each
// time, nothing is known of how late the bridge is. A machine that is slow all the time tells no more however often it is asked.
const (
	tries    = 3
	anewMost = 20 // of all rows
)

// TestFaults is the table: each row on each server.
func TestFaults(t *testing.T) {
	table := readTable(t)
	var anew atomic.Int64
	each(len(kinds), func(n int) { // not t.Parallel, which is for as many as there are cores
		k := kinds[n]
		t.Run(k.name, func(t *testing.T) {
			server := k.start(t)
			run := func(n int) {
				f := rows[n]
				t.Run(f.name, func(t *testing.T) {
					table.try(t, f, k.name, &anew, func(t *testing.T, again int) (seen, []string) {
						return f.run(t, k, server, fmt.Sprintf("%02d%d", n, again), table.of(f, k.name))
					})
				})
			}
			var others []int
			for n, f := range rows {
				switch {
				case !f.runsOn(k):
				case f.shared:
					run(n)
				default:
					others = append(others, n)
				}
			}
			places := make(chan struct{}, rowsAtOnce)
			each(len(others), func(n int) {
				places <- struct{}{}
				defer func() { <-places }()
				run(others[n])
			})
		})
	})
	if *update && !t.Failed() {
		table.write(t)
	}
}

// try runs a row, and anew where something came later than it is to and the machine was slow, and holds what was seen to the table. Of a
// row that is left out on this machine nothing was seen: the table keeps what it has of it.
func (b *table) try(t *testing.T, f fault, server string, anew *atomic.Int64, run func(t *testing.T, again int) (seen, []string)) {
	t.Helper()
	var was seen
	var late []string
	for again := range tries {
		ran := false
		t.Run(strconv.Itoa(again+1), func(t *testing.T) {
			was, late = run(t, again)
			ran = true
		})
		if t.Failed() || !ran {
			return
		}
		if len(late) == 0 {
			break
		}
		t.Logf("late: %q", late)
		if anew.Add(1) > anewMost {
			break
		}
	}
	undecided(t, late)
	t.Log(row(f.name, was))
	b.hold(t, f, server, was)
}

// undecided has the tests' end tell what came later than it is to, and may have for the machine.
func undecided(t *testing.T, late []string) {
	t.Helper()
	if len(late) > 0 {
		why := "the machine was too slow to tell: " + strings.Join(late, "; ")
		dirtest.Undecided(t, t.Name(), why, "run it on a machine that has less to do")
	}
}

// leftOut names the file of what was left out.
const leftOut = "SCIMBRIDGE_TEST_LEFT_OUT"

// TestRowLeftOut: a row that cannot run on this machine does not fail for it, and -update leaves what the table has of it.
func TestRowLeftOut(t *testing.T) {
	t.Setenv(leftOut, "") // it is no row of the table's
	defer func(was bool) { *update = was }(*update)
	f := fault{name: "a fault"}
	for _, *update = range []bool{false, true} {
		is := seen{Breaker: shut, Readiness: "ready"}
		b := &table{seen: map[string]map[string]seen{f.name: {"openldap": is}}}
		b.try(t, f, "openldap", new(atomic.Int64), func(t *testing.T, _ int) (seen, []string) {
			dirtest.LeaveOutHere(t, f.name, "a test of what is left out", "none")
			return seen{}, nil
		})
		if diff := gocmp.Diff(is, b.seen[f.name]["openldap"]); diff != "" {
			t.Errorf("-update is %t: the table had (-) and has (+)\n%s", *update, diff)
		}
	}
}

// TestRowUndecided: a row that is late each time, and may be for the machine, does not fail. It is told at the end what that leaves open.
func TestRowUndecided(t *testing.T) {
	file := filepath.Join(t.TempDir(), "left-out")
	t.Setenv(leftOut, file)
	f := fault{name: "a fault"}
	b := &table{seen: map[string]map[string]seen{f.name: {"openldap": {}}}}
	ran := 0
	b.try(t, f, "openldap", new(atomic.Int64), func(*testing.T, int) (seen, []string) {
		ran++
		return seen{}, []string{"read took 80ms, and not 50ms", fmt.Sprintf("write took %ds", ran)}
	})
	told, _ := os.ReadFile(file)
	want := "TestRowUndecided: the machine was too slow to tell: read took 80ms, and not 50ms; write took 3s " +
		"(run it on a machine that has less to do)\n"
	if string(told) != want || ran != tries {
		t.Errorf("told %q, and not %q; it ran %d times", told, want, ran)
	}
}

// each does something n times at once.
func each(n int, do func(int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}
