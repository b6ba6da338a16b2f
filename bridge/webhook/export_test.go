package webhook

import "time"

// Hurry has time pass faster: nobody waits for a minute in a test.
func Hurry() {
	lease, beat, poll, pause = 600*time.Millisecond, 100*time.Millisecond, 10*time.Millisecond, 50*time.Millisecond
	firstWait, sweep, grace, retryWaitMin, retryWaitMax = 20*time.Millisecond, 50*time.Millisecond, 0, time.Millisecond, 2*time.Millisecond
}

// Sign and ReadKeys are for a test from outside.
var (
	Sign     = sign
	ReadKeys = readKeys
)

// BodyOf is the message about a record.
var BodyOf = bodyOf

// Clock gives the hook another, before it is started.
func (h *Hook) Clock(now func() time.Time) { h.now = now }
