package front

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/semaphore"

	"scimbridge/bridge/reason"
)

const (
	// largest is how many bodies of the largest size are worked on at a time, or more of smaller ones: read as JSON, a body takes a dozen
	// times its size.
	largest = 2
	// waiting is how many of the largest size wait for one caller's share: what comes beyond is refused at once.
	waiting = 8
	// light is a body that is worked on at once, as is any that a provisioning service sends for one user.
	light = 16 << 10
)

// turns has large bodies take turns. What is worked on at a time is limited in all, and for each caller to one body of the largest size:
// whatever one of them sends, another gets through.
type turns struct {
	maxBody int64
	all     *semaphore.Weighted

	mu      sync.Mutex
	callers map[string]*share // who has a body here
}

// share is a caller's, in octets.
type share struct {
	bodies int                 // here
	sent   *semaphore.Weighted // bodies that wait or are worked on
	work   *semaphore.Weighted // bodies that are worked on, or next
}

func newTurns(maxBody int) *turns {
	size := int64(maxBody)
	return &turns{maxBody: size, all: semaphore.NewWeighted(largest * size), callers: map[string]*share{}}
}

// take waits for a body's turn. done must be called when its work is done.
func (t *turns) take(ctx context.Context, caller string, octets int) (done func(), err error) {
	size := min(int64(octets), t.maxBody)
	if size <= light {
		return func() {}, nil
	}
	own := t.enter(caller)
	if !own.sent.TryAcquire(size) {
		t.leave(caller)
		return nil, refuse(reason.Busy, exceeded(reason.Busy, fmt.Sprintf("of one caller, %d times listen.maxBody", 1+waiting), t.maxBody))
	}
	if err := own.work.Acquire(ctx, size); err != nil {
		own.sent.Release(size)
		t.leave(caller)
		return nil, busy(ctx)
	}
	if err := t.all.Acquire(ctx, size); err != nil {
		own.work.Release(size)
		own.sent.Release(size)
		t.leave(caller)
		return nil, busy(ctx)
	}
	return func() {
		t.all.Release(size)
		own.work.Release(size)
		own.sent.Release(size)
		t.leave(caller)
	}, nil
}

func (t *turns) enter(caller string) *share {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.callers[caller]
	if own == nil {
		own = &share{sent: semaphore.NewWeighted((1 + waiting) * t.maxBody), work: semaphore.NewWeighted(t.maxBody)}
		t.callers[caller] = own
	}
	own.bodies++
	return own
}

// leave forgets a caller whose last body it was.
func (t *turns) leave(caller string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.callers[caller]
	if own.bodies--; own.bodies == 0 {
		delete(t.callers, caller)
	}
}

// busy is why a body's turn did not come: the others took all of its time, or its client left.
func busy(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return refuse(reason.Busy, "")
}
