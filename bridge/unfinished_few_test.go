package bridge

import "testing"

// TestUnfinishedAreFew, and are forgotten after their time.
func TestUnfinishedAreFew(t *testing.T) {
	c := &clock{}
	u := newUnfinished(c.now)
	first, second := asked{typ: "Group", caller: "first"}, asked{typ: "Group", caller: "second"}
	u.note(first, "1")
	c.turn(1)
	u.note(second, "2")
	for i := range unfinishedMax - 1 {
		u.note(asked{body: [32]byte{byte(i), byte(i >> 8), 1}}, "n")
	}
	if u.left(first) != "" || u.left(second) != "2" || len(u.made) != unfinishedMax {
		t.Errorf("%d kept, the first %q, the second %q", len(u.made), u.left(first), u.left(second))
	}
	c.turn(unfinishedLife + 1)
	if u.left(second) != "" {
		t.Error("kept beyond its time")
	}
	u.note(second, "")
	if len(u.made) != 0 {
		t.Errorf("%d kept beyond their time", len(u.made))
	}
}
