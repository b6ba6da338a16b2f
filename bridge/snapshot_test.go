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
