package history

import (
	"testing"
	"time"

	"scimbridge/ldapmap/ldif"
)

// TestLeftByOverlay: memberOf is the overlay's own fault where two changes of the membership were under way at once, or slapd was killed in
// one of them, and nowhere else.
func TestLeftByOverlay(t *testing.T) {
	stale := []*ldif.Entry{person(1, "ada", "memberOf=cn=crew,ou=groups")}
	rename := func(h *told, group int, from, to float64) {
		h.say(Op{Kind: RenameGroup, Group: group}, from, to, 200, "squad")
	}
	add := func(h *told, user int, from, to float64) {
		h.say(Op{Kind: AddMembers, Group: 3, Members: []int{user}}, from, to, 204, "")
	}
	for name, c := range map[string]struct {
		tell   func(h *told)
		teams  []*ldif.Entry
		killed time.Duration
		own    bool
	}{
		"nothing":             {tell: func(*told) {}},
		"a rename by itself":  {tell: func(h *told) { rename(h, 3, 1, 2) }},
		"one after the other": {tell: func(h *told) { add(h, 1, 1, 2); rename(h, 3, 3, 4) }},
		"at once":             {tell: func(h *told) { add(h, 1, 1, 3); rename(h, 3, 2, 4) }, own: true},
		"of another":          {tell: func(h *told) { add(h, 2, 1, 3); rename(h, 3, 2, 4) }},
		"of another group":    {tell: func(h *told) { add(h, 1, 1, 3); rename(h, 4, 2, 4) }},
		"out, at once":        {tell: func(h *told) { add(h, 1, 1, 3); add(h, 1, 2, 4) }, teams: []*ldif.Entry{team(3, "crew")}, own: true},
		"out, by itself":      {tell: func(h *told) { add(h, 1, 1, 3) }, teams: []*ldif.Entry{team(3, "crew")}},
		"slapd was killed": {
			tell: func(h *told) { add(h, 1, 1, 3) }, teams: []*ldif.Entry{team(3, "crew")}, killed: 2 * time.Second, own: true,
		},
		"slapd was killed behind it": {
			tell: func(h *told) { add(h, 1, 1, 3) }, teams: []*ldif.Entry{team(3, "crew")}, killed: 4 * time.Second,
		},
	} {
		h := &told{}
		c.tell(h)
		_, wrong := Look(end, stale, c.teams)
		if len(wrong) != 1 || wrong[0].LeftByOverlay(h.events, end, []time.Duration{c.killed}) != c.own {
			t.Errorf("%s: %v, and it is to be the overlay's own: %t", name, wrong, c.own)
		}
	}
}
