package main

import (
	"bytes"
	"io"
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

// TestSoakElsewhere: where there is nothing to build the bridge from, it says where to run it.
func TestSoakElsewhere(t *testing.T) {
	t.Chdir(t.TempDir())
	var said bytes.Buffer
	if code := runSoak(t.Context(), io.Discard, &said, []string{"--operations", "1"}); code != exitFault ||
		!strings.Contains(said.String(), "within its repository") {
		t.Errorf("%d %s", code, &said)
	}
}
