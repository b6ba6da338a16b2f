package store

import (
	"errors"
	"time"
)

func init() { pause = 100 * time.Millisecond }

// Refused says whether the breaker answered, and nobody asked the store.
func Refused(err error) bool {
	known, ours := errors.AsType[*Error](err)
	return ours && known.refused
}

// Forget ends the connections, as after a failure.
func (s *Store) Forget() { s.forget() }

// Kept is how many statements are read.
func (s *Store) Kept() (n int) {
	s.reading.Lock()
	defer s.reading.Unlock()
	for _, one := range s.known {
		if one != nil {
			n++
		}
	}
	return n
}
