package journal

// State is how the journal fares.
type State struct {
	Failing bool  // it cannot be written
	Waiting int64 // records that are not written yet
	Written int64 // records, since the start
}

// State asks nothing of the store.
func (l *Ledger) State() State {
	l.mu.Lock()
	s := State{Failing: l.failing.Load(), Waiting: l.behind.Load() + int64(len(l.queue)), Written: l.count.Load()}
	refusals := l.refusals
	l.mu.Unlock()
	if refusals != nil {
		of := refusals.State()
		s.Failing, s.Waiting, s.Written = s.Failing || of.Failing, s.Waiting+of.Waiting, s.Written+of.Written
	}
	return s
}
