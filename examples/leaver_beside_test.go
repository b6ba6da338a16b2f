package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// leaversModes runs the test with each way to keep who is deleted.
func leaversModes(t *testing.T, server *dirtest.Server, test func(t *testing.T, env []string)) {
	for _, mode := range []string{"block", "strip", "move"} {
		t.Run(mode, func(t *testing.T) {
			defer server.Empty(t)
			env := marked(mode)
			if mode == "move" {
				_, env = leaversPlace(t, server, server.People)
			}
			test(t, env)
		})
	}
}

// TestLeaverIsNoValue: where members are values of uid, who is deleted and kept is in no group, nor is who takes his name, nor he when he
// comes back.
func TestLeaverIsNoValue(t *testing.T) {
	t.Parallel()
	for _, keeper := range valueKeepers {
		t.Run(keeper.name, func(t *testing.T) {
			t.Parallel()
			server := keeper.start(t)
			name, byHand := "anna", []string{"bo", "anna"}
			if server.Kind == ldif.ActiveDirectory { // there the account name is given once
				name, byHand = "mara", []string{"bo"}
			}
			leaversModes(t, server, func(t *testing.T, env []string) {
				d := deploy(t, server, append(env, keeper.env...)...)
				anna, bo, mara := d.user(t, "anna"), d.user(t, "bo"), d.user(t, "mara")
				group := d.group(t, "Crew", anna, bo)
				d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
				d.holds(t, "deleted", group, "bo", bo)
				d.want(t, http.StatusBadRequest, http.MethodPatch, "/Groups/"+group, addMembers(anna))
				modify(t, server, d.entry(t, group).DN, "memberUid", byHand...) // somebody has written it by hand
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+mara, operations(replace("userName", `"anna"`)))
				d.holds(t, "his name is another's", group, "bo", bo)
				d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(mara))
				d.holds(t, "who is added", group, strings.Join(slices.Sorted(slices.Values([]string{name, "bo"})), " "), bo, mara)
				d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+mara, "")
				d.holds(t, "deleted too", group, "bo", bo)
				modify(t, server, d.entry(t, group).DN, "memberUid", byHand...)
				if back := d.user(t, "anna"); back != mara {
					t.Errorf("revived as %s, not %s", back, mara)
				}
				d.holds(t, "back", group, "bo", bo)
				d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+anna, "")
			})
		})
	}
}

// TestLeaverIsNoValueInARace: two copies of the bridge delete and keep a user, and add him by value.
func TestLeaverIsNoValueInARace(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{uidAlone, uidBeside} {
		for _, first := range []string{http.MethodPatch, http.MethodDelete} {
			server := uidMemory(t, false)
			leaversModes(t, server, func(t *testing.T, env []string) {
				env = append(env, values...)
				c := &crew{copies: copies{server: server, bridges: []*deployment{deploy(t, server, env...), deploy(t, server, env...)}}}
				c.user = c.of(0).user(t, "anna")
				c.group = c.of(1).group(t, "Crew", c.of(0).user(t, "bo"))
				join := func() { _, _, _ = c.of(1).try(http.MethodPatch, "/Groups/"+c.group, addMembers(c.user)) }
				remove := c.also(t, 0, http.StatusNoContent, http.MethodDelete, "/Users/"+c.user, "")
				if first == http.MethodPatch {
					interleaved(server, between{op: "modify", dn: "cn=crew", do: remove})
					join()
				} else {
					op := map[bool]string{true: "modrdn", false: "modify"}[strings.Contains(strings.Join(env, " "), "MODE=move")]
					interleaved(server, between{op: "modify", dn: "uid=anna"}, between{op: op, dn: "uid=anna", do: join})
					remove()
				}
				server.Mem.Fault(nil)
				if got := c.of(0).uids(t, c.group); got != "bo" {
					t.Errorf("%s first: the group holds %q", first, got)
				}
			})
		}
	}
}

// TestLeaverIsNotMatched: who is deleted and kept is linked to nobody by the map's keys: a POST of his name gives him the entry again, and
// one that a key finds him by makes another.
func TestLeaverIsNotMatched(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		leaversModes(t, server, func(t *testing.T, env []string) {
			d := deploy(t, server, append(env, matching...)...)
			leaver := d.unclaimed(t, "leaver", "leaver@mail.example")
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
			for _, asked := range []string{"leaver", "leaver@mail.example"} {
				if found := d.found(t, "/Users", `userName eq "`+asked+`"`); len(found) > 0 {
					t.Errorf("found by %s: %v", asked, found)
				}
			}
			made := d.want(t, http.StatusCreated, http.MethodPost, "/Users", claiming("1", "leaver@mail.example"))
			if made["id"] == leaver {
				t.Error("the leaver is linked")
			}
			back := d.want(t, http.StatusCreated, http.MethodPost, "/Users", claiming("2", "leaver"))
			if back["id"] != leaver || back["externalId"] != "2" || back["active"] != true {
				t.Errorf("revived: %v", back)
			}
			d.want(t, http.StatusConflict, http.MethodPost, "/Users", claiming("3", "leaver"))

			// Who is linked under a leaver's name has him make room.
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
			found := d.unclaimed(t, "found", "leaver")
			linked := d.want(t, http.StatusCreated, http.MethodPost, "/Users", claiming("4", "leaver"))
			if linked["id"] != found {
				t.Errorf("linked: %v", linked)
			}
			d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+leaver, "")
			d.matches(t, "leaver", found)
		})
	})
}

