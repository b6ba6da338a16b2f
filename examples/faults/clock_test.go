package faults_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/clocktest"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
	"scimbridge/config"
	"scimbridge/examples/bridgetest"
)

// startIsOver is what the program says when it asks the directory nothing of its own any more.
const startIsOver = `"msg":"the first look at the directory is over"`

// runs has the site's bridge be a process, as on a machine whose clock turns sets. The program has looked at the directory by then, so that
// what is broken meets what requests ask alone.
func (s *site) runs(t *testing.T, c *config.Config, text []byte, variables []string) {
	t.Helper()
	variables = append(variables, "SCIMBRIDGE_LOG_LEVEL=debug")
	p := bridgetest.Run(t, bridgetest.Build(t), text, variables, &s.log, func(serve *exec.Cmd) (err error) {
		if s.clock, err = clocktest.Start(serve); err != nil {
			dirtest.LeaveOutHere(t, "a clock that moves", err.Error(), "run the tests on Linux on amd64, where a process may trace")
		}
		return err
	})
	for until := time.Now().Add(time.Minute); !strings.Contains(s.log.String(), startIsOver); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("the program still looks at the directory: %s", s.log.String())
		}
	}
	s.bridge = &bridgetest.Bridge{URL: p.URL, Admin: p.Admin, Store: storetest.Open(t, c.Store)}
	if err := journal.Prepare(s.bridge.Store); err != nil {
		t.Fatal(err)
	}
}

// turns sets the clock of the bridge's machine.
func (s *site) turns(t *testing.T, by time.Duration) {
	t.Helper()
	if err := s.clock.Turn(by); err != nil {
		t.Error(err)
	}
}
