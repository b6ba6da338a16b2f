package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// opening is how far a store has come: it is found, and the tables of its rooms are up to date, before it is used.
type opening struct {
	open atomic.Bool
	told sync.Once // that it is open

	mu       sync.Mutex // guards what follows
	rooms    []*room
	underWay *attempted
}

// attempted is an attempt to open the store, which whoever needs it waits for.
type attempted struct {
	done chan struct{}
	err  error // when it is done
}

// Add has the tables of a room brought up to date before the store is used, by goose's SQL files: 001_what.sql, or 001_what.sqlite.sql and
// 001_what.postgres.sql where the databases differ, at the top of migrations or in its folder of that name. All of them happen, or none.
// Copies that start at once wait for one another, and each migration runs once. A store that a newer bridge has migrated is refused. It
// fails for a mistake in its arguments alone. Look asks for the rights that the uses take.
func (s *Store) Add(name string, migrations fs.FS, uses ...Use) error {
	added, err := s.newRoom(name, migrations)
	if err != nil {
		return err
	}
	added.uses = uses
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rooms = append(slices.DeleteFunc(slices.Clone(s.rooms), func(r *room) bool { return r.name == name }), added)
	s.open.Store(false)
	return nil
}

// opened waits until the store is open. Its error is an *Error.
func (s *Store) opened(ctx context.Context) error {
	for !s.open.Load() {
		attempt := s.attempted()
		select {
		case <-attempt.done:
			if attempt.err != nil {
				return attempt.err
			}
		case <-ctx.Done():
			return failedOpening(&Error{Kind: Away, RetryAfter: pause, Cause: errors.New("it is not open yet")})
		}
	}
	return nil
}

// attempted is the attempt under way, or a new one. It ends with the store and not with who waits: migrations may take their time.
func (s *Store) attempted() *attempted {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.underWay != nil {
		return s.underWay
	}
	a, rooms := &attempted{done: make(chan struct{})}, s.rooms
	s.underWay = a
	if !s.start(func(ctx context.Context) {
		err := s.unlock(ctx, rooms)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.underWay = nil; err != nil {
			a.err = failedOpening(err)
			s.forget()
		} else if slices.Equal(rooms, s.rooms) {
			s.open.Store(true)
			s.told.Do(func() { s.log.Info("store: open", "database", s.dialect, s.named()) })
		}
		close(a.done)
	}) {
		s.underWay, a.err = nil, errClosed
		close(a.done)
	}
	return a
}

// unlock finds the store and brings the rooms up to date.
func (s *Store) unlock(ctx context.Context, rooms []*room) error {
	file, err := s.find()
	if err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	if s.looks {
		return s.look(ctx, rooms)
	}
	for _, r := range rooms {
		bring := r.migrate
		if s.reads {
			bring = r.standing
		}
		if err := bring(ctx); err != nil {
			return err
		}
	}
	if s.reads {
		s.file = file
		return nil
	}
	inTime, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	if err = s.attempt(inTime, s.write, s.serializable(), s.writable); err == nil {
		s.file = file
	}
	return err
}

// connect makes the first connection. Copies that make one file at once may be in each other's way.
func (s *Store) connect(ctx context.Context) error {
	err := patiently(ctx, func() error { return s.write.PingContext(ctx) })
	if known, ours := errors.AsType[*Error](err); ours && s.dialect == SQLite { // which says what is wrong, and not with which file
		known.Cause = fmt.Errorf("%s: %w", s.options.File, known.Cause)
	}
	return err
}

// patiently tries again while other copies hold the database, for as long as migrations may take.
func patiently(ctx context.Context, try func() error) error {
	limit, cancel := context.WithTimeout(ctx, migrationWait)
	defer cancel()
	for {
		err := explain(try())
		if kindOf(err) != Locked || limit.Err() != nil {
			return err
		}
		wait(limit, 10*time.Millisecond)
	}
}

// failedOpening is an *Error whatever went wrong: there is no store for the moment.
func failedOpening(err error) *Error {
	known, ours := errors.AsType[*Error](explain(err))
	if !ours {
		known = &Error{Kind: Other, Cause: err}
	}
	return &Error{Kind: known.Kind, RetryAfter: known.RetryAfter, Cause: known.Cause, opening: true}
}

var errClosed = errors.New("the store is closed")

// tasks are what runs beside the requests, until the store is closed.
type tasks struct {
	ctx     context.Context
	cancel  context.CancelFunc
	starts  sync.Mutex
	running sync.WaitGroup
}

func (t *tasks) begin() { t.ctx, t.cancel = context.WithCancel(context.Background()) }

// start says whether the task runs: it does not after the end.
func (t *tasks) start(task func(context.Context)) bool {
	t.starts.Lock()
	defer t.starts.Unlock()
	if t.ctx.Err() != nil {
		return false
	}
	t.running.Go(func() { task(t.ctx) })
	return true
}

func (t *tasks) end() {
	t.starts.Lock()
	t.cancel()
	t.starts.Unlock()
	t.running.Wait()
}
