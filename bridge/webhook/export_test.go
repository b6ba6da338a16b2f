package webhook

import (
	"testing"
	"time"
)

// Hurry has time pass faster: nobody waits for a minute in a test. A lease stays as long as it is: what is on its way ends with it, however
// slow the machine.
func Hurry() {
	beat, poll, pause = 100*time.Millisecond, 10*time.Millisecond, 50*time.Millisecond
	firstWait, sweep, grace, retryWaitMin, retryWaitMax = 20*time.Millisecond, 50*time.Millisecond, 0, time.Millisecond, 2*time.Millisecond
}

// ShortLease is for the length of a test, beside which no other runs.
func ShortLease(t testing.TB) {
	before := lease
	lease = 6 * beat
	t.Cleanup(func() { lease = before })
}

// Beat is the time from one sign of life to the next.
func Beat() time.Duration { return beat }

// Sign and ReadKeys are for a test from outside.
var (
	Sign     = sign
	ReadKeys = readKeys
)

// BodyOf is the message about a record.
var BodyOf = bodyOf

// Clock gives the hook another, before it is started.
func (h *Hook) Clock(now func() time.Time) { h.now = now }
