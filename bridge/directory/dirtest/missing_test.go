package dirtest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// outcome records how a test ended.
type outcome struct {
	testing.TB
	ended string
}

func (o *outcome) Helper()      {}
func (o *outcome) Fatal(...any) { o.ended = "failed"; runtime.Goexit() }
func (o *outcome) Skip(...any)  { o.ended = "skipped"; runtime.Goexit() }

func TestMissingServer(t *testing.T) {
	for name, c := range map[string]struct{ ci, ended, told string }{
		"on a desk": {"", "skipped", "OpenLDAP: slapd is not installed (apt-get install slapd)\n"},
		"in CI":     {"true", "failed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "left-out")
			t.Setenv("CI", c.ci)
			t.Setenv(leftOutFile, file)
			t.Setenv("PATH", "")
			o := &outcome{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				LeaveOut(o, "OpenLDAP", "slapd is not installed", slapdPackage)
			}()
			<-done
			if o.ended != c.ended {
				t.Errorf("the test %s, want %s", o.ended, c.ended)
			}
			if told, _ := os.ReadFile(file); string(told) != c.told {
				t.Errorf("told %q, want %q", told, c.told)
			}
		})
	}
}

// TestUndecided: what could not be found out is told as what was left out is, and the test goes on.
func TestUndecided(t *testing.T) {
	file := filepath.Join(t.TempDir(), "left-out")
	t.Setenv("CI", "true")
	t.Setenv(leftOutFile, file)
	o := &outcome{TB: t}
	Undecided(o, "a row", "the machine was too slow to tell", "ask again")
	told, _ := os.ReadFile(file)
	if want := "a row: the machine was too slow to tell (ask again)\n"; string(told) != want || o.ended != "" {
		t.Errorf("told %q, want %q; the test %s", told, want, o.ended)
	}
}
