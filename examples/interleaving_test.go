package examples_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// between is a moment in a request: an operation of a name, on an entry whose DN has a prefix, comes to the directory; what is done
// before the directory does it, and what becomes of the operation.
type between struct {
	op, dn string
	do     func()
	fault  memdir.Fault
}

// interleaved lets things happen at moments, each once and in this order.
func interleaved(server *dirtest.Server, moments ...between) {
	var mu sync.Mutex
	server.Mem.Fault(func(op, dn string) memdir.Fault {
		mu.Lock()
		if len(moments) == 0 || moments[0].op != op || !strings.HasPrefix(strings.ToLower(dn), moments[0].dn) {
			mu.Unlock()
			return memdir.Fault{}
		}
		now := moments[0]
		moments = moments[1:]
		mu.Unlock()
		if now.do != nil {
			now.do()
		}
		return now.fault
	})
}

// crew is a user in a group, with a report, in a directory that keeps no references, which two copies of the bridge write.
type crew struct {
	copies
	user, group, report string
}

// unasserted are controls that the directories of crews do not announce.
var unasserted []string

// TestGoneBeforeItIsShown: a change that is done is told as done, also where another deletes the user before he is read for the answer, as
// he is where the directory does not show what it wrote, or its answer was lost. What was not done is told of who has gone.
func TestGoneBeforeItIsShown(t *testing.T) {
	lost := between{op: "modrdn", fault: memdir.Fault{Drop: memdir.DropAfter}}
	for name, test := range map[string]struct {
		method, body string
		ahead        []between // of the search at which he is deleted
		without      []string
		status       int
	}{
		"patched": {
			http.MethodPatch, operations(replace("title", `"Lead"`)),
			[]between{{op: "modify"}},
			[]string{controlPostRead},
			http.StatusNoContent,
		},
		"replaced": {
			http.MethodPut, resource("/Users", `"userName":"anna@contoso.example"`),
			[]between{{op: "modify"}},
			[]string{controlPostRead},
			http.StatusNoContent,
		},
		"blocked":         {http.MethodPatch, disable, []between{{op: "modify"}}, []string{controlPostRead}, http.StatusNoContent},
		"its answer lost": {http.MethodPatch, renamed("mara"), []between{lost, {op: "search"}}, nil, http.StatusNoContent},
		"not done":        {http.MethodPatch, operations(replace("title", `"Lead"`)), nil, nil, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			server := dirtest.Memory(t, func(o *memdir.Options) { o.Without = test.without })
			c := copies{server: server, bridges: []*deployment{deploy(t, server), deploy(t, server)}}
			user := c.of(0).create(t, "/Users", `"userName":"anna@contoso.example","title":"Chief"`)
			interleaved(server, append(test.ahead, between{op: "search", do: func() {
				c.of(1).want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+user, "")
			}})...)
			c.of(0).want(t, test.status, test.method, "/Users/"+user, test.body)
		})
	}
}

// TestBlockedAndMoved: who is let in again, and moved to where the bridge does not look, before he is read for the answer, is not told as
// blocked; who stays blocked is.
func TestBlockedAndMoved(t *testing.T) {
	for uac, status := range map[string]int{"512": http.StatusNotFound, "514": http.StatusOK} {
		t.Run(uac, func(t *testing.T) {
			server := dirtest.Memory(t, func(o *memdir.Options) { o.Without = []string{controlPostRead} })
			d := deploy(t, server)
			id := d.user(t, "anna@contoso.example")
			dn := d.entry(t, id).DN
			server.Load(t, "dn: ou=elsewhere,"+server.Suffix+"\nobjectClass: organizationalUnit\nou: elsewhere\n")
			conn := server.Connect(t)
			defer conn.Close()
			interleaved(server, between{op: "modify"}, between{op: "search", do: func() {
				change := ldap.NewModifyRequest(dn, nil)
				change.Replace("userAccountControl", []string{uac})
				move := ldap.NewModifyDNRequest(dn, "uid=anna@contoso.example", true, "ou=elsewhere,"+server.Suffix)
				if err := errors.Join(conn.Modify(change), conn.ModifyDN(move)); err != nil {
					t.Error(err)
				}
			}})
			d.want(t, status, http.MethodPatch, "/Users/"+id, disable)
		})
	}
}