// TestLeaverOfSeveralBases: who stood below any base comes back where new users go; who is below the leavers' place is on no list.
func TestLeaverOfSeveralBases(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		its := products[server.Kind]
		var bases []string
		for _, name := range []string{"Staff", "External"} {
			bases = append(bases, "ou="+name+","+server.People)
			server.Load(t, fmt.Sprintf("dn: %s\nobjectClass: organizationalUnit\nou: %s\n", bases[len(bases)-1], name))
		}
		_, env := leaversPlace(t, server, bases[1])
		d := deploy(t, server, append(env, "SCIMBRIDGE_RESOURCES_0_BASE_0="+bases[0], "SCIMBRIDGE_RESOURCES_0_BASE_1="+bases[1],
			"SCIMBRIDGE_RESOURCES_0_BASE=")...)
		server.Load(t, its.user(its.rdn("visitor")+","+bases[1], "visitor"))
		guest := idOf(t, server, its.rdn("visitor")+","+bases[1])
		group := d.group(t, "Crew", guest)
		report := d.user(t, "report")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace(managerPath, `"`+guest+`"`)))
		for range 2 {
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+guest, "")
			if found := d.everyone(t); len(found) != 1 || found[0]["id"] != report {
				t.Errorf("everyone is %v", found)
			}
			if d.members(t, group)[guest] != 0 || d.managerOf(t, report) != "" {
				t.Error("the leaver is a member, or a manager")
			}
			if back := d.user(t, "visitor"); back != guest {
				t.Errorf("revived as %s, not %s", back, guest)
			}
			d.stands(t, guest, bases[0])
		}
	})
}

// TestLeaverOfValuesIsStopped: a DELETE that keeps the entry, and a POST that gives it back, may stop at any write where members are values
// of uid too: who has left is in no group then.
func TestLeaverOfValuesIsStopped(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{uidAlone, uidBeside} {
		for _, mode := range []string{"block", "move"} {
			atEachWrite(t, fmt.Sprint(len(values), " ", mode), func(t *testing.T, at int32, drop memdir.Drop) (reached bool) {
				return leaverOfValuesStops(t, values, mode, at, drop)
			})
		}
	}
}

func leaverOfValuesStops(t *testing.T, values []string, mode string, at int32, drop memdir.Drop) (reached bool) {
	server := uidMemory(t, false)
	env := marked(mode)
	if mode == "move" {
		_, env = leaversPlace(t, server, server.People)
	}
	d := deploy(t, server, append(append(env, values...), "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms")...)
	anna, bo := d.user(t, "anna"), d.user(t, "bo")
	group := d.group(t, "Crew", anna, bo)
	sent := func(wanted int, method, path, body string) {
		stopsAt(server, at, drop)
		answer, content := d.do(t, method, path, body)
		server.Mem.Fault(nil)
		if answer.StatusCode == wanted {
			return
		}
		reached = true
		if answer.StatusCode/100 != 5 {
			t.Errorf("%s: %d %s", method, answer.StatusCode, content)
		}
		d.await(t, http.StatusOK, "/Groups/"+group)
		if got, _ := d.do(t, http.MethodGet, "/Users/"+anna, ""); got.StatusCode == http.StatusNotFound {
			d.holds(t, "left", group, "bo", bo)
		}
		switch answer, content = d.do(t, method, path, body); answer.StatusCode {
		case wanted, http.StatusNotFound, http.StatusConflict: // it was done
		default:
			t.Errorf("sent again: %d %s", answer.StatusCode, content)
		}
	}
	sent(http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
	d.holds(t, "deleted", group, "bo", bo)
	sent(http.StatusCreated, http.MethodPost, "/Users", resource("/Users", `"userName":"anna","title":"Back"`))
	d.matches(t, "anna", anna)
	d.holds(t, "back", group, "bo", bo)
	return reached
}

// TestLinkIsStopped: a POST that links an entry may stop at any write, where a leaver has its new name and is to make room. The leaver is
// never linked, nor given a membership, and the same POST again completes it.
func TestLinkIsStopped(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"block", "move"} {
		atEachWrite(t, mode, func(t *testing.T, at int32, drop memdir.Drop) (reached bool) { return linkStops(t, mode, at, drop) })
	}
}

func linkStops(t *testing.T, mode string, at int32, drop memdir.Drop) (reached bool) {
	server := uidMemory(t, false)
	env := marked(mode)
	if mode == "move" {
		_, env = leaversPlace(t, server, server.People)
	}
	const name = "anna@contoso.example"
	d := deploy(t, server, slices.Concat(env, uidBeside, matching, []string{"SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms"})...)
	leaver, found := d.user(t, name), d.unclaimed(t, "anna", name)
	group := d.group(t, "Crew", leaver, found)
	d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
	d.holds(t, "deleted", group, "anna", found)
	body := claiming("7", name, `"title":"Clerk"`, `"active":true`)
	stopsAt(server, at, drop)
	answer, content := d.do(t, http.MethodPost, "/Users", body)
	server.Mem.Fault(nil)
	if answer.StatusCode != http.StatusCreated {
		reached = true
		if answer.StatusCode/100 != 5 {
			t.Errorf("%d %s", answer.StatusCode, content)
		}
		d.await(t, http.StatusOK, "/Groups/"+group)
		if got := d.members(t, group); got[found] != 1 || len(got) != 1 {
			t.Errorf("half way the group shows %v", got)
		}
		d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+leaver, "")
		switch answer, content = d.do(t, http.MethodPost, "/Users", body); answer.StatusCode {
		case http.StatusCreated, http.StatusConflict:
		default:
			t.Errorf("sent again: %d %s", answer.StatusCode, content)
		}
	}
	d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+leaver, "")
	shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+found, "")
	if shown["userName"] != name || shown["externalId"] != "7" || shown["title"] != "Clerk" {
		t.Errorf("linked: %v", shown)
	}
	d.user(t, "anna") // who has the old name now
	d.holds(t, "linked", group, name, found)
	return reached
}
