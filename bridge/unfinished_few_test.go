package bridge

import "testing"

// TestUnfinishedAreFew, and are forgotten after their time.
func TestUnfinishedAreFew(t *testing.T) {
	c := &clock{}
	u := newUnfinished(c.now)
	first, second := asked{typ: "Group", caller: "first"}, asked{typ: "Group", caller: "second"}
	u.note(first, "1", 0)
	c.turn(1)
	u.note(second, "2", 0)
	for i := range unfinishedMax - 1 {
		u.note(asked{body: [32]byte{byte(i), byte(i >> 8), 1}}, "n", 0)
	}
	if u.left(first).id != "" || u.left(second).id != "2" || len(u.made) != unfinishedMax {
		t.Errorf("%d kept, the first %q, the second %q", len(u.made), u.left(first).id, u.left(second).id)
	}
	c.turn(unfinishedLife + 1)
	if u.left(second).id != "" {
		t.Error("kept beyond its time")
	}
	u.note(second, "3", 0)
	if u.forget("3"); len(u.made) != 0 {
		t.Errorf("%d kept beyond their time", len(u.made))
	}
}