// TestMadeAndGone: a POST that is done is told as done, also where another deletes the user before he is read for the answer: 201, where
// his id is known, with what was made of him. Of one who is new nobody knows an id. Nobody is made a second time.
func TestMadeAndGone(t *testing.T) {
	for name, test := range map[string]struct {
		env    []string
		before func(t *testing.T, d *deployment) (id string)
		op     string // that makes him
		status int
	}{
		"new": {op: "add", status: http.StatusServiceUnavailable},
		"linked": {
			env: matching, op: "modify", status: http.StatusCreated,
			before: func(t *testing.T, d *deployment) string { return d.unclaimed(t, "anna@contoso.example", "") },
		},
		"given back": {
			env: marked("block"), op: "modify", status: http.StatusCreated,
			before: func(t *testing.T, d *deployment) string {
				id := d.user(t, "anna@contoso.example")
				d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+id, "")
				return id
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := dirtest.Memory(t, func(o *memdir.Options) { o.Without = []string{controlPostRead} })
			c := copies{server: server, bridges: []*deployment{deploy(t, server, test.env...), deploy(t, server)}}
			id, dn := "", "uid=anna@contoso.example,"+server.People
			if test.before != nil {
				id = test.before(t, c.of(0))
			}
			conn := server.Connect(t)
			defer conn.Close()
			interleaved(server, between{op: test.op}, between{op: "search", do: func() {
				if err := conn.Del(ldap.NewDelRequest(dn, nil)); err != nil {
					t.Error(err)
				}
			}})
			answer, content := c.of(0).do(t, http.MethodPost, "/Users", claiming("7", "anna@contoso.example", `"title":"Chief"`))
			if answer.StatusCode != test.status {
				t.Fatalf("%d %s", answer.StatusCode, content)
			}
			switch told := parse(t, content); {
			case id == "" && !strings.Contains(content, "the directory took the new entry"):
				t.Errorf("told as %s", content)
			case id != "" && (told["id"] != id || told["title"] != "Chief" || told["active"] != true):
				t.Errorf("told as %s", content)
			}
			c.of(1).matches(t, "anna@contoso.example", "")
		})
	}
}

// TestLastLookIsGuarded: a reference that came meanwhile and may not be written does not have a delete or a rename that is done told as
// refused.
func TestLastLookIsGuarded(t *testing.T) {
	for op, body := range map[string]string{"delete": "", "modrdn": renamed("mara")} {
		server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
		vault := "cn=vault," + server.Groups
		d := deploy(t, server, "SCIMBRIDGE_GUARD_PROTECTED_0="+vault)
		id := d.user(t, "anna@contoso.example")
		dn := d.entry(t, id).DN
		interleaved(server, between{op: op, do: func() {
			server.Load(t, "dn: "+vault+"\nobjectClass: groupOfNames\ncn: vault\nmember: "+dn+"\nmember: cn=x\n")
		}})
		method := http.MethodDelete
		if body != "" {
			method = http.MethodPatch
		}
		answer, content := d.do(t, method, "/Users/"+id, body)
		told := strings.Contains(content, vault) && !strings.Contains(content, "cannot be")
		if answer.StatusCode != http.StatusInternalServerError || !told {
			t.Errorf("%s: %d %s", op, answer.StatusCode, content)
		}
	}
}

