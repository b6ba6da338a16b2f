package faults_test

import (
	"os/exec"
	"testing"
	"time"

	"scimbridge/bridge/clocktest"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
	"scimbridge/config"
	"scimbridge/examples/bridgetest"
)

// runs has the site's bridge be a process, as on a machine whose clock turns sets.
func (s *site) runs(t *testing.T, c *config.Config, text []byte, variables []string) {
	t.Helper()
	p := bridgetest.Run(t, bridgetest.Build(t), text, variables, &s.log, func(serve *exec.Cmd) (err error) {
		if s.clock, err = clocktest.Start(serve); err != nil {
			dirtest.LeaveOutHere(t, "a clock that moves", err.Error(), "run the tests on Linux on amd64, where a process may trace")
		}
		return err
	})
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
