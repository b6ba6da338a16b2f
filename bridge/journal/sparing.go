package journal

import (
	"fmt"
	"sync"
	"time"
)

// sparing keeps who has no token from filling the store: of what an address is refused only so much is recorded. The log has it all.
type sparing struct {
	mu    sync.Mutex
	since time.Time // when it began to count
	seen  map[string]int
}

const (
	// spared is how long counts stand.
	spared = time.Minute
	// enough is how many refusals of an address are recorded in that time.
	enough = 5
	// strangers is how many addresses are told apart; the others are counted as one.
	strangers = 1000
)

// let says whether another refusal of an address is recorded.
func (s *sparing) let(address string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil || now.Sub(s.since) >= spared {
		s.since, s.seen = now, map[string]int{}
	}
	if _, known := s.seen[address]; !known && len(s.seen) >= strangers {
		address = ""
	}
	s.seen[address]++
	return s.seen[address] <= enough
}

// lastOf says that of an address no more is recorded for the time being; "" where more is.
func (s *sparing) lastOf(address string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[address] == enough {
		return fmt.Sprintf("; more like it from this address is in the log alone, until %v have gone by", spared)
	}
	return ""
}