// TestUnasserted lets what follows happen where the directory asserts nothing, and shows what a change found, as 389 Directory Server does.
// TestScrubTakesNoNewcomersMembership is not among it: no value tells a membership from that of somebody before who had the name.
func TestUnasserted(t *testing.T) {
	unasserted = []string{controlAssertion}
	defer func() { unasserted = nil }()
	t.Run("removed while renamed", TestRemovedWhileRenamed)
	t.Run("the holder is renamed", TestHolderRenamedMeanwhile)
	t.Run("a delete is refused", TestRefusedDeleteGivesNothingBack)
	t.Run("removed before a refusal", TestRemovedBeforeRefusal)
	t.Run("an answer is lost before a refusal", TestLostAnswerBeforeRefusal)
	t.Run("a last look is refused", TestLastLookIsRefused)
	t.Run("a rename is taken back", TestRenamedBackMeanwhile)
	t.Run("restored while displaced", TestRestoredWhileDisplaced)
	t.Run("renamed while restored", TestRenamedWhileRestored)
	t.Run("many make room", TestManyMakeRoom)
}

func newCrew(t *testing.T, without ...string) *crew {
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences, o.Without = false, slices.Concat(without, unasserted) })
	c := &crew{copies: copies{server: server, bridges: []*deployment{deploy(t, server), deploy(t, server)}}}
	c.user = c.of(0).user(t, "anna@contoso.example")
	c.group = c.of(1).group(t, "Crew", c.user)
	c.report = c.of(1).user(t, "report@contoso.example")
	c.of(1).want(t, http.StatusOK, http.MethodPatch, "/Users/"+c.report, operations(replace(managerPath, `"`+c.user+`"`)))
	return c
}

// also is a request to a copy that must be answered so, at a moment of another.
func (c *crew) also(t *testing.T, n, status int, method, path, body string) func() {
	return func() {
		if answer, content, err := c.of(n).try(method, path, body); err != nil || answer.StatusCode != status {
			t.Errorf("%s %s: %v %v %s", method, path, err, answer, content)
		}
	}
}

// holdsNobody fails where the group has a member.
func (c *crew) holdsNobody(t *testing.T) {
	t.Helper()
	if held := c.holds(t, c.group, "member"); strings.Contains(fmt.Sprint(held), "uid=") {
		t.Errorf("the group holds %q", held)
	}
}

func renamed(name string) string {
	return operations(replace("userName", `"`+name+`@contoso.example"`))
}

// TestRemovedWhileRenamed: who is taken out of a group, or loses a report, while being renamed is out under the new name too, whether
// or not the directory asserts (RFC 4528) and shows what it wrote (RFC 4527).
func TestRemovedWhileRenamed(t *testing.T) {
	t.Run("asserted", func(t *testing.T) { removedWhileRenamed(t) })
	t.Run("held by values", func(t *testing.T) { removedWhileRenamed(t, "1.3.6.1.1.12", "1.3.6.1.1.13.2") })
}

