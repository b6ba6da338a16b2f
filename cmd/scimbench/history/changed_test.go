package history

import (
	"slices"
	"strings"
	"testing"
	"time"

	"scimbridge/ldapmap/ldif"
)

// TestChanged: what surely changed something is told, and what may have found all as it wishes is not.
func TestChanged(t *testing.T) {
	const ada, bo = "ada", "bo"
	const tomb = "0123456789abcdef0123456789abcdef" + ada
	made := func(h *told) { // r1
		h.say(Op{N: 1, Kind: Create}, 1, 2, 201, ada)
	}
	left := func(h *told) { // r2
		made(h)
		h.say(Op{Kind: SoftDelete, User: 1}, 3, 4, 200, tomb)
	}
	blocked := func(h *told) { // r2
		made(h)
		h.say(Op{N: 9, Kind: Disable, User: 1}, 3, 4, 200, "")
	}
	grouped := func(h *told) { // r3
		made(h)
		h.say(Op{N: 2, Kind: Create}, 1, 2, 201, bo)
		h.say(Op{N: 3, Kind: CreateGroup, Members: []int{1}}, 3, 4, 201, "crew")
	}
	again := func(h *told, status int) { // the last is sent twice at once
		e := *h.events[len(h.events)-1]
		e.Request, e.Status = e.Request+"'", status
		h.events = append(h.events, &e)
	}
	blockedAs := func(name string) *ldif.Entry {
		e := person(1, name, "scimUserName="+name)
		e.Set("userAccountControl", "514")
		return e
	}
	titled := func(e *ldif.Entry, n int) *ldif.Entry { e.Set("title", Title(n)); return e }
	is := func(people ...*ldif.Entry) []*ldif.Entry { return people }
	nine := is(titled(person(1, ada), 9))
	one, both := is(person(1, ada)), is(person(1, ada, "memberOf=cn=crew,ou=groups"), person(2, bo))
	all := is(person(1, ada, "memberOf=cn=crew,ou=groups"), person(2, bo, "memberOf=cn=crew,ou=groups"))
	crew, everybody := is(team(3, "crew", "uid=ada,ou=people")), is(team(3, "crew", "uid=ada,ou=people", "uid=bo,ou=people"))
	nobody := is(team(3, "crew"))
	for name, c := range map[string]struct {
		tell          func(h *told)
		people, teams []*ldif.Entry
		want          string // the requests, with ' the second of two at once
	}{
		"a create": {made, one, nil, "r1"},
		"a create that is sent again": {func(h *told) {
			h.say(Op{N: 1, Kind: Create}, 1, 2, 0, ada)
			h.say(Op{N: 1, Kind: Create}, 3, 4, 201, ada)
		}, one, nil, ""},
		"a create that is refused":   {func(h *told) { h.say(Op{N: 1, Kind: Create}, 1, 2, 400, ada) }, nil, nil, ""},
		"a create without an answer": {func(h *told) { h.say(Op{N: 1, Kind: Create}, 1, 2, 503, ada) }, one, nil, ""},
		"a create twice at once":     {func(h *told) { made(h); again(h, 201) }, one, nil, "r1|r1'"},
		"one of two at once":         {func(h *told) { made(h); again(h, 409) }, one, nil, "r1"},
		"two at once, one without an answer": {func(h *told) {
			made(h)
			h.say(Op{N: 9, Kind: Retitle, User: 1}, 3, 4, 200, "")
			again(h, 0)
		}, nine, nil, "r1"},
		"a deletion":                {func(h *told) { made(h); h.say(Op{Kind: Delete, User: 1}, 3, 4, 204, "") }, nil, nil, "r1 r2"},
		"what reads":                {func(h *told) { made(h); h.say(Op{Kind: Get, User: 1}, 3, 4, 200, "") }, one, nil, "r1"},
		"a soft delete":             {left, is(blockedAs(tomb)), nil, "r1 r2"},
		"a restore":                 {func(h *told) { left(h); h.say(Op{Kind: Restore, User: 1}, 5, 6, 200, ada) }, one, nil, "r1 r2 r3"},
		"a restore of who is there": {func(h *told) { made(h); h.say(Op{Kind: Restore, User: 1}, 5, 6, 200, ada) }, one, nil, "r1"},
		"a restore of who is only blocked": {func(h *told) {
			blocked(h)
			h.say(Op{Kind: Restore, User: 1}, 5, 6, 200, ada)
		}, nine, nil, "r1 r2 r3"},
		"an enable": {func(h *told) {
			blocked(h)
			h.say(Op{Kind: Enable, User: 1}, 5, 6, 200, "")
		}, nine, nil, "r1 r2 r3"},
		"an enable of who is active": {func(h *told) { made(h); h.say(Op{Kind: Enable, User: 1}, 5, 6, 200, "") }, one, nil, "r1"},
		"two enables": {func(h *told) {
			blocked(h)
			h.say(Op{Kind: Enable, User: 1}, 5, 6, 200, "")
			h.say(Op{Kind: Enable, User: 1}, 7, 8, 200, "")
		}, nine, nil, "r1 r2 r3"},
		"two enables beside one another": {func(h *told) {
			blocked(h)
			h.say(Op{Kind: Enable, User: 1}, 5, 7, 200, "")
			h.say(Op{Kind: Enable, User: 1}, 6, 8, 200, "")
		}, nine, nil, "r1 r2"},
		"an enable twice at once": {func(h *told) {
			blocked(h)
			h.say(Op{Kind: Enable, User: 1}, 5, 7, 200, "")
			again(h, 200)
		}, nine, nil, "r1 r2 r3|r3'"},
		"an enable behind one without an answer": {func(h *told) {
			blocked(h)
			h.say(Op{Kind: Enable, User: 1}, 5, 6, 503, "")
			h.say(Op{Kind: Enable, User: 1}, 7, 8, 200, "")
		}, nine, nil, "r1 r2"},
		"an enable beside a block": {func(h *told) {
			made(h)
			h.say(Op{N: 9, Kind: Disable, User: 1}, 3, 6, 200, "")
			h.say(Op{Kind: Enable, User: 1}, 5, 7, 200, "")
		}, nine, nil, "r1 r2"},
		"a member": {func(h *told) {
			grouped(h)
			h.say(Op{Kind: AddMembers, Group: 3, Members: []int{1, 2}}, 5, 6, 204, "")
		}, all, everybody, "r1 r2 r3 r4"},
		"a member who is one": {func(h *told) {
			grouped(h)
			h.say(Op{Kind: AddMembers, Group: 3, Members: []int{1}}, 5, 6, 204, "")
		}, both, crew, "r1 r2 r3"},
		"a member beside another who adds him": {func(h *told) {
			grouped(h)
			h.say(Op{Kind: AddMembers, Group: 3, Members: []int{2}}, 5, 7, 503, "")
			h.say(Op{Kind: AddMembers, Group: 3, Members: []int{2}}, 6, 8, 204, "")
		}, all, everybody, "r1 r2 r3"},
		"a member who is renamed meanwhile": {func(h *told) {
			grouped(h)
			h.say(Op{Kind: AddMembers, Group: 3, Members: []int{2}}, 5, 7, 204, "")
			h.say(Op{N: 2, Kind: Rename, User: 2}, 6, 8, 409, ada)
		}, all, everybody, "r1 r2 r3"},
		"a member of a group that is renamed meanwhile": {func(h *told) {
			grouped(h)
			h.say(Op{Kind: AddMembers, Group: 3, Members: []int{2}}, 5, 7, 204, "")
			h.say(Op{Kind: RenameGroup, Group: 3}, 6, 8, 400, "squad")
		}, all, everybody, "r1 r2 r3"},
		"a removal": {func(h *told) {
			grouped(h)
			h.say(Op{Kind: RemoveMember, Group: 3, Members: []int{1}}, 5, 6, 204, "")
		}, is(person(1, ada), person(2, bo)), nobody, "r1 r2 r3 r4"},
		"a removal of none": {func(h *told) {
			grouped(h)
			h.say(Op{Kind: RemoveMember, Group: 3, Members: []int{2}}, 5, 6, 204, "")
		}, both, crew, "r1 r2 r3"},
		"a group's name": {func(h *told) {
			grouped(h)
			h.say(Op{Kind: RenameGroup, Group: 3, Name: "squad"}, 5, 6, 200, "squad")
			h.say(Op{Kind: RenameGroup, Group: 3, Name: "Crew"}, 7, 8, 200, "Crew")
		}, both, crew, "r1 r2 r3 r4 r5"},
		"a group's own name": {func(h *told) {
			grouped(h)
			h.say(Op{Kind: RenameGroup, Group: 3, Name: "Crew"}, 5, 6, 200, "Crew")
		}, both, crew, "r1 r2 r3"},
	} {
		t.Run(name, func(t *testing.T) {
			h, checker := &told{}, NewChecker()
			c.tell(h)
			snapshot, wrong := Look(end, c.people, c.teams)
			for _, v := range append(wrong, checker.Round(h.events, snapshot)...) {
				t.Error(v)
			}
			var changed []string
			for _, set := range checker.Changed() {
				var one []string
				for _, e := range set {
					one = append(one, e.Request)
				}
				changed = append(changed, strings.Join(one, "|"))
			}
			slices.Sort(changed)
			if got := strings.Join(changed, " "); got != c.want {
				t.Errorf("%q surely changed something, and %q did", got, c.want)
			}
		})
	}
}

