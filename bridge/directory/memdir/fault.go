package memdir

import "time"

// Fault is what goes wrong with an operation. The zero Fault is nothing.
type Fault struct {
	Code  uint16          // the operation is not done, and answered with this result
	Text  string          // the answer's diagnostic message
	Blind bool            // a search finds nothing
	Drop  Drop            // the connection is closed without an answer
	Delay time.Duration   // the operation starts later
	Until <-chan struct{} // the operation starts when the channel is closed
}

// Drop is when a connection is closed.
type Drop int

// The moments at which a connection may be closed.
const (
	NoDrop     Drop = iota
	DropBefore      // the operation is not done
	DropAfter       // the operation is done
)

// wait holds the operation back; false says that the server was closed meanwhile.
func (f Fault) wait(closed <-chan struct{}) bool {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-closed:
			return false
		}
	}
	if f.Until != nil {
		select {
		case <-f.Until:
		case <-closed:
			return false
		}
	}
	return true
}
