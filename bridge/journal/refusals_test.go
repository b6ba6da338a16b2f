package journal_test

import (
	"log/slog"
	"strings"
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
)

// TestLogTellsTheChainsApart: what the log says of the chain of refusals does not pass for that of writes.
func TestLogTellsTheChainsApart(t *testing.T) {
	var log strings.Builder
	l, err := journal.Open(storetest.Open(t, storetest.SQLite(t)), journal.Options{}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	written(t, l.Refuse(journal.Refusal{Status: 409}))
	l.Shut()
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "msg=journal ") && strings.Contains(line, "head=") && strings.Contains(line, "chain=refusals") {
			return
		}
	}
	t.Error(log.String())
}