func removedWhileRenamed(t *testing.T, without ...string) {
	t.Run("the rename finds its member gone", func(t *testing.T) {
		c := newCrew(t, without...)
		interleaved(c.server, between{
			op: "modify", dn: "cn=crew",
			do: c.also(t, 1, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group, removeMembers(c.user)),
		}, between{op: "modrdn", do: func() { c.holdsNobody(t) }})
		c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+c.user, renamed("mara"))
		c.holdsNobody(t)
	})
	t.Run("the removal finds its member renamed", func(t *testing.T) {
		c := newCrew(t, without...)
		interleaved(c.server, between{
			op: "modify", dn: "cn=crew",
			do: c.also(t, 1, http.StatusOK, http.MethodPatch, "/Users/"+c.user, renamed("mara")),
		})
		c.of(0).want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group, removeMembers(c.user))
		c.holdsNobody(t)
	})
	t.Run("the removal comes between two steps of the rename", func(t *testing.T) {
		c := newCrew(t, without...)
		interleaved(c.server, between{
			op: "modrdn",
			do: c.also(t, 1, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group, removeMembers(c.user)),
		})
		c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+c.user, renamed("mara"))
		c.holdsNobody(t)
	})
	t.Run("the directory is to move the member itself", func(t *testing.T) {
		c := newCrew(t, without...)
		interleaved(c.server, between{op: "modrdn", fault: memdir.Fault{Code: 20, Text: "the new name is there"}}, between{
			op: "modrdn",
			do: c.also(t, 1, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group, removeMembers(c.user)),
		})
		c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+c.user, renamed("mara"))
		c.holdsNobody(t)
	})
	t.Run("the removal comes after the rename has looked again", func(t *testing.T) {
		c := newCrew(t, without...)
		second := c.of(1).group(t, "Second")
		dn := c.of(0).entry(t, c.user).DN
		interleaved(c.server, between{op: "modrdn", do: func() { // who joins meanwhile is found afterwards
			group := c.of(0).entry(t, second).DN
			modify(t, c.server, group, "member", "cn=no-member", dn)
			interleaved(c.server, between{
				op: "modify", dn: "cn=second", do: func() { modify(t, c.server, group, "member", "cn=no-member") },
			})
		}})
		c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+c.user, renamed("mara"))
		if held := c.holds(t, second, "member"); strings.Contains(fmt.Sprint(held), "uid=") {
			t.Errorf("the group holds %q", held)
		}
		if c.of(0).members(t, c.group)[c.user] != 1 {
			t.Errorf("the group holds %q", c.holds(t, c.group, "member"))
		}
	})
	t.Run("another manager", func(t *testing.T) {
		c := newCrew(t, without...)
		other := c.of(1).user(t, "other@contoso.example")
		interleaved(c.server, between{
			op: "modify", dn: "uid=report",
			do: c.also(t, 1, http.StatusOK, http.MethodPatch, "/Users/"+c.report, operations(replace(managerPath, `"`+other+`"`))),
		})
		c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+c.user, renamed("mara"))
		if held := c.holds(t, c.report, "manager"); len(held) != 1 || !strings.HasPrefix(held[0], "uid=other") {
			t.Errorf("the manager is %q", held)
		}
	})
}

// TestHolderRenamedMeanwhile: whoever wrote a reference to what went meanwhile finds the group again, under whichever name.
func TestHolderRenamedMeanwhile(t *testing.T) {
	c := newCrew(t)
	second := c.of(0).user(t, "second@contoso.example")
	interleaved(c.server, between{op: "modify", dn: "cn=crew", do: func() {
		c.also(t, 1, http.StatusNoContent, http.MethodDelete, "/Users/"+second, "")()
		interleaved(c.server, between{op: "search", do: c.also(t, 1, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group,
			operations(replace("displayName", `"Staff"`)))})
	}})
	c.of(0).want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group, addMembers(second))
	if held := c.holds(t, c.group, "member"); strings.Contains(fmt.Sprint(held), "uid=second") {
		t.Errorf("the group holds %q", held)
	}
}

// TestRefusedDeleteGivesNothingBack: a delete that the directory refuses gives back the memberships that it took, and no other.
func TestRefusedDeleteGivesNothingBack(t *testing.T) {
	for _, removed := range []bool{false, true} {
		c := newCrew(t)
		first := between{op: "modify", dn: "cn=crew"}
		if removed {
			first.do = c.also(t, 1, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group, removeMembers(c.user))
		}
		interleaved(c.server, first, between{op: "delete", fault: memdir.Fault{Code: 53, Text: "not now"}})
		if answer, content := c.of(0).do(t, http.MethodDelete, "/Users/"+c.user, ""); answer.StatusCode/100 == 2 {
			t.Fatalf("%d %s", answer.StatusCode, content)
		}
		if n := c.of(0).members(t, c.group)[c.user]; n == 1 == removed {
			t.Errorf("removed by another: %t; the group holds %q", removed, c.holds(t, c.group, "member"))
		}
	}
}

// TestRemovedBeforeRefusal: who is taken out of a group between the group's step of a rename and the rename, which the directory refuses,
// stays out.
func TestRemovedBeforeRefusal(t *testing.T) {
	c := newCrew(t)
	interleaved(c.server, between{
		op: "modrdn", fault: memdir.Fault{Code: 53, Text: "not now"},
		do: c.also(t, 1, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group, removeMembers(c.user)),
	})
	if answer, content := c.of(0).do(t, http.MethodPatch, "/Users/"+c.user, renamed("mara")); answer.StatusCode/100 == 2 {
		t.Fatalf("%d %s", answer.StatusCode, content)
	}
	c.holdsNobody(t)
}

