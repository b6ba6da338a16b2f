package examples_test

import (
	"net/http"
	"testing"
)

// TestStalledRename: a copy of the bridge stops, for as long as a machine that swaps or a server that hangs makes it, before groups let go
// of the old name of who was renamed. Another takes the name meanwhile, and joins one of them. Each keeps his own membership, and has no
// other.
func TestStalledRename(t *testing.T) {
	t.Run("members by DN", func(t *testing.T) { stalledRename(t, newCrew(t).copies) })
	t.Run("members by uid", func(t *testing.T) {
		server := uidMemory(t, false)
		stalledRename(t, copies{server: server, bridges: []*deployment{deploy(t, server, uidAlone...), deploy(t, server, uidAlone...)}})
	})
}

func stalledRename(t *testing.T, c copies) {
	user := c.of(0).user(t, "stalled@contoso.example")
	groups := []string{c.of(0).group(t, "First", user), c.of(0).group(t, "Second", user)}
	var newcomer string
	interleaved(c.server, between{op: "modrdn"}, between{op: "modify", dn: "cn=first", do: func() {
		newcomer = c.of(1).user(t, "stalled@contoso.example")
		c.of(1).want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+groups[1], addMembers(newcomer))
	}})
	c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, renamed("mara"))
	for i, group := range groups {
		if in := c.of(1).members(t, group); in[user] != 1 || in[newcomer] != i {
			t.Errorf("group %d of %s and the newcomer %s: %v", i+1, user, newcomer, in)
		}
	}
}

// TestGoneOnceFollowed: who joins a group by the old name while being renamed is given the new one there, and is deleted just before
// that: the group holds nobody, nor a newcomer who has the name by then.
func TestGoneOnceFollowed(t *testing.T) {
	for _, follows := range []bool{false, true} {
		t.Run(map[bool]string{false: "nobody", true: "a newcomer"}[follows], func(t *testing.T) {
			c := newCrew(t)
			second := c.of(1).group(t, "Second")
			dn := c.of(0).entry(t, c.user).DN
			var newcomer string
			goes := func() {
				c.also(t, 1, http.StatusNoContent, http.MethodDelete, "/Users/"+c.user, "")()
				if follows {
					newcomer = c.of(1).user(t, "mara@contoso.example")
				}
			}
			interleaved(c.server, between{op: "modrdn", do: func() {
				modify(t, c.server, c.of(0).entry(t, second).DN, "member", "cn=no-member", dn)
				interleaved(c.server, between{op: "modify", dn: "cn=second", do: goes})
			}})
			c.of(0).do(t, http.MethodPatch, "/Users/"+c.user, renamed("mara"))
			if held := c.holds(t, second, "member"); len(held) != 1 || follows == (newcomer == "") {
				t.Errorf("the newcomer %q; the group holds %q", newcomer, held)
			}
		})
	}
}
