package dirtest

import (
	"fmt"
	"os"
	"testing"
)

// leftOutFile is the environment variable that names the file in which `make test` gathers what the tests left out.
const leftOutFile = "SCIMBRIDGE_TEST_LEFT_OUT"

// LeaveOut ends a test of what cannot run here: a failure in CI, where everything must be installed, and else a skip that `make test`
// tells at its end.
func LeaveOut(t testing.TB, what, why, remedy string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(told(what, why, remedy))
	}
	LeaveOutHere(t, what, why, remedy)
}

// LeaveOutHere is LeaveOut for what some machines cannot run whatever is installed, CI's among them, and for what takes long and has no
// short form: then the remedy is the Makefile's target that runs it.
func LeaveOutHere(t testing.TB, what, why, remedy string) {
	t.Helper()
	t.Skip(tell(t, what, why, remedy))
}

// Undecided is LeaveOutHere for what a test could not find out, as the machine was then. It goes on with what it can.
func Undecided(t testing.TB, what, why, remedy string) {
	t.Helper()
	t.Log(tell(t, what, why, remedy))
}

func tell(t testing.TB, what, why, remedy string) string {
	t.Helper()
	line := told(what, why, remedy)
	if path := os.Getenv(leftOutFile); path != "" {
		if err := appendLine(path, line); err != nil {
			t.Fatal(err)
		}
	}
	return line
}

func told(what, why, remedy string) string { return fmt.Sprintf("%s: %s (%s)", what, why, remedy) }

// appendLine adds a line in one write: the packages' tests run at the same time.
func appendLine(path, line string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(line + "\n")
	return err
}