// TestLostAnswerBeforeRefusal: a group's step whose answer was lost, sent again, finds done what it did itself; what the directory refuses
// then leaves the user in the group under the user's name.
func TestLostAnswerBeforeRefusal(t *testing.T) {
	for op, body := range map[string]string{"delete": "", "modrdn": renamed("mara")} {
		t.Run(op, func(t *testing.T) {
			c := newCrew(t)
			interleaved(c.server, between{op: "modify", dn: "cn=crew", fault: memdir.Fault{Drop: memdir.DropAfter}},
				between{op: op, fault: memdir.Fault{Code: 53, Text: "not now"}})
			method := http.MethodDelete
			if body != "" {
				method = http.MethodPatch
			}
			answer, content := c.of(0).do(t, method, "/Users/"+c.user, body)
			held := c.holds(t, c.group, "member")
			if s := fmt.Sprint(held); answer.StatusCode/100 == 2 || !strings.Contains(s, "uid=anna") || strings.Contains(s, "uid=mara") {
				t.Errorf("%d %s; the group holds %q", answer.StatusCode, content, held)
			}
		})
	}
}

// TestLastLookIsRefused: what the directory says of the second try to take a group's last member out, who came while the user was being
// deleted, is told.
func TestLastLookIsRefused(t *testing.T) {
	c := newCrew(t)
	byHand := "cn=by hand," + c.server.Groups
	user := c.of(0).entry(t, c.user).DN
	interleaved(c.server, between{op: "delete", do: func() {
		c.server.Load(t, "dn: "+byHand+"\nobjectClass: groupOfNames\ncn: by hand\nmember: "+user+"\n")
		interleaved(c.server, between{op: "modify", dn: "cn=by hand"},
			between{op: "modify", dn: "cn=by hand", fault: memdir.Fault{Code: 53, Text: "not now"}})
	}})
	if answer, content := c.of(0).do(t, http.MethodDelete, "/Users/"+c.user, ""); answer.StatusCode/100 != 5 ||
		!strings.Contains(content, byHand) || !strings.Contains(content, "not now") {
		t.Errorf("%d %s", answer.StatusCode, content)
	}
}

// TestScrubTakesNoNewcomersMembership: two create one name that a group still holds from somebody before. The one that comes second takes
// no membership from the one that has the name and was put into the group.
func TestScrubTakesNoNewcomersMembership(t *testing.T) {
	c := newCrew(t)
	modify(t, c.server, c.of(0).entry(t, c.group).DN, "member", "uid=zoe@contoso.example,"+c.server.People)
	newcomer := resource("/Users", `"userName":"zoe@contoso.example"`)
	var zoe string
	interleaved(c.server, between{op: "modify", dn: "cn=crew", do: func() {
		_, content, err := c.of(1).try(http.MethodPost, "/Users", newcomer)
		if err != nil {
			t.Error(err)
			return
		}
		zoe = parse(t, content)["id"].(string)
		c.also(t, 1, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group, addMembers(zoe))()
	}})
	c.of(0).want(t, http.StatusConflict, http.MethodPost, "/Users", newcomer)
	if c.of(0).members(t, c.group)[zoe] != 1 {
		t.Errorf("the group holds %q", c.holds(t, c.group, "member"))
	}
}

