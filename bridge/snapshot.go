package bridge

import (
	"sync"
	"time"
)

// A snapshot serves the later pages of a list: a client that pages through 250,000 accounts takes hours, but asks for the next
// page within minutes.
const (
	snapshotLife = 10 * time.Minute
	snapshotsMax = 64
)

// snapshots holds the places that a list had at its first page. A copy of the bridge that lacks one makes it again: the order is the same.
type snapshots struct {
	now func() time.Time

	mu    sync.Mutex
	byKey map[string]*snapshot
}

type snapshot struct {
	items []item
	used  time.Time
}

func newSnapshots(now func() time.Time) *snapshots {
	return &snapshots{now: now, byKey: map[string]*snapshot{}}
}

func (s *snapshots) get(key string) ([]item, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byKey[key]
	if !ok || s.now().Sub(found.used) > snapshotLife {
		return nil, false
	}
	found.used = s.now()
	return found.items, true
}

func (s *snapshots) put(key string, items []item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := ""
	for k, v := range s.byKey {
		if s.now().Sub(v.used) > snapshotLife {
			delete(s.byKey, k)
		} else if oldest == "" || v.used.Before(s.byKey[oldest].used) {
			oldest = k
		}
	}
	if _, replaces := s.byKey[key]; !replaces && len(s.byKey) >= snapshotsMax {
		delete(s.byKey, oldest)
	}
	s.byKey[key] = &snapshot{items, s.now()}
}
