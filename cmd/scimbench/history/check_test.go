package history

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"scimbridge/ldapmap/ldif"
)

// told makes a history: each line is a kind, who, when it was asked and answered (in seconds) and the status.
type told struct {
	events []*Event
	made   int
}

func (h *told) say(op Op, from, to float64, status int, name string) *Event {
	h.made++
	if op.N == 0 {
		op.N = 1000 + h.made
	}
	second := float64(time.Second)
	e := &Event{
		Op: &op, Request: fmt.Sprintf("r%d", h.made), Start: time.Duration(from * second), End: time.Duration(to * second),
		Status: status, Name: name,
	}
	h.events = append(h.events, e)
	return e
}

// person and team are entries as the map writes them.
func person(n int, name string, more ...string) *ldif.Entry {
	e := &ldif.Entry{DN: "uid=" + name + ",ou=people"}
	e.Set("uid", name)
	e.Set("entryUUID", fmt.Sprintf("id-%d", n))
	e.Set("scimExternalId", ExternalID(n))
	e.Set("title", Title(n))
	e.Set("userAccountControl", "512")
	for _, line := range more {
		attribute, value, _ := strings.Cut(line, "=")
		e.Set(attribute, append(slices.Clone(e.Values(attribute)), value)...)
	}
	return e
}

func team(n int, name string, members ...string) *ldif.Entry {
	e := &ldif.Entry{DN: "cn=" + name + ",ou=groups"}
	e.Set("cn", name)
	e.Set("entryUUID", fmt.Sprintf("id-%d", n))
	e.Set("scimExternalId", ExternalID(n))
	e.Set("member", members...)
	return e
}

const end = 100 * time.Second