// TestRenamedBackMeanwhile: a second rename takes back the first while that has yet to let go of the old name in a group, or another takes
// the name that is let go of. Neither takes the membership from the other.
func TestRenamedBackMeanwhile(t *testing.T) {
	for _, back := range []bool{true, false} {
		c := newCrew(t)
		other := c.of(0).user(t, "other@contoso.example")
		c.of(0).want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group, addMembers(other))
		second := &sent{n: 1, method: http.MethodPatch, path: "/Users/" + c.user, body: renamed("anna")}
		if !back {
			second.path = "/Users/" + other
		}
		var wait sync.WaitGroup
		interleaved(c.server, between{op: "modrdn"}, between{op: "modify", dn: "cn=crew", do: func() {
			reached, reach := make(chan struct{}), sync.Once{}
			var come atomic.Int32
			c.server.Mem.Fault(func(op, _ string) memdir.Fault {
				if come.Add(1) >= 16 && op == "search" || op == "modrdn" { // it waits, or it did not
					reach.Do(func() { close(reached) })
				}
				return memdir.Fault{}
			})
			wait.Go(func() { c.together(t, second) })
			<-reached
		}})
		c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+c.user, renamed("mara"))
		wait.Wait()
		if second.status != http.StatusOK {
			t.Errorf("%d %s", second.status, second.answer)
		}
		c.server.Mem.Fault(nil)
		if members := c.of(1).members(t, c.group); members[c.user] != 1 || members[other] != 1 {
			t.Errorf("back: %t; the group holds %q", back, c.holds(t, c.group, "member"))
		}
	}
}

// TestRestoredWhileDisplaced: a leaver who is being renamed for a newcomer comes back before that, or between two steps of it. The leaver
// has the name, and the newcomer has not: that he is rid of his tombstone is no sign that another made the same room.
func TestRestoredWhileDisplaced(t *testing.T) {
	for _, op := range []string{"modrdn", "modify"} {
		c := newCrew(t)
		leaver, tombstone := c.softDeleted(t, "zoe@contoso.example", `"name":{"formatted":"Zoe Lind","familyName":"Lind"}`)
		back := operations(replace("userName", `"zoe@contoso.example"`), replace("active", `"True"`))
		at := between{op: op, dn: "uid=zoe", do: c.also(t, 1, http.StatusOK, http.MethodPatch, "/Users/"+leaver, back)}
		if op == "modify" {
			at.dn = "uid=" + tombstone
		}
		interleaved(c.server, at)
		c.of(0).want(t, http.StatusConflict, http.MethodPost, "/Users", resource("/Users", `"userName":"zoe@contoso.example"`))
		found := c.of(0).found(t, "/Users", `userName eq "zoe@contoso.example"`)
		if len(found) != 1 || found[0]["id"] != leaver || found[0]["userName"] != "zoe@contoso.example" {
			t.Errorf("before a %s: the name finds %v", op, found)
		}
	}
}

// TestNewcomerInheritsNothing: a leaver is to have his name back, and his group holds it already, when a newcomer who was quicker has it.
// The group lets go of it before anything else is tried: the newcomer, who is renamed then, is no member.
func TestNewcomerInheritsNothing(t *testing.T) {
	c := newCrew(t)
	leaver, _ := c.softDeleted(t, "zoe@contoso.example")
	c.of(0).want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+c.group, addMembers(leaver))
	first := c.of(0).user(t, "zoe@contoso.example") // the leaver makes room
	c.of(0).want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+first, "")
	var newcomer string
	interleaved(c.server, between{op: "modify", dn: "cn=crew", do: func() {
		newcomer = c.of(1).user(t, "zoe@contoso.example")
	}}, between{op: "modrdn"}, between{op: "search", dn: "ou=people", do: func() { // the next attempt
		c.also(t, 1, http.StatusOK, http.MethodPatch, "/Users/"+newcomer, renamed("mara"))()
	}})
	c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver,
		operations(replace("userName", `"zoe@contoso.example"`), replace("active", `"True"`)))
	if members := c.of(1).members(t, c.group); members[leaver] != 1 || members[newcomer] != 0 {
		t.Errorf("the group holds %q", c.holds(t, c.group, "member"))
	}
}

