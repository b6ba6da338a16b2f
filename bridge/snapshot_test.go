package bridge

import (
	"testing"
	"time"
)

// clock is a time that a test turns.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) turn(d time.Duration) { c.at = c.at.Add(d) }

// keep puts a snapshot as an enumeration that begins and ends now does.
func (s *snapshots) keep(list string, items []item) moment {
	at := moment{list, "m"}
	s.put(at, items, s.now())
	return at
}

func (s *snapshots) has(at moment) bool {
	_, ok := s.get(at)
	return ok
}

// TestSnapshotsAgeFromWhenTheyWereMade: whoever uses one does not prolong it.
func TestSnapshotsAgeFromWhenTheyWereMade(t *testing.T) {
	c := &clock{}
	s := newSnapshots(c.now)
	a := s.keep("a", []item{{0, "1"}})
	c.turn(snapshotLife)
	if !s.has(a) {
		t.Error("a snapshot has gone before its time")
	}
	c.turn(1)
	if s.has(a) {
		t.Error("a snapshot outlives its time")
	}
	if len(s.byList) != 0 {
		t.Error("what is too old is kept")
	}
}

// TestSnapshotsEndWithTheMark of the directory in which they were made.
func TestSnapshotsEndWithTheMark(t *testing.T) {
	s := newSnapshots(time.Now)
	at := s.keep("a", nil)
	if s.has(moment{at.list, "another"}) || s.has(moment{at.list, ""}) {
		t.Error("a snapshot of another state is served")
	}
	if !s.has(at) {
		t.Error("a snapshot of this state is not served")
	}
}

func TestSnapshotsAreFew(t *testing.T) {
	c := &clock{}
	s := newSnapshots(c.now)
	first := s.keep("first", nil)
	c.turn(1)
	second := s.keep("second", nil)
	for i := range snapshotsMax - 1 {
		c.turn(1)
		s.keep(string(rune('a'+i)), nil)
	}
	if s.has(first) || len(s.byList) != snapshotsMax {
		t.Errorf("%d snapshots, the oldest among them: %t", len(s.byList), s.has(first))
	}
	if !s.has(second) {
		t.Error("more than the oldest has gone")
	}
}

// TestSnapshotsAreBounded: lists of a large directory fill the memory before they are many.
func TestSnapshotsAreBounded(t *testing.T) {
	c := &clock{}
	s := newSnapshots(c.now)
	large := make([]item, placesMax/2)
	keys := map[string]moment{}
	for _, text := range []string{"a", "b", "a", "c"} {
		c.turn(1)
		keys[text] = s.keep(text, large)
	}
	if s.has(keys["b"]) || !s.has(keys["a"]) || !s.has(keys["c"]) {
		t.Error("not the snapshot that was made first has gone")
	}
	if all := s.keep("d", make([]item, placesMax)); !s.has(all) || len(s.byList) != 1 {
		t.Error("a list as large as all may be is not kept alone")
	}
}
