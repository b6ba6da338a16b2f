package soak

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/cmd/scimbench/history"
)

func TestMain(m *testing.M) { dirtest.Main(m) }

// TestHistory: two minutes of clients and faults over three copies of the bridge, and shorter runs with other stores; whatever they were
// told is true. make soak does more.
func TestHistory(t *testing.T) {
	binary := os.Getenv("SCIMBRIDGE_TEST_BINARY") // another: of a bridge without one of its safeguards
	if binary == "" {
		binary = filepath.Join(t.TempDir(), "scimbridge")
		if said, err := exec.Command("go", "build", "-o", binary, "../../scimbridge").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	number := func(name string, otherwise int) int {
		n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(otherwise)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	for _, run := range []struct {
		name            string
		store           Store
		copies, seconds int
		without         string // a fault
		kinds           int    // of fault come, at least
	}{
		{"postgres", Postgres, 3, 120, "", 20},
		{"postgres, held to what slapd records", Postgres, 3, 15, DirectoryKilled, 2},
		{"sqlite, held to what slapd records", SQLite, 2, 15, DirectoryKilled, 2},
		{"none", None, 2, 15, "", 2},
	} {
		t.Run(run.name, func(t *testing.T) {
			seed := uint64(number("SCIMBRIDGE_TEST_SEED", int(time.Now().UnixNano())))
			t.Logf("SCIMBRIDGE_TEST_SEED=%d", seed)
			copies := number("SCIMBRIDGE_TEST_COPIES", run.copies)
			kinds := slices.DeleteFunc(Faults(run.store), func(kind string) bool { return kind == run.without })
			seconds := number("SCIMBRIDGE_TEST_SECONDS", run.seconds)
			const most = 400 // operations a second, ten times what two cores do
			plan := history.New(seed, history.Scale{
				Operations: number("SCIMBRIDGE_TEST_OPERATIONS", most*seconds), Clients: 8, Copies: copies, Each: 120, Faults: kinds,
			})
			report := Run(t, Options{
				Binary: binary, Folder: "../../../examples/openldap", Copies: copies, Store: run.store, Plan: plan,
				Until: time.Duration(seconds) * time.Second, Told: t.Logf,
			})
			t.Log(report)
			for _, v := range report.Violations {
				t.Error(v)
			}
			if report.Rounds == 0 || report.Done < report.Requests/4 {
				t.Errorf("%d of %d requests are done", report.Done, report.Requests)
			}
			if len(report.Faults) < run.kinds {
				t.Errorf("%d kinds of fault met anything", len(report.Faults))
			}
		})
	}
}
