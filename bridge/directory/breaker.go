package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"scimbridge/bridge/reason"
)

// breaker keeps requests off a directory that is down, or off one of its servers: see servers.go. It counts outages, not answers. Open, it
// looks for the directory by itself, and only its own probe closes it again: the first request after that succeeds. After an outage it
// knocks at the servers every pause, whatever has become of the knocks before, so that a server which is back is found within two pauses,
// and probes when one answers. After a refused bind it probes after pauses that grow: each may bring the account's lockout nearer.
type breaker struct {
	circuit *gobreaker.CircuitBreaker[struct{}]
	pause   time.Duration
	log     *slog.Logger
	knock   func(context.Context) error // whether a server answers anything; nothing is said of who asks
	attempt func(context.Context) error
	renewed func() bool            // whether what was refused of us has been replaced
	enough  func(outages int) bool // whether so many in a row open it
	rests   func() bool            // whether another looks meanwhile
	one     bool                   // of the servers; else it is the directory's

	// guarded by circuit, in whose callbacks they are used
	last *outage // the outage counted last

	mu       sync.Mutex
	refusals int       // of binds, in a row
	trips    int       // times that it opened for what requests met
	since    time.Time // when it did; zero: it is closed
	probing  bool      // it is half open
	why      *outage   // that it opened for last
	next     time.Time // of the next probe, or knock

	hurried chan struct{} // something may have been put right: the next comes now
	ctx     context.Context
	cancel  context.CancelFunc
	seeking sync.WaitGroup
}

func newBreaker(o BreakerOptions, log *slog.Logger, knock, attempt func(context.Context) error, renewed func() bool) *breaker {
	b := &breaker{
		pause: o.Pause, log: log, knock: knock, attempt: attempt, renewed: renewed, hurried: make(chan struct{}, 1),
		enough: func(outages int) bool { return outages >= o.Failures },
		rests:  func() bool { return false },
	}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.circuit = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		// gobreaker's pause cannot grow: it is over at once, and our timer says when the one probe goes through.
		Timeout: time.Nanosecond,
		IsSuccessful: func(err error) bool {
			o, down := errors.AsType[*outage](err)
			if down {
				b.last = o
			}
			return !down
		},
		IsExcluded: func(err error) bool {
			o, down := errors.AsType[*outage](err)
			return down && o.excused || errors.Is(err, errOpen) || isShed(err)
		},
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return b.last.refused || b.enough(int(counts.ConsecutiveFailures))
		},
		OnStateChange: func(_ string, _, to gobreaker.State) { b.changed(to) },
	})
	return b
}

// run does what is to be done unless the breaker is open, and counts its outcome.
func (b *breaker) run(do func() error) error {
	if !b.closed() {
		return b.unavailable()
	}
	return b.through(do)
}

// through is run for what found the breaker closed. If it has opened since then, the circuit would take this for the probe.
func (b *breaker) through(do func() error) error {
	_, err := b.circuit.Execute(func() (struct{}, error) {
		if !b.closed() {
			return struct{}{}, errOpen
		}
		return struct{}{}, do()
	})
	if errors.Is(err, errOpen) || errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return b.unavailable()
	}
	return err
}

func (b *breaker) closed() bool { return b.circuit.State() == gobreaker.StateClosed }

// against counts an outage that is known.
func (b *breaker) against(o *outage) { _ = b.run(func() error { return o }) }

// answered says that outages are no longer in a row.
func (b *breaker) answered() {
	if b.circuit.Counts().ConsecutiveFailures > 0 {
		_ = b.run(func() error { return nil })
	}
}

// proved closes it where another's probe has shown that it may.
func (b *breaker) proved() {
	if !b.closed() {
		_, _ = b.circuit.Execute(func() (struct{}, error) { return struct{}{}, nil })
	}
}

// states of a breaker, as a Standing has them.
const (
	Closed   = "closed"
	Open     = "open"
	HalfOpen = "half-open"
)

// BreakerStates are all of them.
var BreakerStates = []string{Closed, Open, HalfOpen}

func (b *breaker) state() (state string, since time.Time, trips int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.since.IsZero():
		state = Closed
	case b.probing:
		state = HalfOpen
	default:
		state = Open
	}
	return state, b.since, b.trips
}

// retryAfter says when another request makes sense: the later, the longer an outage has lasted.
func (b *breaker) retryAfter() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.since.IsZero():
		return b.pause
	case b.why.refused:
		return min(max(time.Until(b.next), b.pause), maxRefusedPause) // a new password may come
	}
	return min(max(time.Since(b.since)/4, b.pause), maxRetryAfter)
}

