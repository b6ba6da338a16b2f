package journal

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"scimbridge/bridge/origin"
)

// sparing keeps who has no token from filling the store: of what an address is refused only so much is recorded. The log has it all.
type sparing struct {
	mu    sync.Mutex
	since time.Time // when it began to count
	seen  map[netip.Prefix]int
}

const (
	// spared is how long counts stand.
	spared = time.Minute
	// enough is how many refusals of an address are recorded in that time.
	enough = 5
	// strangers is how many addresses are told apart; the others are counted as one. That fills half a gigabyte a day at the most.
	strangers = 100
)

// let says whether another refusal of an address is recorded; after is what is to be said of those after it, "" where they are recorded.
func (s *sparing) let(address string, now time.Time) (recorded bool, after string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil || now.Sub(s.since) >= spared {
		s.since, s.seen = now, map[netip.Prefix]int{}
	}
	client, _ := origin.Network(address)
	if _, known := s.seen[client]; !known && len(s.seen) >= strangers {
		client = netip.Prefix{}
	}
	s.seen[client]++
	if s.seen[client] == enough {
		after = fmt.Sprintf("; more like it from this address is in the log alone, until %v have gone by", spared)
	}
	return s.seen[client] <= enough, after
}
