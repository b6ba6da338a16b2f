package soak

import (
	"fmt"
	"slices"
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
	s.report.Sought = len(s.changed)
	s.report.Violations = append(s.report.Violations, unrecorded(s.changed, s.records)...)
}

// unrecorded are those of the writes that surely changed something of which no record says that it was done: of each set one.
func unrecorded(writes [][]*history.Event, records map[string][]journal.Account) (wrong []history.Violation) {
	for _, one := range writes {
		if !slices.ContainsFunc(one, func(e *history.Event) bool {
			return slices.ContainsFunc(records[e.Request], func(a journal.Account) bool { return tells(a, e, len(one) > 1) })
		}) {
			wrong = append(wrong, history.Violation{What: "no record says that it was done", Events: one})
		}
	}
	return wrong
}

// tells says that a record tells that a write was done. Where others wish for the same, and no answer of the directory came, it may say
// that nobody knows by whom.
func tells(a journal.Account, e *history.Event, others bool) bool {
	if e.Part > 0 && (a.Part == nil || a.Part.Index != e.Part-1) {
		return false
	}
	return a.Outcome == journal.Written || a.Outcome == journal.Unchanged || a.Outcome == journal.Unknown && (others || e.Op.Shared())
}

// witness has what it finds wrong be a violation.
type witness struct {
	testing.TB
	wrong func(format string, values ...any)
}

func (w witness) Errorf(format string, values ...any) { w.wrong(format, values...) }