// TestChangedNextRound: what was there before the round counts.
func TestChangedNextRound(t *testing.T) {
	checker := NewChecker()
	for n, c := range []struct {
		tell    func(h *told, at float64)
		control string
		want    int
	}{
		{func(h *told, at float64) {
			h.say(Op{N: 1, Kind: Create}, at+1, at+2, 201, "ada")
			h.say(Op{N: 9, Kind: Disable, User: 1}, at+3, at+4, 200, "")
		}, "514", 2},
		{func(h *told, at float64) { h.say(Op{Kind: Enable, User: 1}, at+1, at+2, 200, "") }, "512", 1},
		{func(h *told, at float64) { h.say(Op{Kind: Enable, User: 1}, at+1, at+2, 200, "") }, "512", 0},
	} {
		h := &told{}
		c.tell(h, end.Seconds()*float64(n))
		ada := person(1, "ada")
		ada.Set("userAccountControl", c.control)
		ada.Set("title", Title(9))
		now, _ := Look(end*time.Duration(n+1), []*ldif.Entry{ada}, nil)
		if wrong := checker.Round(h.events, now); len(wrong) > 0 {
			t.Error(wrong)
		}
		if changed := checker.Changed(); len(changed) != c.want {
			t.Errorf("round %d: %v", n, changed)
		}
	}
}
