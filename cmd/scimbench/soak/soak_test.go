package soak

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/cmd/scimbench/history"
)

func TestMain(m *testing.M) { dirtest.Main(m) }

// TestHistory: two minutes of clients and faults over three copies of the bridge; whatever they were told is true. make soak does more.
func TestHistory(t *testing.T) {
	number := func(name string, otherwise int) int {
		if text := os.Getenv(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		return otherwise
	}
	binary := os.Getenv("SCIMBRIDGE_TEST_BINARY") // another: of a bridge without one of its safeguards
	if binary == "" {
		binary = filepath.Join(t.TempDir(), "scimbridge")
		if said, err := exec.Command("go", "build", "-o", binary, "../../scimbridge").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	seed := uint64(number("SCIMBRIDGE_TEST_SEED", int(time.Now().UnixNano())))
	t.Logf("SCIMBRIDGE_TEST_SEED=%d", seed)
	copies := number("SCIMBRIDGE_TEST_COPIES", 3)
	plan := history.New(seed, history.Scale{
		Operations: number("SCIMBRIDGE_TEST_OPERATIONS", 100_000), Clients: 8, Copies: copies, Each: 120, Faults: Faults(copies),
	})
	report := Run(t, Options{
		Binary: binary, Folder: "../../../examples/openldap", Copies: copies, Bare: number("SCIMBRIDGE_TEST_BARE", 0), Plan: plan,
		Until: time.Duration(number("SCIMBRIDGE_TEST_SECONDS", 120)) * time.Second, Told: t.Logf,
	})
	t.Log(report)
	for _, v := range report.Violations {
		t.Error(v)
	}
}
