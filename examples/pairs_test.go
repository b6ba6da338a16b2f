package examples_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// A couple is two requests that meet, and those whom they are about: a user who is a member of a group and the manager of a report, another
// user, and a leaver who is a member too.
type couple struct {
	*crew
	round         string
	other, leaver string
}

func (p *couple) name(of string) string { return of + p.round + "@contoso.example" }

// newCouple makes them anew, under names of their own.
func newCouple(t *testing.T, c copies, round string) *couple {
	p := &couple{crew: &crew{copies: c}, round: round}
	d := c.of(0)
	p.user, p.other = d.user(t, p.name("anna")), d.user(t, p.name("other"))
	p.leaver, _ = c.softDeleted(t, p.name("leaver"))
	p.group = d.group(t, "Crew "+round, p.user, p.leaver)
	p.report = d.create(t, "/Users", fmt.Sprintf(`"userName":%q,%q:{"manager":{"value":%q}}`, p.name("report"),
		strings.TrimSuffix(managerPath, ":manager"), p.user))
	return p
}

// writeOf is a write of a couple's.
type writeOf struct {
	what string
	make func(p *couple) (method, path, body string)
}

func (w writeOf) of(p *couple, copy int) *sent {
	method, path, body := w.make(p)
	return &sent{n: copy, method: method, path: path, body: body}
}

// writes are those that meet.
var writes = []writeOf{
	{"rename the user", func(p *couple) (string, string, string) {
		return http.MethodPatch, "/Users/" + p.user, operations(replace("userName", `"`+p.name("mara")+`"`))
	}},
	{"rename the user otherwise", func(p *couple) (string, string, string) {
		return http.MethodPatch, "/Users/" + p.user, operations(replace("userName", `"`+p.name("nora")+`"`), replace("title", `"Chief"`))
	}},
	{"delete the user", func(p *couple) (string, string, string) { return http.MethodDelete, "/Users/" + p.user, "" }},
	{"soft-delete the user", func(p *couple) (string, string, string) {
		tombstone := strings.ReplaceAll(p.user, "-", "") + p.name("anna")
		return http.MethodPatch, "/Users/" + p.user, operations(replace("userName", `"`+tombstone+`"`), replace("active", `"False"`))
	}},
	{"take the leaver's name", func(p *couple) (string, string, string) {
		return http.MethodPost, "/Users", resource("/Users", `"userName":"`+p.name("leaver")+`"`)
	}},
	{"restore the leaver", func(p *couple) (string, string, string) {
		return http.MethodPatch, "/Users/" + p.leaver,
			operations(replace("userName", `"`+p.name("leaver")+`"`), replace("active", `"True"`))
	}},
	{"delete the leaver", func(p *couple) (string, string, string) { return http.MethodDelete, "/Users/" + p.leaver, "" }},
	{"add the other", func(p *couple) (string, string, string) {
		return http.MethodPatch, "/Groups/" + p.group, addMembers(p.other)
	}},
	{"add the user", func(p *couple) (string, string, string) {
		return http.MethodPatch, "/Groups/" + p.group, addMembers(p.user)
	}},
	{"remove the user", func(p *couple) (string, string, string) {
		return http.MethodPatch, "/Groups/" + p.group, removeMembers(p.user)
	}},
	{"remove the leaver", func(p *couple) (string, string, string) {
		return http.MethodPatch, "/Groups/" + p.group, removeMembers(p.leaver)
	}},
	{"replace the members", func(p *couple) (string, string, string) {
		return http.MethodPut, "/Groups/" + p.group,
			resource("/Groups", fmt.Sprintf(`"displayName":"Crew %s","members":%s`, p.round, values(p.other)))
	}},
	{"rename the group", func(p *couple) (string, string, string) {
		return http.MethodPatch, "/Groups/" + p.group, operations(replace("displayName", `"Staff `+p.round+`"`))
	}},
	{"delete the group", func(p *couple) (string, string, string) { return http.MethodDelete, "/Groups/" + p.group, "" }},
	{"set the manager", func(p *couple) (string, string, string) {
		return http.MethodPatch, "/Users/" + p.report, operations(replace(managerPath, `"`+p.other+`"`))
	}},
	{"clear the manager", func(p *couple) (string, string, string) {
		return http.MethodPatch, "/Users/" + p.report, operations(`{"op":"Remove","path":"` + managerPath + `"}`)
	}},
	{"delete the report", func(p *couple) (string, string, string) { return http.MethodDelete, "/Users/" + p.report, "" }},
}

// TestEveryPairOfWrites: whichever write comes before whichever step of another, the directory stays true: no value that names nobody, no
// membership that a newcomer inherits, nothing lost that was acknowledged, and no 500. What was not done comes out right when it is sent
// again. The short form takes a sixth of the moments, others each time.
func TestEveryPairOfWrites(t *testing.T) {
	t.Parallel()
	every, offset := int32(raceRounds(t, 0)), rand.New(rand.NewPCG(seed(t), 0)).Int32N(6)
	for i, first := range writes {
		t.Run(first.what, func(t *testing.T) {
			t.Parallel()
			server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
			c := copies{server: server, bridges: []*deployment{deploy(t, server), deploy(t, server)}}
			for j, second := range writes {
				for at := int32(0); ; at++ {
					if every == 0 && (int32(i+j)+at+offset)%6 != 0 {
						continue
					}
					p := newCouple(t, c, fmt.Sprintf("%d-%d", j, at))
					met, one, two := p.meet(t, first, second, at)
					if !met {
						break
					}
					done := both(first, second, one.ok(t), two.ok(t))
					p.isTrue(t, done)
					if !one.ok(t) {
						c.together(t, one)
						done[first.what] = done[first.what] || one.ok(t)
						p.isTrue(t, done)
					}
					if t.Failed() {
						t.Fatalf("%s, and before its write %d: %s (%d, %d)", first.what, at, second.what, one.status, two.status)
					}
				}
			}
		})
	}
}

