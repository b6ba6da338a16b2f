package bridge

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// A snapshot serves the later pages of a list: a client that pages through 250,000 accounts takes hours, but asks for the next
// page within minutes.
const (
	snapshotLife = 10 * time.Minute
	snapshotsMax = 64
	placesMax    = 2_000_000 // of all snapshots, at some 80 octets each
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
	delete(s.byKey, key)
	places := len(items)
	for k, v := range s.byKey {
		if s.now().Sub(v.used) > snapshotLife {
			delete(s.byKey, k)
			continue
		}
		places += len(v.items)
	}
	for len(s.byKey) > 0 && (len(s.byKey) >= snapshotsMax || places > placesMax) {
		oldest := s.oldest()
		places -= len(s.byKey[oldest].items)
		delete(s.byKey, oldest)
	}
	s.byKey[key] = &snapshot{items, s.now()}
}

// oldest is the key of the snapshot that has not been used for the longest time.
func (s *snapshots) oldest() string {
	return slices.MinFunc(slices.Collect(maps.Keys(s.byKey)), func(a, b string) int {
		return s.byKey[a].used.Compare(s.byKey[b].used)
	})
}
