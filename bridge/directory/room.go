package directory

import (
	"errors"
	"sync/atomic"
)

// Room is how many octets the entries may take that searches find, together. When they have taken it the searches end, with the entries
// found until then: the one that was too much for it is the last.
type Room struct{ left atomic.Int64 }

// NewRoom has room for so many octets.
func NewRoom(octets int) *Room {
	r := &Room{}
	r.left.Store(int64(octets))
	return r
}

// Full says that entries may have been left out.
func (r *Room) Full() bool { return r != nil && r.left.Load() <= 0 }

// take gives so many octets a place; a nil Room has one for any. Fewer than none gives them back.
func (r *Room) take(octets int) {
	if r != nil {
		r.left.Add(-int64(octets))
	}
}

// errFull is told beside what was found of a search until its Room was full, or its batch.
var errFull = errors.New("there is no more room")
