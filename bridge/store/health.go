package store

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// failures in a row that open the breaker: a single dropped connection passes.
const failures = 3

// pause from the breaker's opening to the next attempt; a test's is shorter.
var pause = 2 * time.Second

// health is what the use of the store has found of it.
type health struct {
	last    atomic.Pointer[failure] // since the last write that went well
	probing atomic.Bool
}

// failure is one of the store itself.
type failure struct {
	*Error
	at time.Time
}

// breaker keeps requests off a store that is away, or was never open. While it is open they are refused at once: the store is asked again
// after each pause, by nobody but probe.
func (s *Store) breaker() *gobreaker.CircuitBreaker[struct{}] {
	return gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout: time.Nanosecond, // probe keeps the pauses
		IsSuccessful: func(err error) bool {
			known, ours := errors.AsType[*Error](err)
			return !ours || known.Kind != Away && !known.opening
		},
		ReadyToTrip: func(counts gobreaker.Counts) bool { return !s.open.Load() || counts.ConsecutiveFailures >= failures },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if from == gobreaker.StateClosed && to == gobreaker.StateOpen && s.probing.CompareAndSwap(false, true) && !s.start(s.probe) {
				s.probing.Store(false)
			}
		},
	})
}

// isProbe marks the context of probe's.
type isProbe struct{}

// probe asks the store until it answers.
func (s *Store) probe(ctx context.Context) {
	ctx = context.WithValue(ctx, isProbe{}, true)
	for again := true; again; again = ctx.Err() == nil && !s.closed() && s.probing.CompareAndSwap(false, true) {
		for again := true; again && ctx.Err() == nil; again = !s.closed() {
			wait(ctx, pause)
			_ = s.opened(ctx) // which may take longer than a transaction
			_ = s.Check(ctx)
		}
		s.probing.Store(false)
	}
}

func (s *Store) closed() bool { return s.circuit.State() == gobreaker.StateClosed }

// named says in a log which file the store is, of which SQLite's own errors say nothing; PostgreSQL's name the database.
func (s *Store) named() slog.Attr {
	if s.dialect != SQLite {
		return slog.Attr{}
	}
	return slog.String("file", s.options.File)
}

// note keeps what a write has found.
func (s *Store) note(err error) {
	known, ours := errors.AsType[*Error](err)
	switch {
	case err == nil && s.last.Load() != nil:
		if s.last.Swap(nil) != nil {
			s.log.Info("store: available again")
		}
	case ours && !known.refused && (known.Kind == Away || known.Kind == Full || known.Kind == ReadOnly || known.opening):
		if before := s.last.Swap(&failure{known, time.Now()}); before == nil || before.Kind != known.Kind {
			s.log.Error("store: unavailable", "error", known, s.named())
		}
		if known.Kind != Full {
			s.forget() // a connection stays what it was made as: read-only, to a file or a server that was another
		}
	}
}

// refusal is the answer while the breaker is open: what opened it.
func (s *Store) refusal(open error) *Error {
	if last := s.last.Load(); last != nil {
		return &Error{Kind: last.Kind, RetryAfter: last.RetryAfter, Cause: last.Cause, refused: true}
	}
	return &Error{Kind: Away, RetryAfter: pause, Cause: open, refused: true}
}

// Ready says whether the store can be written, as its use has found it: nil, or an *Error. It opens a store that is not open yet.
func (s *Store) Ready(ctx context.Context) error {
	if !s.open.Load() {
		return s.Check(ctx)
	}
	last := s.last.Load()
	if last == nil || s.closed() && time.Since(last.at) > patience[last.Kind] {
		return nil
	}
	return last.Error
}