// story tells an operator why the breaker is open, and since when; nil: it is closed.
func (b *breaker) story() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		return nil
	}
	since := b.since.UTC().Format(time.RFC3339)
	if b.probing {
		return fmt.Errorf("the circuit breaker is half open, after it was open since %s: %w", since, b.why)
	}
	next := max(time.Until(b.next), 0).Round(time.Second)
	return fmt.Errorf("the circuit breaker is open since %s, and asks again in %s: %w", since, next, b.why)
}

// stop ends the looking for the directory.
func (b *breaker) stop() {
	b.mu.Lock()
	b.cancel()
	b.mu.Unlock()
	b.seeking.Wait()
}

var errOpen = errors.New("the circuit breaker is open")

func (b *breaker) unavailable() error {
	return &Error{Reason: reason.Unavailable, RetryAfter: b.retryAfter(), Cause: errOpen}
}

// changed is called by the circuit, holding its lock: it must not ask the circuit for anything.
func (b *breaker) changed(to gobreaker.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	switch to {
	case gobreaker.StateOpen:
		if b.since.IsZero() {
			b.trips++
			b.since = time.Now()
		}
		pause := b.pause
		if b.why = b.last; b.why.refused {
			pause = b.grown()
		} else {
			b.refusals = 0
		}
		b.next = time.Now().Add(pause)
		if refused, trip := b.why.refused, b.trips; b.ctx.Err() == nil {
			b.seeking.Go(func() { b.seek(refused, trip) })
		}
		level, what := slog.LevelError, "directory: unavailable"
		if b.one {
			level, what = slog.LevelWarn, "directory: a server is asked nothing"
		}
		b.log.Log(b.ctx, level, what, "refused", b.why.refused, "next_in_ms", pause.Milliseconds(), "error", b.why)
	case gobreaker.StateClosed:
		what := "directory: available again"
		if b.one {
			what = "directory: a server may be asked again"
		}
		b.log.Info(what, "after_ms", time.Since(b.since).Milliseconds())
		b.refusals, b.since = 0, time.Time{}
		select {
		case <-b.hurried: // it is not for the next time
		default:
		}
	}
}

// grown is the pause after a refused bind: of a wrong password what that takes, else it doubles with each in a row.
func (b *breaker) grown() time.Duration {
	b.refusals++
	if b.why.wrong > 0 {
		return max(b.pause, pauseAfter(b.why.wrong))
	}
	pause := b.pause
	for i := 1; i < b.refusals && pause < maxRefusedPause; i++ {
		pause *= 2
	}
	return min(pause, max(maxRefusedPause, b.pause))
}

// seek waits until a probe makes sense, and lets one through the half-open circuit. Its failure opens the circuit, and so begins anew.
func (b *breaker) seek(refused bool, trip int) {
	waits := b.sign
	if refused {
		waits = b.turn
	}
	if !waits(trip) {
		return
	}
	for b.lasts(trip) {
		_, err := b.circuit.Execute(func() (struct{}, error) {
			b.mu.Lock()
			b.probing = !b.since.IsZero()
			b.mu.Unlock()
			return struct{}{}, b.attempt(b.ctx)
		})
		// A request that is being turned away may stand in its place, and half open it is in the next moment alone.
		if !errors.Is(err, gobreaker.ErrTooManyRequests) && !errors.Is(err, gobreaker.ErrOpenState) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// lasts says whether it is open still, and has not been closed by another's probe meanwhile.
func (b *breaker) lasts(trip int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.since.IsZero() && b.trips == trip
}

// turn waits until a bind may be offered again, or something else than what was refused. It fails where the bridge ends, or nothing is to
// be looked for any more.
func (b *breaker) turn(trip int) bool {
	for {
		left := b.left()
		switch {
		case !b.lasts(trip):
			return false
		case b.rests():
			left = renewalPause
		case left <= 0 || b.renewed():
			return true
		}
		select {
		case <-time.After(min(left, renewalPause)):
		case <-b.hurried:
			return true
		case <-b.ctx.Done():
			return false
		}
	}
}

// sign waits until a server answers. It fails as turn does.
func (b *breaker) sign(trip int) bool {
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	answered := make(chan struct{}, 1)
	for {
		select {
		case <-time.After(b.left()):
		case <-b.hurried:
		case <-answered:
			return true
		case <-b.ctx.Done():
			return false
		}
		if !b.lasts(trip) {
			return false
		}
		b.mu.Lock()
		b.next = time.Now().Add(b.pause)
		b.mu.Unlock()
		if b.rests() {
			continue
		}
		b.seeking.Go(func() {
			if b.knock(ctx) == nil {
				select {
				case answered <- struct{}{}:
				default:
				}
			}
		})
	}
}

func (b *breaker) left() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Until(b.next)
}

// hurry has what is waited for come now.
func (b *breaker) hurry() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		return
	}
	select {
	case b.hurried <- struct{}{}:
	default:
	}
}
