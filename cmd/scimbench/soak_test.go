package main

import (
	"strings"
	"testing"

	"scimbridge/cmd/scimbench/history"
)

// TestSoakEndedEarly: a run that was cut short does not say that it is complete.
func TestSoakEndedEarly(t *testing.T) {
	plan := history.New(1, history.Scale{Operations: 100, Clients: 2, Copies: 1, Each: 10})
	if said := nothingAmiss(plan, len(plan.Rounds)); strings.Contains(said, "complete") {
		t.Error(said)
	}
	if said := nothingAmiss(plan, len(plan.Rounds)-1); !strings.HasPrefix(said, "not complete: ") {
		t.Error(said)
	}
}
