// Package clocktest turns a machine's clock for a test, as an administrator or NTP does: the time of day jumps, and the monotonic clock,
// by which package time measures how long something took, goes on.
package clocktest

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// Clock is the machine's, or a turned one.
type Clock struct{ by atomic.Int64 }

// Turn has the time of day be so much later (earlier: less than 0) than it is, in whole seconds.
func (c *Clock) Turn(by time.Duration) { c.by.Store(int64(by)) }

// Now is what time.Now says on such a machine.
func (c *Clock) Now() time.Time { return Turned(time.Now(), time.Duration(c.by.Load())) }

// Process is a program that runs as on a machine whose clock is turned. The machine's own is left alone.
type Process struct {
	pid     int
	seconds uintptr // where in its memory stands by how much
}

// Turned is a moment that time.Now told, as it would have told it on a machine whose time of day is so much later, in whole seconds.
func Turned(now time.Time, by time.Duration) time.Time {
	if now == now.Round(0) { // the time of day is all that it holds
		return now.Add(by)
	}
	// The first word of a Time with a monotonic reading: a flag, 33 bits of seconds since 1885, 30 bits of nanoseconds.
	wall := (*uint64)(unsafe.Pointer(&now))
	*wall = uint64(int64(*wall) + int64(by/time.Second)<<30)
	return now
}
