package bridge

import "context"

// enumerations is how many lists are enumerated at a time. Each has a connection of its own.
const enumerations = 4

// enumeration is one under way.
type enumeration struct {
	waiting int // who wants it
	cancel  context.CancelFunc
	done    chan struct{}
	items   []item
	err     error
}

// shared enumerates a list. Whoever asks for the same list at the same moment waits for the same enumeration; where the directory has no
// mark, only while that has yet to begin, for what it has passed may have changed since. It ends when nobody waits any more.
func (s *snapshots) shared(ctx context.Context, at moment, enumerate func(context.Context) ([]item, error)) ([]item, error) {
	s.mu.Lock()
	e := s.underWay[at]
	if e == nil {
		e = &enumeration{done: make(chan struct{})}
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		e.cancel = cancel
		s.underWay[at] = e
		delete(s.byList, at.list) // the places would stand twice
		go s.run(own, at, e, enumerate)
	}
	e.waiting++
	s.mu.Unlock()
	select {
	case <-e.done:
		return e.items, e.err
	case <-ctx.Done():
		s.leave(at, e)
		return nil, ctx.Err()
	}
}

// leave ends an enumeration that nobody waits for.
func (s *snapshots) leave(at moment, e *enumeration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.waiting--; e.waiting == 0 {
		e.cancel()
		s.forget(at, e)
	}
}

// close lets nobody join an enumeration any more.
func (s *snapshots) close(at moment, e *enumeration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(at, e)
}

func (s *snapshots) forget(at moment, e *enumeration) {
	if s.underWay[at] == e {
		delete(s.underWay, at)
	}
}

func (s *snapshots) run(ctx context.Context, at moment, e *enumeration, enumerate func(context.Context) ([]item, error)) {
	defer e.cancel()
	defer close(e.done)
	made := s.now()
	e.err = caught(func() (err error) {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
			if at.mark == "" {
				s.close(at, e)
			}
			e.items, err = enumerate(ctx)
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(at, e)
	if e.err == nil && at.mark != "" {
		s.put(at, e.items, made)
	}
}
