package soak

import (
	"fmt"
	"syscall"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
	"scimbridge/cmd/scimbench/history"
)

// judgeJournal looks whether the journal is whole, and says of each write that was acknowledged in the last rounds that it was done.
func (s *site) judgeJournal() {
	for _, r := range s.copies {
		r.end(syscall.SIGTERM)
	}
	if s.Bare == s.Copies {
		return
	}
	keeper := s.copies[s.Bare]
	s.start(keeper) // which closes what is open
	defer keeper.end(syscall.SIGTERM)
	books := storetest.Open(s, s.store)
	wrong := func(format string, values ...any) {
		s.report.Violations = append(s.report.Violations, history.Violation{What: fmt.Sprintf(format, values...)})
	}
	const patience = 2 * time.Minute
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
	var all []journal.Account
	of := map[string][]journal.Account{}
	if err := journal.Find(s.Context(), books, journal.Query{}, func(a journal.Account) error {
		s.report.Records++
		all = append(all, a)
		of[a.RequestID] = append(of[a.RequestID], a)
		return nil
	}); err != nil {
		s.Error(err)
	}
	s.judgeLog(all)
	for _, e := range s.acknowledged {
		said := false
		for _, a := range of[e.Request] {
			said = said || a.Outcome == journal.Written || a.Outcome == journal.Unchanged
		}
		if !said {
			wrong("of %s no record says that it was done, of %d", e, len(of[e.Request]))
		}
	}
}

// recorded says that the event is a write which surely changed something, and so must be on record: what wishes for what is, or was done by
// the same request before, is not.
func (s *site) recorded(e *history.Event) bool {
	if e.Op.Kind == history.Get {
		return false
	}
	first := !s.seen[e.Op.N]
	s.seen[e.Op.N] = true
	if s.copies[e.Copy].bare {
		return false
	}
	switch e.Op.Kind {
	case history.Create, history.CreateGroup, history.Retitle, history.Rename, history.Disable, history.Delete, history.DeleteGroup:
		return first && e.Done() && e.Part == 0 && !e.Op.Twice
	default:
		return false
	}
}
