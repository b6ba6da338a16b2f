package bridge

import (
	"testing"
	"time"

	"scimbridge/ldapmap/ldif"
)

// clock is a time that a test turns.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) turn(d time.Duration) { c.at = c.at.Add(d) }

// keep puts a snapshot as an enumeration that begins and ends now does.
func (s *snapshots) keep(text string, items []item) listKey {
	key := listKey{text: text}
	s.put(moment{key, s.stateFor(key)}, items, s.now())
	return key
}

func (s *snapshots) has(key listKey) bool {
	_, ok := s.get(key)
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
	if len(s.byKey) != 0 {
		t.Error("what is too old is kept")
	}
}

// TestSnapshotsEndWithAWrite that may change their places: which entries there are, or what they hold.
func TestSnapshotsEndWithAWrite(t *testing.T) {
	for kind, ends := range map[ldif.EffectKind]bool{
		ldif.Created: true, ldif.Deleted: true, ldif.Moved: true, ldif.Changed: false, ldif.Renamed: false, ldif.MembersAdded: false,
	} {
		s := newSnapshots(time.Now)
		all, filtered := listKey{text: "all"}, listKey{"filtered", true}
		for _, key := range []listKey{all, filtered} {
			s.put(moment{key, s.stateFor(key)}, nil, s.now())
		}
		s.wrote(ldif.Plan{Effects: []ldif.Effect{{Kind: kind}}})
		if s.has(filtered) {
			t.Errorf("%s: a filtered list is as it was", kind)
		}
		if s.has(all) == ends {
			t.Errorf("%s: a list of all ends: %t", kind, !ends)
		}
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
	if s.has(first) || len(s.byKey) != snapshotsMax {
		t.Errorf("%d snapshots, the oldest among them: %t", len(s.byKey), s.has(first))
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
	keys := map[string]listKey{}
	for _, text := range []string{"a", "b", "a", "c"} {
		c.turn(1)
		keys[text] = s.keep(text, large)
	}
	if s.has(keys["b"]) || !s.has(keys["a"]) || !s.has(keys["c"]) {
		t.Error("not the snapshot that was made first has gone")
	}
	if all := s.keep("d", make([]item, placesMax)); !s.has(all) || len(s.byKey) != 1 {
		t.Error("a list as large as all may be is not kept alone")
	}
}
