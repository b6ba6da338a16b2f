package bridge

import (
	"maps"
	"slices"
	"sync"
	"time"

	"scimbridge/ldapmap/ldif"
)

// A snapshot serves the later pages of a list. It ages from when it was made, whoever uses it, and ends with the bridge's next write that
// may change it: no page is older than what the bridge has acknowledged. What others write to the directory, another copy of the bridge
// among them, shows when it ends of age.
const (
	// snapshotLife spares a client that pages through a large directory most of the enumerations, for it asks for the next page as soon as
	// it has handled the one before; and it is as long as an administrator may wait for a change to show.
	snapshotLife = time.Minute
	snapshotsMax = 64
	placesMax    = 2_000_000 // of one list, and of all snapshots, at some 80 octets each
)

// snapshots holds the places that a list had when it was enumerated. A copy of the bridge that lacks one makes it again: the order is the
// same.
type snapshots struct {
	now   func() time.Time
	slots chan struct{} // for enumerations

	mu       sync.Mutex
	byKey    map[listKey]*snapshot
	underWay map[moment]*enumeration
	written  state
}

// listKey is a list.
type listKey struct {
	text   string
	values bool // what entries hold decides on the places, and not only which entries there are
}

// state grows with what the bridge writes.
type state struct{ entries, values int }

// moment is a list in a state.
type moment struct {
	listKey
	state
}

type snapshot struct {
	items []item
	made  time.Time
	of    state
}

func newSnapshots(now func() time.Time) *snapshots {
	return &snapshots{
		now: now, slots: make(chan struct{}, enumerations), byKey: map[listKey]*snapshot{}, underWay: map[moment]*enumeration{},
	}
}

// wrote notes that a plan was sent to the directory.
func (s *snapshots) wrote(plan ldif.Plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written.values++
	if slices.ContainsFunc(plan.Effects, func(e ldif.Effect) bool {
		return e.Kind == ldif.Created || e.Kind == ldif.Deleted || e.Kind == ldif.Moved
	}) || len(plan.Effects) == 0 { // the rest of a plan that was resumed has none
		s.written.entries++
	}
}

// stateFor is what of the state a list depends on.
func (s *snapshots) stateFor(key listKey) state {
	if key.values {
		return s.written
	}
	return state{entries: s.written.entries}
}

// get returns the places of a list where a snapshot of it is fresh enough.
func (s *snapshots) get(key listKey) ([]item, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	found, ok := s.byKey[key]
	if !ok {
		return nil, false
	}
	return found.items, true
}

// sweep drops what is too old, and what a write has overtaken.
func (s *snapshots) sweep() {
	maps.DeleteFunc(s.byKey, func(key listKey, found *snapshot) bool {
		return s.now().Sub(found.made) > snapshotLife || found.of != s.stateFor(key)
	})
}

// put keeps the places of a list, in place of the oldest where there are too many.
func (s *snapshots) put(at moment, items []item, made time.Time) {
	s.byKey[at.listKey] = &snapshot{items, made, at.state}
	s.sweep()
	places := 0
	for _, v := range s.byKey {
		places += len(v.items)
	}
	for len(s.byKey) > 1 && (len(s.byKey) > snapshotsMax || places > placesMax) {
		oldest := s.oldest(at.listKey)
		places -= len(s.byKey[oldest].items)
		delete(s.byKey, oldest)
	}
	time.AfterFunc(snapshotLife+time.Second, func() { // the memory comes back though nobody lists any more
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sweep()
	})
}

// oldest is the key of the snapshot that was made first, apart from one.
func (s *snapshots) oldest(apart listKey) listKey {
	keys := slices.DeleteFunc(slices.Collect(maps.Keys(s.byKey)), func(key listKey) bool { return key == apart })
	return slices.MinFunc(keys, func(a, b listKey) int { return s.byKey[a].made.Compare(s.byKey[b].made) })
}
