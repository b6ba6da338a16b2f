package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
	"go.opentelemetry.io/otel/attribute"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/tracing"
)

const (
	// parallel is how many messages are on their way at a time, each about another resource.
	parallel = 8
	// failures in a row that are the receiver's own open the breaker.
	failures = 5
	// longestWait is the most between attempts of one message.
	longestWait = 5 * time.Minute
	// finishing bounds the store's part of the end.
	finishing = 5 * time.Second
)

// Times that a test shortens.
var (
	poll      = time.Second      // from one look into the outbox to the next
	pause     = 15 * time.Second // while the receiver is away, from one probe to the next
	firstWait = 2 * time.Second  // from the first attempt of a message to the second; it doubles
	sweep     = time.Minute      // from one giving up to the next
	grace     = 10 * time.Minute // in which what is old is sent before it is given up: nobody may have sent for days
)

// sender is what the one goroutine knows that looks into the outbox.
type sender struct {
	*Hook
	leader   leader
	receiver *Receiver // nil: nobody is told
	breaker  *gobreaker.TwoStepCircuitBreaker[struct{}]
	busy     map[string]bool // resources of which a message is on its way, or is not yet marked
	back     chan result
	flying   int       // how many are on their way
	done     []result  // not yet marked in the store
	began    time.Time // to send, without a break
	swept    time.Time
	failing  bool // the store
}

// result is what became of an attempt.
type result struct {
	row
	err error
}

func newSender(h *Hook) *sender {
	return &sender{Hook: h, leader: newLeader(h.store, h.now), busy: map[string]bool{}, back: make(chan result, parallel)}
}

// serve has it send to a receiver, of which nothing is known yet; nil: to nobody.
func (s *sender) serve(receiver *Receiver) {
	s.receiver, s.began = receiver, time.Time{}
	s.away.Store(false)
	s.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:      pause,
		ReadyToTrip:  func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= failures },
		IsSuccessful: func(err error) bool { return !isAway(err) },
		IsExcluded:   isCut, // nothing is known of the receiver then
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if s.to.Load() != receiver { // it was another's
				return
			}
			s.away.Store(to != gobreaker.StateClosed)
			switch {
			case from == gobreaker.StateClosed:
				s.log.Error("webhook: the receiver is away; what it is to be told waits",
					"givenUpAfter", receiver.options.GiveUpAfter.String())
			case to == gobreaker.StateClosed:
				s.log.Info("webhook: the receiver is back")
			}
		},
	})
}

func isAway(err error) bool {
	failed, is := errors.AsType[*failure](err)
	return is && failed.away
}

// run sends until ctx ends.
func (s *sender) run(ctx context.Context) {
	defer close(s.ended)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := s.step(ctx); err != nil && ctx.Err() == nil && !s.failing {
			s.failing = true // the store tells of itself
			s.log.Warn("webhook: nothing can be sent while the store is away", "error", err)
		} else if err == nil {
			s.failing = false
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case r := <-s.back:
			s.landed(r)
		}
	}
	s.finish()
}

func (s *sender) landed(r result) {
	s.flying--
	s.done = append(s.done, r)
}

// finish waits for what is on its way, which ends with the context, and lets another copy send.
func (s *sender) finish() {
	for s.flying > 0 {
		s.landed(<-s.back)
	}
	ctx, cancel := context.WithTimeout(context.Background(), finishing)
	defer cancel()
	if err := errors.Join(s.mark(ctx), s.leader.leave(ctx)); err != nil {
		s.log.Warn("webhook: what was sent last will be sent again", "error", err)
	}
}

// step marks what was sent, and sends more.
func (s *sender) step(ctx context.Context) error {
	s.gather()
	if err := s.mark(ctx); err != nil {
		return err
	}
	if to := s.to.Load(); to != s.receiver {
		s.serve(to)
	}
	if s.receiver == nil {
		return s.leader.leave(ctx)
	}
	until, err := s.leader.leads(ctx)
	if err != nil || until.IsZero() {
		s.began = time.Time{}
		return err
	}
	now := s.now()
	if s.began.IsZero() {
		s.began = now
	}
	if now.Sub(s.swept) >= sweep {
		if err := s.clear(ctx, now); err != nil {
			return err
		}
		s.swept = now
	}
	state := s.breaker.State()
	if state == gobreaker.StateOpen {
		return nil
	}
	rows, err := s.due(ctx, now, parallel)
	if err != nil {
		return err
	}
	if s.to.Load() != s.receiver { // and what was noted for the next may be among them
		return nil
	}
	for _, r := range rows {
		if len(s.busy) >= parallel || state == gobreaker.StateHalfOpen && s.flying > 0 { // by a probe
			break
		}
		if err := s.launch(ctx, r, until); err != nil {
			return err
		}
	}
	return nil
}

// gather takes what came back meanwhile.
func (s *sender) gather() {
	for {
		select {
		case r := <-s.back:
			s.landed(r)
		default:
			return
		}
	}
}

// launch sends a message on its way. Until it is back, and marked, no other of its resource goes.
func (s *sender) launch(ctx context.Context, r row, until time.Time) error {
	body, err := s.bodyOf(ctx, r)
	if err != nil {
		return err
	}
	if body == nil {
		s.busy[r.resource] = true
		return nil
	}
	tell, err := s.breaker.Allow()
	if err != nil { // the breaker opened meanwhile
		return nil
	}
	s.busy[r.resource] = true
	s.flying++
	go func(to *Receiver) {
		within, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		within, span := s.tracer.Begin(within, "webhook delivery")
		err := to.post.send(within, r.message, body)
		r.ended(span, err)
		tell(err)
		switch {
		case err == nil:
			s.taken.Add(1)
		case !isCut(err):
			s.failed.Add(1)
		}
		s.back <- result{r, err}
	}(s.receiver)
	return nil
}

// ended says what came of an attempt. When its record was made is another trace, that of a request which the record names.
func (r row) ended(span *tracing.Span, err error) {
	fault := ""
	switch _, is := errors.AsType[*failure](err); {
	case is:
		fault = "not-taken"
	case err != nil:
		fault = "cut"
	}
	span.End(fault, attribute.String("messaging.message.id", r.message), attribute.String("scimbridge.record", r.record.String()),
		attribute.Int("scimbridge.attempt", r.attempts+1))
}

// isCut says that an attempt ended with the lease, or with the bridge.
func isCut(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// bodyOf is what a row is to tell, nil where that is done with. Its error is the store's.
func (s *sender) bodyOf(ctx context.Context, r row) ([]byte, error) {
	if r.body != nil {
		return r.body, nil
	}
	account, err := journal.Get(ctx, s.store, r.record)
	switch _, away := errors.AsType[*store.Error](err); {
	case err == nil && account.Forgotten: // nobody is to hear of it any more
		s.done = append(s.done, result{r, nil})
		return nil, nil
	case away, ctx.Err() != nil:
		return nil, err
	case errors.Is(err, journal.ErrNoRecord): // where nobody was told, or another copy tells nobody (Needs)
		err = errors.New("the journal has cut its record")
	}
	var body []byte
	if err == nil {
		body, err = bodyOf(account)
	}
	if err != nil {
		s.done = append(s.done, result{r, &failure{text: err.Error(), gone: true}})
	}
	return body, nil
}
