package examples_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// TestLeftWhileListed: who is moved to a place below the base while a list is made is on no page that is read after it.
func TestLeftWhileListed(t *testing.T) {
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	_, env := leaversPlace(t, server, server.People)
	d, other := deploy(t, server, env...), deploy(t, server, env...)
	d.user(t, "stays@contoso.example")
	for last, at := false, int32(1); !last; at++ {
		leaver := d.user(t, "leaver@contoso.example")
		other.want(t, http.StatusOK, http.MethodGet, "/Users", "")
		var searches atomic.Int32
		server.Mem.Fault(func(op, _ string) memdir.Fault {
			if op == "search" && searches.Add(1) == at {
				server.Mem.Fault(nil)
				other.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
			}
			return memdir.Fault{}
		})
		page := d.list(t, "/Users")
		server.Mem.Fault(nil)
		last = searches.Load() < at
		if !last && len(page.Resources) != 1 {
			t.Errorf("at search %d: %v", at, page.Resources)
		}
	}
}

// leftBeside are directories that assert nothing, and keep references true or do not, with two copies of the bridge that keep who is
// deleted.
func leftBeside(t *testing.T, test func(t *testing.T, c *crew)) {
	for _, keeps := range []bool{false, true} {
		for _, mode := range []string{"block", "strip", "move"} {
			t.Run(mode+map[bool]string{true: " where references are kept"}[keeps], func(t *testing.T) {
				server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences, o.Without = keeps, []string{controlAssertion} })
				env := marked(mode)
				if mode == "move" {
					_, env = leaversPlace(t, server, server.People)
				}
				if keeps {
					env = append(env, "SCIMBRIDGE_DIRECTORY_KEEPSREFERENCES=true")
				}
				c := &crew{copies: copies{server: server, bridges: []*deployment{deploy(t, server, env...), deploy(t, server, env...)}}}
				c.user = c.of(0).login(t, "anna@contoso.example", "Secret-123")
				c.report = c.of(0).user(t, "report@contoso.example")
				c.group = c.of(1).group(t, "Crew", c.report)
				test(t, c)
			})
		}
	}
}

// TestLeftWhileReferredTo: who is deleted and kept while another copy makes him a member, or a manager, is neither.
func TestLeftWhileReferredTo(t *testing.T) {
	leftBeside(t, func(t *testing.T, c *crew) {
		dn := c.of(0).entry(t, c.user).DN
		remove := c.also(t, 0, http.StatusNoContent, http.MethodDelete, "/Users/"+c.user, "")
		interleaved(c.server, between{op: "modify", dn: "cn=crew", do: remove})
		_, _ = c.of(1).do(t, http.MethodPatch, "/Groups/"+c.group, addMembers(c.user))
		c.server.Mem.Fault(nil)
		c.of(0).want(t, http.StatusNotFound, http.MethodGet, "/Users/"+c.user, "")
		gone := c.of(0).entry(t, c.user)
		if held := c.holds(t, c.group, "member"); slices.Contains(held, gone.DN) || slices.Contains(held, dn) {
			t.Errorf("the group holds %q", held)
		}
		if id := c.of(0).user(t, "anna@contoso.example"); id != c.user {
			t.Errorf("revived as %s", id)
		}
		if got := c.of(0).members(t, c.group); got[c.user] != 0 {
			t.Error("who comes back is in the group that he was added to while he was deleted")
		}
		remove = c.also(t, 0, http.StatusNoContent, http.MethodDelete, "/Users/"+c.user, "")
		interleaved(c.server, between{op: "modify", dn: "uid=report", do: remove})
		_, _ = c.of(1).do(t, http.MethodPatch, "/Users/"+c.report, operations(replace(managerPath, `"`+c.user+`"`)))
		c.server.Mem.Fault(nil)
		if held := c.holds(t, c.report, "manager"); len(held) > 0 {
			t.Errorf("the manager is %q", held)
		}
	})
}

// TestLeftOnTheWay: on every server, who is deleted and kept between the look and the write of another copy is no member, nor enabled.
func TestLeftOnTheWay(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		leaversModes(t, server, func(t *testing.T, env []string) {
			proxy := dirtest.Counted(t, server)
			other, d := deploy(t, server, env...), deploy(t, server, append(env, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)...)
			leaver, stays := d.login(t, "leaver@contoso.example", "Secret-123"), d.user(t, "stays@contoso.example")
			group := d.group(t, "Crew", stays)
			beside := func(method, path, body string) {
				gone := false
				proxy.Before(func(operation string) {
					if operation == "modify" && !gone {
						gone = true
						other.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
					}
				})
				if answer, content := d.do(t, method, path, body); answer.StatusCode >= 500 || !gone {
					t.Errorf("%v: %d %s", gone, answer.StatusCode, content)
				}
				proxy.Before(nil)
			}
			beside(http.MethodPatch, "/Groups/"+group, addMembers(leaver))
			names := strings.Join(other.held(t, group), " ")
			if other.members(t, group)[leaver] != 0 || strings.Contains(names, "=leaver") {
				t.Errorf("the group holds %q", names)
			}
			if back := d.user(t, "leaver@contoso.example"); back != leaver {
				t.Errorf("revived as %s", back)
			}
			if got := other.members(t, group); got[leaver] != 0 {
				t.Errorf("the group shows %v", got)
			}
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, disable)
			beside(http.MethodPatch, "/Users/"+leaver, enable)
			other.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+leaver, "")
			other.letsIn(t, leaver, "Secret-123", false)
		})
	})
}

// TestLeftWhileEnabled: who is deleted and kept while another copy enables him stays blocked.
func TestLeftWhileEnabled(t *testing.T) {
	leftBeside(t, func(t *testing.T, c *crew) {
		c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+c.user, disable)
		dn := c.of(0).entry(t, c.user).DN
		remove := c.also(t, 0, http.StatusNoContent, http.MethodDelete, "/Users/"+c.user, "")
		interleaved(c.server, between{op: "modify", dn: dn[:9], do: remove})
		answer, content := c.of(1).do(t, http.MethodPatch, "/Users/"+c.user, enable)
		c.server.Mem.Fault(nil)
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%d %s", answer.StatusCode, content)
		}
		c.of(0).want(t, http.StatusNotFound, http.MethodGet, "/Users/"+c.user, "")
		c.of(0).letsIn(t, c.user, "Secret-123", false)
	})
}
