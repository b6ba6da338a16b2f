package directory

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"scimbridge/bridge/reason"
)

// breaker keeps requests off a directory that is down. It counts outages, not answers. Open, it probes by itself after pauses that
// grow, and only the probe's success closes it again: the first request after that succeeds.
type breaker struct {
	circuit *gobreaker.CircuitBreaker[struct{}]
	pause   time.Duration
	log     *slog.Logger
	attempt func(context.Context) error
	renewed func() bool // whether what was refused of us has been replaced

	// guarded by circuit, in whose callbacks they are used
	last *outage // the outage counted last

	mu      sync.Mutex
	opened  int       // times in a row that it opened
	trips   int       // times that it opened for what requests met
	next    time.Time // of the next probe
	watched bool      // it comes sooner where renewed says so
	timer   *time.Timer
	stopped bool

	ctx     context.Context
	cancel  context.CancelFunc
	probing sync.WaitGroup
}

func newBreaker(o BreakerOptions, log *slog.Logger, attempt func(context.Context) error, renewed func() bool) *breaker {
	b := &breaker{pause: o.Pause, log: log, attempt: attempt, renewed: renewed}
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
			return down && o.excused || errors.Is(err, errOpen)
		},
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return b.last.refused || int64(counts.ConsecutiveFailures) >= int64(o.Failures)
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

// retryAfter says when the next attempt makes sense.
func (b *breaker) retryAfter() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened == 0 {
		return b.pause
	}
	return min(max(time.Until(b.next), time.Second), maxRefusedPause) // a probe under way takes a moment; a new password may come
}

// stop ends the probing.
func (b *breaker) stop() {
	b.mu.Lock()
	b.stopped = true
	if b.timer != nil && b.timer.Stop() {
		b.probing.Done()
	}
	b.mu.Unlock()
	b.cancel()
	b.probing.Wait()
}

var errOpen = errors.New("the circuit breaker is open")

func (b *breaker) unavailable() error {
	return &Error{Reason: reason.Unavailable, RetryAfter: b.retryAfter(), Cause: errOpen}
}

// changed is called by the circuit, holding its lock: it must not ask the circuit for anything.
func (b *breaker) changed(to gobreaker.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch to {
	case gobreaker.StateOpen:
		if b.opened++; b.opened == 1 {
			b.trips++
		}
		pause := b.grown()
		if b.last.wrong > 0 {
			pause = max(b.pause, pauseAfter(b.last.wrong))
		}
		b.watched = b.last.refused
		b.schedule(pause)
		b.log.Error("directory: unavailable", "refused", b.last.refused, "probe_in_ms", pause.Milliseconds(), "error", b.last)
	case gobreaker.StateClosed:
		b.opened = 0
		b.log.Info("directory: available again")
	}
}

// grown is the pause that doubles with each time in a row.
func (b *breaker) grown() time.Duration {
	longest := maxPause
	if b.last.refused {
		longest = maxRefusedPause
	}
	pause := b.pause
	for i := 1; i < b.opened && pause < longest; i++ {
		pause *= 2
	}
	return min(pause, max(longest, b.pause))
}

func (b *breaker) schedule(pause time.Duration) {
	if b.stopped {
		return
	}
	b.next = time.Now().Add(pause)
	b.probing.Add(1)
	b.sleep()
}

// sleep is until the next probe, or a look whether it may come sooner.
func (b *breaker) sleep() {
	pause := time.Until(b.next)
	if b.watched {
		pause = min(pause, renewalPause)
	}
	b.timer = time.AfterFunc(pause, b.wake)
}

func (b *breaker) wake() {
	if b.early() && !b.renewed() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.stopped {
			b.probing.Done()
		} else {
			b.sleep()
		}
		return
	}
	b.probe()
}

func (b *breaker) early() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().Before(b.next)
}

// hurry has the probe that is waited for come now.
func (b *breaker) hurry() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = time.Now()
	if b.timer != nil && b.timer.Stop() {
		b.sleep()
	}
}

// probe lets one attempt through the half-open circuit. Its failure opens the circuit, and so schedules the next.
func (b *breaker) probe() {
	defer b.probing.Done()
	_, err := b.circuit.Execute(func() (struct{}, error) { return struct{}{}, b.attempt(b.ctx) })
	if errors.Is(err, gobreaker.ErrTooManyRequests) { // a request that is being turned away stood in its place
		b.mu.Lock()
		defer b.mu.Unlock()
		b.schedule(time.Millisecond)
	}
}