// TestChecker: what cannot have been is found, and what can is not.
func TestChecker(t *testing.T) {
	const ada, bo = "ada", "bo"
	made := func(h *told) { h.say(Op{N: 1, Kind: Create}, 1, 2, 201, ada).ID = "id-1" }
	both := func(h *told) {
		made(h)
		h.say(Op{N: 2, Kind: Create}, 1, 2, 201, bo)
	}
	grouped := func(h *told) {
		both(h)
		h.say(Op{N: 3, Kind: CreateGroup, Members: []int{1}}, 3, 4, 201, "crew")
	}
	is := func(people ...*ldif.Entry) []*ldif.Entry { return people }
	titled := func(n int) string { return Title(n) }
	retitled := func(e *ldif.Entry, n int) *ldif.Entry { e.Set("title", titled(n)); return e }
	blocked := func(e *ldif.Entry) *ldif.Entry { e.Set("userAccountControl", "514"); return e }
	named := func(e *ldif.Entry, name string) *ldif.Entry { e.Set("scimUserName", name); return e }
	const tomb = "0123456789abcdef0123456789abcdef" + ada
	for name, c := range map[string]struct {
		tell          func(h *told)
		people, teams []*ldif.Entry
		wrong         string // "": nothing is
	}{
		"as it was told": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Retitle, User: 1}, 3, 4, 200, "")
		}, people: is(retitled(person(1, ada), 7))},
		"a lost write": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Retitle, User: 1}, 3, 4, 200, "")
		}, people: is(person(1, ada)), wrong: "title of user 1"},
		"made by two at once, as one": {tell: func(h *told) {
			h.say(Op{N: 1, Kind: Create}, 1, 3, 201, ada).ID = "id-1"
			h.say(Op{N: 1, Kind: Create}, 2, 4, 201, ada).ID = "id-1"
		}, people: is(person(1, ada))},
		"made, and later again": {tell: func(h *told) {
			h.say(Op{N: 1, Kind: Create}, 1, 2, 201, ada).ID = "id-1"
			h.say(Op{N: 1, Kind: Create}, 3, 4, 201, ada).ID = "id-1"
		}, people: is(person(1, ada)), wrong: "userName of user 1"},
		"deleted by two at once": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Delete, User: 1}, 3, 5, 204, "")
			h.say(Op{N: 8, Kind: Delete, User: 1}, 4, 6, 204, "")
		}},
		"deleted, and later again": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Delete, User: 1}, 3, 4, 204, "")
			h.say(Op{N: 8, Kind: Delete, User: 1}, 5, 6, 204, "")
		}, wrong: "title of user 1"},
		"a write that was overtaken": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Retitle, User: 1}, 3, 6, 200, "")
			h.say(Op{N: 8, Kind: Retitle, User: 1}, 4, 5, 200, "")
		}, people: is(retitled(person(1, ada), 7))},
		"a write that was not overtaken": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Retitle, User: 1}, 3, 4, 200, "")
			h.say(Op{N: 8, Kind: Retitle, User: 1}, 5, 6, 200, "")
		}, people: is(retitled(person(1, ada), 7)), wrong: "title of user 1"},
		"a write over what it did not mean": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Retitle, User: 1}, 3, 4, 200, "")
			h.say(Op{N: 8, Kind: Retitle, User: 1}, 5, 6, 200, "").Matched = &Shown{Title: titled(1)}
		}, people: is(retitled(person(1, ada), 8)), wrong: "title of user 1"},
		"a write over what it meant": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Retitle, User: 1}, 3, 4, 200, "")
			h.say(Op{N: 8, Kind: Retitle, User: 1}, 5, 6, 200, "").Matched = &Shown{Title: titled(7)}
		}, people: is(retitled(person(1, ada), 8))},
		"an acknowledged create that is not there": {tell: made, wrong: "of user 1"},
		"a create without an answer": {
			tell: func(h *told) { h.say(Op{N: 1, Kind: Create}, 1, 2, 0, ada) }, people: is(person(1, ada)),
		},
		"a create without an answer, or not": {tell: func(h *told) { h.say(Op{N: 1, Kind: Create}, 1, 2, 503, ada) }},
		"a refused create that is there": {tell: func(h *told) {
			h.say(Op{N: 2, Kind: Create}, 0, 0.5, 201, bo)
			h.say(Op{N: 1, Kind: Create}, 1, 2, 400, ada)
		}, people: is(person(1, ada), person(2, bo)), wrong: "of user 1"},
		"a refusal that is half there": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Rename, User: 1}, 3, 4, 400, "cy")
		}, people: is(retitled(person(1, ada), 7)), wrong: "rename user 1 as cy: 400"},
		"half of what had no answer": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Rename, User: 1}, 3, 4, 503, "cy")
		}, people: is(retitled(person(1, ada), 7))},
		"what had no answer comes late": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Retitle, User: 1}, 3, 4, 0, "")
			h.say(Op{N: 8, Kind: Retitle, User: 1}, 5, 6, 200, "")
		}, people: is(retitled(person(1, ada), 7))},
		"a deletion that is not": {tell: func(h *told) {
			made(h)
			h.say(Op{Kind: Delete, User: 1}, 3, 4, 204, "")
		}, people: is(person(1, ada)), wrong: "of user 1"},
		"404 of who is there": {tell: func(h *told) {
			made(h)
			h.say(Op{Kind: Get, User: 1}, 3, 4, 404, "")
		}, people: is(person(1, ada)), wrong: "userName of user 1"},
		"a stale answer": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 7, Kind: Retitle, User: 1}, 3, 4, 200, "")
			h.say(Op{Kind: Get, User: 1}, 5, 6, 200, "").Shown = &Shown{ada, titled(1), true}
		}, people: is(retitled(person(1, ada), 7)), wrong: "title of user 1"},
		"a title that a rename gave, took back and gave again": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 2, Kind: Rename, User: 1}, 3, 8, 200, bo)
			h.say(Op{Kind: Get, User: 1}, 4, 5, 200, ada).Shown = &Shown{ada, titled(2), true}
			h.say(Op{Kind: Get, User: 1}, 6, 7, 200, ada).Shown = &Shown{ada, titled(1), true}
		}, people: is(retitled(person(1, bo), 2))},
		"a title that went back behind a rename": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 2, Kind: Rename, User: 1}, 3, 4, 200, bo)
			h.say(Op{Kind: Get, User: 1}, 5, 6, 200, bo).Shown = &Shown{bo, titled(1), true}
		}, people: is(retitled(person(1, bo), 2)), wrong: "title of user 1"},
		"a block that was taken back by nobody": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 1, Kind: Disable, User: 1}, 3, 4, 200, "")
		}, people: is(person(1, ada)), wrong: "active of user 1"},
		"a blocked one who binds": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 1, Kind: Disable, User: 1}, 3, 4, 200, "")
			h.say(Op{Kind: Bind, User: 1}, 5, 6, 200, "")
		}, people: is(blocked(person(1, ada))), wrong: "active of user 1"},
		"who binds while he is blocked": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 1, Kind: Disable, User: 1}, 3, 5, 200, "")
			h.say(Op{Kind: Bind, User: 1}, 4, 4.5, 200, "")
		}, people: is(blocked(person(1, ada)))},
		"a leaver under a clean name": {tell: func(h *told) {
			made(h)
			h.say(Op{Kind: SoftDelete, User: 1}, 3, 4, 200, tomb)
		}, people: is(blocked(person(1, ada))), wrong: "userName of user 1"},
		"a leaver and a newcomer": {tell: func(h *told) {
			made(h)
			h.say(Op{Kind: SoftDelete, User: 1}, 3, 4, 200, tomb)
			h.say(Op{N: 2, Kind: Create}, 5, 6, 201, ada)
		}, people: is(named(blocked(person(1, tomb)), tomb), person(2, ada))},
		"two logins": {tell: func(h *told) {
			made(h)
			h.say(Op{Kind: SoftDelete, User: 1}, 3, 4, 200, tomb)
			h.say(Op{N: 2, Kind: Create}, 5, 6, 201, ada)
		}, people: is(named(blocked(person(1, ada)), tomb), person(2, ada)), wrong: "one login"},
		"two holders": {
			tell: both, people: is(person(1, ada), person(2, ada)), wrong: "have one userName",
		},
		"two holders by the answers": {tell: func(h *told) {
			made(h)
			h.say(Op{N: 2, Kind: Create}, 3, 4, 201, ada)
			h.say(Op{Kind: Delete, User: 1}, 5, 6, 204, "")
		}, people: is(person(2, ada)), wrong: "had the name ada at once"},
		"one after the other": {tell: func(h *told) {
			made(h)
			h.say(Op{Kind: Delete, User: 1}, 3, 6, 204, "")
			h.say(Op{N: 2, Kind: Create}, 4, 5, 201, ada)
		}, people: is(person(2, ada))},
		"taken by nobody": {tell: func(h *told) {
			made(h)
			h.say(Op{Kind: Delete, User: 1}, 3, 4, 204, "")
			h.say(Op{N: 2, Kind: Create}, 5, 6, 409, ada)
		}, wrong: "nobody can have had it"},
		"another id": {tell: func(h *told) {
			made(h)
			h.say(Op{Kind: Get, User: 1}, 3, 4, 200, "").ID = "id-9"
		}, people: is(person(1, ada)), wrong: "the id of 1"},
		"a member": {
			tell: grouped, people: is(person(1, ada, "memberOf=cn=crew,ou=groups"), person(2, bo)),
			teams: is(team(3, "crew", "uid=ada,ou=people")),
		},
		"a lost member": {
			tell: func(h *told) {
				grouped(h)
				h.say(Op{Kind: AddMembers, Group: 3, Members: []int{2}}, 5, 6, 204, "")
			}, people: is(person(1, ada, "memberOf=cn=crew,ou=groups"), person(2, bo)),
			teams: is(team(3, "crew", "uid=ada,ou=people")), wrong: "whether user 2 is in group 3",
		},
		"a member who was removed": {
			tell: func(h *told) {
				grouped(h)
				h.say(Op{Kind: RemoveMember, Group: 3, Members: []int{1}}, 5, 6, 204, "")
			}, people: is(person(1, ada, "memberOf=cn=crew,ou=groups"), person(2, bo)),
			teams: is(team(3, "crew", "uid=ada,ou=people")), wrong: "whether user 1 is in group 3",
		},
		"a member lost on the way": {tell: func(h *told) {
			grouped(h)
			h.say(Op{Kind: Rename, User: 1, N: 1}, 5, 6, 503, "cy")
		}, people: is(person(1, ada), person(2, bo)), teams: is(team(3, "crew")), wrong: "whether user 1 is in group 3"},
		"a dangling member": {tell: func(h *told) {
			grouped(h)
			h.say(Op{Kind: Delete, User: 1}, 5, 6, 204, "")
		}, people: is(person(2, bo)), teams: is(team(3, "crew", "uid=ada,ou=people")), wrong: "a member that is nobody"},
		"a wrong memberOf": {
			tell: grouped, people: is(person(1, ada), person(2, bo, "memberOf=cn=crew,ou=groups")),
			teams: is(team(3, "crew", "uid=ada,ou=people")), wrong: "memberOf",
		},
		"memberOf of no group": {
			tell: both, people: is(person(1, ada, "memberOf=cn=crew,ou=groups"), person(2, bo)), wrong: "what is no group",
		},
		"a group's lost name": {
			tell: func(h *told) {
				grouped(h)
				h.say(Op{Kind: RenameGroup, Group: 3}, 5, 6, 200, "squad")
			}, people: is(person(1, ada, "memberOf=cn=crew,ou=groups"), person(2, bo)),
			teams: is(team(3, "crew", "uid=ada,ou=people")), wrong: "name of group 3",
		},
		"somebody from nowhere": {tell: made, people: is(person(1, ada), person(5, "eve")), wrong: "of user 5"},
		"a stranger": {
			tell: made, wrong: "made by nobody",
			people: is(person(1, ada), &ldif.Entry{DN: "uid=x", Attributes: []ldif.Attribute{{Name: "uid", Values: []string{"x"}}}}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := &told{}
			c.tell(h)
			snapshot, wrong := Look(end, c.people, c.teams)
			wrong = append(wrong, NewChecker().Round(h.events, snapshot)...)
			found := ""
			for _, v := range wrong {
				found += v.String() + "\n"
			}
			if c.wrong == "" && found != "" || !strings.Contains(found, c.wrong) {
				t.Errorf("found %q, want %q", found, c.wrong)
			}
		})
	}
}