// meet sends a write, and another when so many steps of the first have come to the directory. met says whether there were more.
func (p *couple) meet(t *testing.T, first, second writeOf, at int32) (met bool, one, two *sent) {
	one, two = first.of(p, 0), second.of(p, 1)
	var come atomic.Int32
	var wait sync.WaitGroup
	p.server.Mem.Fault(func(op, _ string) memdir.Fault {
		if op != "search" && op != "bind" && come.Add(1)-1 == at {
			p.meets(t, &wait, two)
		}
		return memdir.Fault{}
	})
	p.together(t, one)
	wait.Wait()
	p.server.Mem.Fault(nil)
	return come.Load() > at, one, two
}

// anyTwoWrites sends two writes of a couple's at the same time: each with itself, and then each with the next, and so on.
func anyTwoWrites(t *testing.T, c copies, round int) {
	first, second := writes[round%len(writes)], writes[(round+round/len(writes))%len(writes)]
	p := newCouple(t, c, fmt.Sprintf("pair%d", round))
	one, two := first.of(p, round), second.of(p, round+1)
	c.together(t, one, two)
	p.isTrue(t, both(first, second, one.ok(t), two.ok(t)))
	if t.Failed() {
		t.Errorf("%s, and %s (%d, %d)", first.what, second.what, one.status, two.status)
	}
}

// ok says that the request was done.
func (r *sent) ok(t *testing.T) bool {
	t.Helper()
	if r.status == http.StatusInternalServerError {
		t.Errorf("%s %s: %d %s", r.method, r.path, r.status, r.answer)
	}
	return r.status/100 == 2
}

// done says of writes whether they were.
type done map[string]bool

func both(first, second writeOf, one, two bool) done {
	d := done{first.what: one}
	d[second.what] = d[second.what] || two
	return d
}

// meets sends a request and lets it come to its end, unless it waits for the one that it meets.
func (c copies) meets(t *testing.T, wait *sync.WaitGroup, r *sent) {
	done := make(chan struct{})
	wait.Go(func() {
		defer close(done)
		c.together(t, r)
	})
	select {
	case <-done:
	case <-time.After(patience):
	}
}

// patience is longer than a request takes that waits for no other. Where it is not, the two are under way at once.
const patience = 100 * time.Millisecond

// isTrue holds the directory to what was done.
func (p *couple) isTrue(t *testing.T, done done) {
	t.Helper()
	d := p.of(0)
	for _, id := range []string{p.group, p.report} {
		e := d.entry(t, id)
		for _, v := range slices.Concat(e.Values("member"), e.Values("manager")) {
			if v != "cn=no-member" && p.server.Entry(t, v) == nil {
				t.Errorf("%s refers to %s, which is nobody", e.DN, v)
			}
		}
	}
	replaced := done["replace the members"]
	if !done["delete the group"] {
		members := d.members(t, p.group)
		is := func(who, id string, may ...int) {
			if !slices.Contains(may, members[id]) {
				t.Errorf("%s is %d times in the group, which holds %q", who, members[id], p.holds(t, p.group, "member"))
			}
			delete(members, id)
		}
		switch {
		case done["delete the user"]:
			is("the user", p.user, 0)
		case done["add the user"] && (done["remove the user"] || replaced):
			is("the user", p.user, 0, 1)
		case done["remove the user"] || replaced:
			is("the user", p.user, 0)
		default:
			is("the user", p.user, 1)
		}
		if done["remove the leaver"] || done["delete the leaver"] || replaced {
			is("the leaver", p.leaver, 0)
		} else {
			is("the leaver", p.leaver, 1)
		}
		if done["add the other"] || replaced {
			is("the other", p.other, 1)
		}
		if len(members) > 0 {
			t.Errorf("a newcomer is in the group, which holds %q", p.holds(t, p.group, "member"))
		}
	}
	if !done["delete the report"] {
		may := []string{p.user}
		switch {
		case done["set the manager"] && done["clear the manager"]:
			may = []string{p.other, ""}
		case done["set the manager"]:
			may = []string{p.other}
		case done["clear the manager"] || done["delete the user"]:
			may = []string{""}
		}
		if got := d.managerOf(t, p.report); !slices.Contains(may, got) {
			t.Errorf("the manager is %q: %q", got, p.holds(t, p.report, "manager"))
		}
	}
	for _, found := range d.found(t, "/Users", `userName eq "`+p.name("leaver")+`"`) {
		if found["id"] == p.leaver && !done["restore the leaver"] {
			t.Error("the clean name finds the leaver")
		}
	}
}
