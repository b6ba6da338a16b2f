package examples_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap"
)

// hasty has what is left of a write go soon.
const hasty = "SCIMBRIDGE_DIRECTORY_TIMEOUT=1s"

// stopsAt lets so many writes through and then loses the directory: what is sent at that point is done or not, and nothing is answered any
// more.
func stopsAt(server *dirtest.Server, writes int32, drop memdir.Drop) {
	var come atomic.Int32
	server.Mem.Fault(func(op, _ string) memdir.Fault {
		switch op {
		case "add", "modify", "modrdn", "delete":
			switch n := come.Add(1) - 1; {
			case n == writes:
				return memdir.Fault{Drop: drop}
			case n > writes:
				return memdir.Fault{Drop: memdir.DropBefore}
			}
		default:
			if come.Load() > writes {
				return memdir.Fault{Drop: memdir.DropBefore}
			}
		}
		return memdir.Fault{}
	})
}

// TestStoppedAnywhere: a write may stop after any step and never go on. What stands then gives nobody access that was not given, shows no
// leaver under a clean name, loses no value, and the same request sent again completes it.
func TestStoppedAnywhere(t *testing.T) {
	t.Parallel()
	stoppedAnywhere(t, func(t testing.TB) *dirtest.Server {
		return dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	}, hasty)
}

func stoppedAnywhere(t *testing.T, start func(testing.TB) *dirtest.Server, env ...string) {
	const name = "mara@contoso.example"
	rename := func(user string) (string, string, string) {
		return http.MethodPatch, "/Users/" + user, operations(replace("userName", `"noor@contoso.example"`), replace("title", `"Chief"`))
	}
	for what, c := range map[string]struct {
		request func(user string) (method, path, body string)
		leaver  bool // the user is soft-deleted
		gone    bool // the request ends the user
		status  int
		family  string // the user's familyName
	}{
		"a newcomer takes a leaver's name": {
			leaver: true, status: http.StatusCreated,
			request: func(string) (string, string, string) {
				return http.MethodPost, "/Users", resource("/Users", `"userName":"`+name+`"`)
			},
		},
		"a rename":                      {status: http.StatusOK, request: rename},
		"a rename from what a value is": {status: http.StatusOK, request: rename, family: name},
		"a rename to what a value is":   {status: http.StatusOK, request: rename, family: "noor@contoso.example"},
		"a delete": {
			gone: true, status: http.StatusNoContent,
			request: func(user string) (string, string, string) { return http.MethodDelete, "/Users/" + user, "" },
		},
	} {
		atEachWrite(t, what, func(t *testing.T, stop int32, drop memdir.Drop) (reached bool) {
			server := start(t)
			d := deploy(t, server, append(slices.Clip(env), "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms")...)
			user := d.create(t, "/Users", `"userName":"`+name+`","active":true,"name":{"familyName":"`+c.family+`"}`)
			group := d.group(t, "Crew", user)
			report := d.user(t, "report@contoso.example")
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace(managerPath, `"`+user+`"`)))
			if c.leaver {
				tombstone := strings.ReplaceAll(user, "-", "") + name
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user,
					operations(replace("userName", `"`+tombstone+`"`), replace("active", `"False"`)))
			}
			method, path, body := c.request(user)
			stopsAt(server, stop, drop)
			answer, content := d.do(t, method, path, body)
			server.Mem.Fault(nil)
			reached = answer.StatusCode != c.status
			if answer.StatusCode/100 == 4 {
				t.Fatalf("%d %s", answer.StatusCode, content)
			}
			d.await(t, http.StatusOK, "/Groups/"+group)
			if c.leaver {
				d.matchesNot(t, name, user)
			}
			if slices.Contains(env, hasty) {
				d.namesNobody(t, group, report)
			}
			if answer.StatusCode != c.status {
				switch answer, content = d.do(t, method, path, body); answer.StatusCode {
				case c.status, http.StatusNotFound, http.StatusConflict:
				default:
					t.Errorf("sent again: %d %s", answer.StatusCode, content)
				}
			}
			if c.family != "" { // a space behind it may be left
				shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+user, "")["name"]
				if held, _ := shown.(object)["familyName"].(string); strings.TrimRight(held, " ") != c.family {
					t.Errorf("familyName %q", held)
				}
			}
			d.isTrue(t, user, group, report, name, c.gone, c.leaver)
			return reached
		})
	}
}

// atEachWrite runs the test with the directory going away at the first write, the second and so on, until the request is through with its
// writes before it is reached: before it and after it, or in the short form before one and after the next.
func atEachWrite(t *testing.T, what string, stops func(t *testing.T, at int32, drop memdir.Drop) (reached bool)) {
	t.Helper()
	first := rand.New(rand.NewPCG(seed(t), 0)).Int32N(2)
	for n, drop := range []memdir.Drop{memdir.DropBefore, memdir.DropAfter} {
		from, by := (first+int32(n))%2, int32(2)
		if everyCrash() {
			from, by = 0, 1
		}
		t.Run(fmt.Sprintf("%s/%d", what, drop), func(t *testing.T) {
			t.Parallel()
			for at := from; ; at += by {
				reached := false
				t.Run(fmt.Sprintf("at %d", at), func(t *testing.T) { reached = stops(t, at, drop) })
				if !reached || t.Failed() {
					break
				}
			}
		})
	}
}

// namesNobody waits until the entries with the ids refer to nobody who is not there.
func (d *deployment) namesNobody(t *testing.T, ids ...string) {
	t.Helper()
	var nobody []string
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		nobody = nil
		for _, id := range ids {
			e := d.entry(t, id)
			for _, dn := range append(e.Values("member"), e.Values("manager")...) {
				if dn != ldapmap.DefaultPlaceholder && d.server.Entry(t, dn, "1.1") == nil {
					nobody = append(nobody, e.DN+" "+dn)
				}
			}
		}
		if len(nobody) == 0 || time.Now().After(until) {
			break
		}
	}
	if len(nobody) > 0 {
		t.Errorf("refer to nobody: %q", nobody)
	}
}

// matchesNot fails where the name finds the account.
func (d *deployment) matchesNot(t *testing.T, name, id string) {
	t.Helper()
	for _, found := range d.found(t, "/Users", `userName eq "`+name+`"`) {
		if found["id"] == id {
			t.Errorf("%s finds the leaver", name)
		}
	}
}

// isTrue looks at what refers to a user who was a member and a manager, and lets a newcomer have the name.
func (d *deployment) isTrue(t *testing.T, user, group, report, name string, gone, leaver bool) {
	t.Helper()
	want := 1
	if gone {
		want = 0
	}
	if n := d.members(t, group)[user]; n != want {
		t.Errorf("the user is %d times in the group, which holds %q", n, d.entry(t, group).Values("member"))
	}
	if got := d.managerOf(t, report); got != map[bool]string{false: user}[gone] {
		t.Errorf("the manager is %q: %q", got, d.entry(t, report).Values("manager"))
	}
	newcomer := ""
	for _, found := range d.found(t, "/Users", `userName eq "`+name+`"`) {
		newcomer = found["id"].(string)
	}
	if newcomer == "" {
		newcomer = d.user(t, name)
	}
	if newcomer == user {
		t.Fatal("the name is still the user's")
	}
	if d.members(t, group)[newcomer] != 0 || d.managerOf(t, report) == newcomer {
		t.Error("the newcomer has inherited from the one who had the name")
	}
	if leaver {
		d.matchesNot(t, name, user)
	}
}