// TestRenamedWhileRestored: what a change wrote is taken back from the entry, or stands and is completed, where another renamed it before
// the change's own rename.
func TestRenamedWhileRestored(t *testing.T) {
	c := newCrew(t)
	leaver, tombstone := c.softDeleted(t, "zoe@contoso.example")
	conn := c.server.Connect(t)
	defer conn.Close()
	rename := func(from, to string) {
		if err := conn.ModifyDN(ldap.NewModifyDNRequest("uid="+from+","+c.server.People, "uid="+to, true, "")); err != nil {
			t.Error(err)
		}
	}
	rename("zoe@contoso.example", tombstone)
	interleaved(c.server, between{op: "modrdn", do: func() { rename(tombstone, "zoe@contoso.example") }})
	c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver,
		operations(replace("userName", `"zoe@contoso.example"`), replace("active", `"True"`)))
	if found := c.of(0).found(t, "/Users", `userName eq "zoe@contoso.example"`); len(found) != 1 || found[0]["id"] != leaver {
		t.Errorf("the name finds %v", found)
	}
}

// TestManyMakeRoom: more soft-deleted accounts than a write begins again hold one clean name. Nobody is told of a success that there was
// not.
func TestManyMakeRoom(t *testing.T) {
	c := newCrew(t)
	var gone []string
	for i := range 12 {
		gone = append(gone, fmt.Sprintf("dn: cn=gone%d,%s\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\ncn: gone%d\nsn: gone\n"+
			"uid: zoe@contoso.example\nscimUserName: 2834%028dzoe@contoso.example\n", i, c.server.People, i, i))
	}
	c.server.Load(t, strings.Join(gone, "\n"))
	answer, content := c.of(0).do(t, http.MethodPost, "/Users", resource("/Users", `"userName":"zoe@contoso.example"`))
	if !slices.Contains([]int{http.StatusCreated, http.StatusServiceUnavailable}, answer.StatusCode) {
		t.Errorf("%d %s", answer.StatusCode, content)
	}
}

// TestReplacedWhileRenamed: who is among the members that a group is to have, or is not, while being renamed is so under the new name too:
// between two steps of the rename the group holds a DN that no entry has.
func TestReplacedWhileRenamed(t *testing.T) {
	for _, method := range []string{http.MethodPut, http.MethodPatch} {
		for _, stays := range []bool{true, false} {
			t.Run(fmt.Sprint(method, ", stays ", stays), func(t *testing.T) {
				c := newCrew(t)
				members := values(c.report)
				if stays {
					members = values(c.report, c.user)
				}
				do := c.also(t, 1, http.StatusNoContent, method, "/Groups/"+c.group, operations(replace("members", members)))
				if method == http.MethodPut {
					body := resource("/Groups", `"displayName":"Crew","members":`+members)
					do = c.also(t, 1, http.StatusOK, method, "/Groups/"+c.group, body)
				}
				var other sync.WaitGroup
				interleaved(c.server, between{
					op: "modrdn", dn: "uid=anna", do: func() { other.Go(do) }, fault: memdir.Fault{Delay: 100 * time.Millisecond},
				})
				c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+c.user, renamed("mara"))
				other.Wait()
				want := []string{"cn=no-member", c.of(0).entry(t, c.report).DN}
				if stays {
					want = append(want, c.of(0).entry(t, c.user).DN)
				}
				held := c.holds(t, c.group, "member")
				slices.Sort(held)
				slices.Sort(want)
				if !slices.EqualFunc(held, want, ldif.SameDN) {
					t.Errorf("the group holds %q, want %q", held, want)
				}
			})
		}
	}
}

// TestOvertakenUnanswered: a value that stands beside another's, written at the same time where nothing can be asserted, is found out too
// where the answer that shows it is lost.
func TestOvertakenUnanswered(t *testing.T) {
	for _, drop := range []memdir.Drop{memdir.NoDrop, memdir.DropAfter} {
		for _, others := range []string{"Clerk", "Boss"} {
			c := newCrew(t, controlAssertion)
			dn := c.of(0).entry(t, c.user).DN
			interleaved(c.server, between{
				op: "modify", dn: "uid=anna", do: func() { modify(t, c.server, dn, "title", others) }, fault: memdir.Fault{Drop: drop},
			})
			c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+c.user, operations(replace("title", `"Chief"`)))
			if held := c.holds(t, c.user, "title"); !slices.Equal(held, []string{"Chief"}) {
				t.Errorf("beside %s, answer lost: %t: %q", others, drop == memdir.DropAfter, held)
			}
		}
	}
}
