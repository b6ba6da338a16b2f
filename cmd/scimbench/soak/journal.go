package soak

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
	"scimbridge/cmd/scimbench/history"
	"scimbridge/examples/truth"
)

// judgeJournal looks whether the journal is whole, and says of each write that was acknowledged in the last rounds that it was done.
func (s *site) judgeJournal() {
	for _, r := range s.copies {
		r.end(syscall.SIGTERM)
	}
	s.start(s.copies[0]) // which closes what is open
	defer s.copies[0].end(syscall.SIGTERM)
	books := storetest.Open(s, s.store)
	wrong := func(format string, values ...any) {
		s.report.Violations = append(s.report.Violations, history.Violation{What: fmt.Sprintf(format, values...)})
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		open := 0
		if err := journal.Find(s.Context(), books, journal.Query{Outcome: journal.Pending}, func(journal.Account) error {
			open++
			return nil
		}); err != nil {
			s.Error(err)
		}
		if open == 0 {
			break
		}
		if time.Now().After(deadline) {
			wrong("of %d intents nobody has found out what became of them", open)
			break
		}
	}
	if _, err := journal.Verify(s.Context(), books, nil, func(f journal.Fault) { wrong("the journal: %v", f) }); err != nil {
		s.Error(err)
	}
	s.records = map[string][]journal.Account{}
	var all []journal.Account
	if err := journal.Find(s.Context(), books, journal.Query{}, func(a journal.Account) error {
		s.report.Records++
		s.records[a.RequestID] = append(s.records[a.RequestID], a)
		all = append(all, a)
		return nil
	}); err != nil {
		s.Error(err)
	}
	if s.logged() {
		truth.Holds(witness{s, wrong}, s.server, all, s.before, s.since)
	}
	for _, e := range s.acknowledged {
		said := false
		for _, a := range s.records[e.Request] {
			said = said || a.Outcome == journal.Written || a.Outcome == journal.Unchanged
		}
		if !said {
			s.report.Violations = append(s.report.Violations, history.Violation{
				What: "no record says that it was done", Events: []*history.Event{e},
			})
		}
	}
}

// witness has what it finds wrong be a violation.
type witness struct {
	testing.TB
	wrong func(format string, values ...any)
}

func (w witness) Errorf(format string, values ...any) { w.wrong(format, values...) }

// recorded says that the event is a write which surely changed something, and so must be on record: what wishes for what is, or was done by
// the same request before, is not.
func (s *site) recorded(e *history.Event) bool {
	if e.Op.Kind == history.Get {
		return false
	}
	first := !s.seen[e.Op.N]
	s.seen[e.Op.N] = true
	switch e.Op.Kind {
	case history.Create, history.CreateGroup, history.Retitle, history.Rename, history.Disable, history.Delete, history.DeleteGroup:
		return first && e.Done() && e.Part == 0 && !e.Op.Twice
	default:
		return false
	}
}