// TestChecksNextRound: what was there stays, though nobody asked for it.
func TestChecksNextRound(t *testing.T) {
	c := NewChecker()
	before, _ := Look(end, []*ldif.Entry{person(1, "ada")}, []*ldif.Entry{team(3, "crew", "uid=ada,ou=people")})
	h := &told{}
	h.say(Op{N: 1, Kind: Create}, 1, 2, 201, "ada")
	h.say(Op{N: 3, Kind: CreateGroup, Members: []int{1}}, 3, 4, 201, "crew")
	if wrong := c.Round(h.events, before); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	for name, s := range map[string]func() Snapshot{
		"a user is gone":  func() Snapshot { s, _ := Look(2*end, nil, nil); s.Groups = before.Groups; return s },
		"a group is gone": func() Snapshot { s, _ := Look(2*end, []*ldif.Entry{person(1, "ada")}, nil); return s },
		"a member is": func() Snapshot {
			s, _ := Look(2*end, []*ldif.Entry{person(1, "ada")}, []*ldif.Entry{team(3, "crew")})
			return s
		},
		"a title changed": func() Snapshot {
			s, _ := Look(2*end, []*ldif.Entry{person(1, "ada", "title=x")}, []*ldif.Entry{team(3, "crew", "uid=ada,ou=people")})
			s.Users[1].Title = "x"
			return s
		},
	} {
		again := &Checker{last: c.last, ids: maps.Clone(c.ids)}
		if wrong := again.Round(nil, s()); len(wrong) == 0 {
			t.Errorf("%s: %v", name, wrong)
		}
	}
	if wrong := c.Round(nil, before); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestOrdered: orders of a register's acts, against all of them.
func TestOrdered(t *testing.T) {
	write := func(v string, from, to int, must bool) act {
		return act{start: time.Duration(from), end: time.Duration(to), must: must, do: func(string) (string, bool) { return v, true }}
	}
	read := func(v string, from, to int) act {
		return act{start: time.Duration(from), end: time.Duration(to), must: true, do: func(s string) (string, bool) { return s, s == v }}
	}
	for _, c := range []struct {
		acts []act
		want verdict
	}{
		{[]act{write("a", 0, 9, true), write("b", 1, 2, true), read("a", 10, 11)}, possible},
		{[]act{write("a", 0, 1, true), write("b", 2, 3, true), read("a", 10, 11)}, impossible},
		{[]act{write("a", 0, 9, true), read("a", 1, 2), read("", 3, 4)}, impossible},
		{[]act{write("a", 0, 9, true), read("", 1, 2), read("a", 3, 4)}, possible},
		{[]act{write("a", 0, 9, false), read("", 10, 11)}, possible},
		{[]act{write("a", 0, 9, false), read("a", 1, 2), read("", 3, 4)}, impossible},
		{[]act{write("a", 0, 2, false), write("b", 3, 4, true), read("a", 5, 6)}, impossible},
		{[]act{write("a", 0, 9, false), write("b", 3, 4, true), read("a", 5, 6)}, possible},
	} {
		if got := ordered("", c.acts); got != c.want {
			t.Errorf("%v: %v, want %v", c.acts, got, c.want)
		}
	}
	var many []act // of which nobody knows anything
	for n := range 40 {
		many = append(many, write(fmt.Sprint(n), 0, 100, false))
	}
	if got := ordered("", append(many, read("none of them", 50, 60))); got != undecided {
		t.Errorf("%v", got)
	}
}
