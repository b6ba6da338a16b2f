package bridge

import (
	"fmt"
	"testing"
	"time"
)

func TestSnapshotsEnd(t *testing.T) {
	now := time.Unix(0, 0)
	s := newSnapshots(func() time.Time { return now })
	s.put("a", []item{{0, "1"}})
	now = now.Add(snapshotLife)
	if _, ok := s.get("a"); !ok {
		t.Error("a snapshot in use has gone")
	}
	now = now.Add(snapshotLife) // the use above made it live on
	if _, ok := s.get("a"); !ok {
		t.Error("a use does not prolong a snapshot")
	}
	now = now.Add(snapshotLife + 1)
	if _, ok := s.get("a"); ok {
		t.Error("a snapshot outlives its time")
	}
}

func TestSnapshotsAreFew(t *testing.T) {
	now := time.Unix(0, 0)
	s := newSnapshots(func() time.Time { return now })
	for i := range snapshotsMax + 1 {
		now = now.Add(time.Second)
		s.put(fmt.Sprint(i), nil)
	}
	if _, ok := s.get("0"); ok || len(s.byKey) != snapshotsMax {
		t.Errorf("%d snapshots, the oldest among them: %t", len(s.byKey), ok)
	}
	if _, ok := s.get("1"); !ok {
		t.Error("more than the oldest has gone")
	}
}

// TestSnapshotsAreBounded: lists of a large directory fill the memory before they are many.
func TestSnapshotsAreBounded(t *testing.T) {
	now := time.Unix(0, 0)
	s := newSnapshots(func() time.Time { return now })
	large := make([]item, placesMax/2)
	for _, key := range []string{"a", "b", "a", "c"} {
		now = now.Add(time.Second)
		s.put(key, large)
	}
	if _, ok := s.get("b"); ok || len(s.byKey) != 2 {
		t.Errorf("%d large snapshots, the one used least lately among them: %t", len(s.byKey), ok)
	}
	s.put("d", make([]item, placesMax+1))
	if _, ok := s.get("d"); !ok || len(s.byKey) != 1 {
		t.Error("a list larger than all may be is not kept alone")
	}
}
