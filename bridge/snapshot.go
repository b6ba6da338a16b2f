package bridge

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// A snapshot serves the later pages of a list while the directory is as it was before the snapshot was made: each page asks the server for
// the mark that every write changes. So no page is older than what any copy of the bridge has acknowledged, and where the server keeps no
// mark each page finds the list anew.
const (
	snapshotLife = time.Minute // whatever the mark says
	snapshotsMax = 64
	placesMax    = 2_000_000 // of one list, and of all snapshots, at some 80 octets each
)

// snapshots holds the places that a list had when it was enumerated. A copy of the bridge that lacks one makes it again: the order is the
// same.
type snapshots struct {
	now   func() time.Time
	slots chan struct{} // for enumerations

	mu       sync.Mutex
	byList   map[string]*snapshot
	underWay map[moment]*enumeration
}

// moment is a list while the directory has a mark; "": it has none.
type moment struct{ list, mark string }

type snapshot struct {
	items []item
	made  time.Time
	mark  string
}

func newSnapshots(now func() time.Time) *snapshots {
	return &snapshots{
		now: now, slots: make(chan struct{}, enumerations), byList: map[string]*snapshot{}, underWay: map[moment]*enumeration{},
	}
}

// get returns the places of a list at the moment, where there is a snapshot of it.
func (s *snapshots) get(at moment) ([]item, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	found, ok := s.byList[at.list]
	if !ok || found.mark != at.mark {
		return nil, false
	}
	return found.items, true
}

// sweep drops what is too old.
func (s *snapshots) sweep() {
	maps.DeleteFunc(s.byList, func(_ string, found *snapshot) bool { return s.now().Sub(found.made) > snapshotLife })
}

// put keeps the places of a list, in place of the oldest where there are too many.
func (s *snapshots) put(at moment, items []item, made time.Time) {
	s.byList[at.list] = &snapshot{items, made, at.mark}
	s.sweep()
	places := 0
	for _, v := range s.byList {
		places += len(v.items)
	}
	for len(s.byList) > 1 && (len(s.byList) > snapshotsMax || places > placesMax) {
		oldest := s.oldest(at.list)
		places -= len(s.byList[oldest].items)
		delete(s.byList, oldest)
	}
	time.AfterFunc(snapshotLife+time.Second, func() { // the memory comes back though nobody lists any more
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sweep()
	})
}

// oldest is the list whose snapshot was made first, apart from one.
func (s *snapshots) oldest(apart string) string {
	lists := slices.DeleteFunc(slices.Collect(maps.Keys(s.byList)), func(list string) bool { return list == apart })
	return slices.MinFunc(lists, func(a, b string) int { return s.byList[a].made.Compare(s.byList[b].made) })
}
