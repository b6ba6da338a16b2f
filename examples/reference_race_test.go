package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// raceRounds is how often each race is run on each server: SCIMBRIDGE_TEST_ROUNDS, or a short form.
func raceRounds(t *testing.T, short int) int {
	return dirtest.Number(t, "SCIMBRIDGE_TEST_ROUNDS", short)
}

// race runs rounds of a race, several beside one another, each with names of its own. The directory is emptied now and then: Samba reads
// all of it to find who refers to an entry.
func (c copies) race(t *testing.T, rounds int, run func(t *testing.T, round int)) {
	const emptied = 100
	lanes := 4
	if productOf(c.server).oneAtATime {
		lanes = 1
	}
	for first := 0; first < rounds && !t.Failed(); first += emptied {
		if first > 0 {
			c.server.Empty(t)
		}
		var all sync.WaitGroup
		for lane := range lanes {
			all.Go(func() {
				t.Run(fmt.Sprintf("%d from %d", lane, first), func(t *testing.T) {
					for round := first + lane; round < min(first+emptied, rounds); round += lanes {
						if run(t, round); t.Failed() {
							t.Fatalf("round %d", round)
						}
					}
				})
			})
		}
		all.Wait()
	}
}

// TestReferenceRaces: several copies of the bridge write one directory. Whoever writes a reference while its target is renamed or goes, and
// whoever renames or deletes meanwhile, leave the directory true: no value that names nobody, no membership that a newcomer inherits, and
// nothing lost that was acknowledged.
func TestReferenceRaces(t *testing.T) {
	t.Parallel()
	withoutRefint := func(t testing.TB) *dirtest.Server {
		return openLDAP(t, dirtest.WithoutRefint())
	}
	for _, s := range append(servers[1:len(servers):len(servers)], namedServer{"openldap without refint", withoutRefint}) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			c := copies{server: s.start(t)}
			for range 3 { // a server that is slow beside other work is not away
				c.bridges = append(c.bridges, deploy(t, c.server, "SCIMBRIDGE_DIRECTORY_TIMEOUT=1m"))
			}
			for _, between := range []struct {
				name  string
				run   func(*testing.T, copies, int)
				short int // rounds
			}{
				{"delete against member add", deleteAgainstMember, 6},
				{"rename against member add", renameAgainstMember, 6},
				{"rename against manager", renameAgainstManager, 6},
				{"soft delete against newcomer", softDeleteAgainstNewcomer, 6},
				{"member add of a leaver against newcomer", leaverJoinsAgainstNewcomer, 6},
				{"group with a member who is deleted", groupAgainstDelete, 6},
				{"restore against newcomer", restoreAgainstNewcomer, 6},
				{"any two writes", anyTwoWrites, 12}, // no two of them the same
			} {
				t.Run(between.name, func(t *testing.T) {
					c.race(t, raceRounds(t, between.short), func(t *testing.T, round int) { between.run(t, c, round) })
				})
			}
		})
	}
}

// copies are bridges in front of one directory.
type copies struct {
	server  *dirtest.Server
	bridges []*deployment
}

func (c copies) of(n int) *deployment { return c.bridges[n%len(c.bridges)] }

// sent is a request and what was answered.
type sent struct {
	n                  int // of the copy
	method, path, body string
	header             []string
	status             int
	answer             string
}

// together sends requests at the same time.
func (c copies) together(t *testing.T, requests ...*sent) {
	t.Helper()
	var wait sync.WaitGroup
	for _, r := range requests {
		wait.Go(func() {
			answer, content, err := c.of(r.n).try(r.method, r.path, r.body, r.header...)
			if err != nil {
				t.Error(err)
				return
			}
			r.status, r.answer = answer.StatusCode, content
		})
	}
	wait.Wait()
}

// holds are the values of an entry's attribute, as the directory has them.
func (c copies) holds(t *testing.T, id, attribute string) []string {
	t.Helper()
	return c.of(0).entry(t, id).Values(attribute)
}

func deleteAgainstMember(t *testing.T, c copies, round int) {
	name := fmt.Sprintf("leaving%d@contoso.example", round)
	user := c.of(0).user(t, name)
	dn := c.of(0).entry(t, user).DN
	group := c.of(1).group(t, fmt.Sprintf("Leaving %d", round))
	deletion := &sent{n: round, method: http.MethodDelete, path: "/Users/" + user}
	join := &sent{n: round + 1, method: http.MethodPatch, path: "/Groups/" + group, body: addMembers(user)}
	c.together(t, deletion, join)
	if deletion.status != http.StatusNoContent || join.status != http.StatusNoContent && join.status != http.StatusBadRequest {
		t.Fatalf("%d %s; %d %s", deletion.status, deletion.answer, join.status, join.answer)
	}
	for _, v := range c.holds(t, group, "member") {
		if ldif.SameDN(v, dn) {
			t.Errorf("the group keeps %s, which is gone (the join was answered %d)", v, join.status)
		}
	}
	newcomer := c.of(2).user(t, name)
	if n := c.of(0).members(t, group)[newcomer]; n != 0 {
		t.Error("the newcomer is a member")
	}
	c.of(0).want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+newcomer, "")
}

func renameAgainstMember(t *testing.T, c copies, round int) {
	user := c.of(0).user(t, fmt.Sprintf("moving%d@contoso.example", round))
	group := c.of(1).group(t, fmt.Sprintf("Moving %d", round))
	old := c.of(0).entry(t, user).DN
	rename := &sent{
		n: round, method: http.MethodPatch, path: "/Users/" + user,
		body: operations(replace("userName", fmt.Sprintf(`"moved%d@contoso.example"`, round)),
			replace("displayName", fmt.Sprintf(`"Moved %d"`, round))),
	}
	join := &sent{n: round + 1, method: http.MethodPatch, path: "/Groups/" + group, body: addMembers(user)}
	c.together(t, rename, join)
	if rename.status != http.StatusOK || join.status != http.StatusNoContent {
		t.Fatalf("%d %s; %d %s", rename.status, rename.answer, join.status, join.answer)
	}
	if n := c.of(0).members(t, group)[user]; n != 1 {
		t.Errorf("the member was acknowledged and is %d times in the group, which holds %q", n, c.holds(t, group, "member"))
	}
	c.noStray(t, group, "member", old, c.of(0).entry(t, user).DN)
}

func renameAgainstManager(t *testing.T, c copies, round int) {
	boss := c.of(0).user(t, fmt.Sprintf("boss%d@contoso.example", round))
	report := c.of(1).user(t, fmt.Sprintf("report%d@contoso.example", round))
	old := c.of(0).entry(t, boss).DN
	rename := &sent{
		n: round, method: http.MethodPatch, path: "/Users/" + boss,
		body: operations(replace("userName", fmt.Sprintf(`"chief%d@contoso.example"`, round)),
			replace("displayName", fmt.Sprintf(`"Chief %d"`, round))),
	}
	assign := &sent{n: round + 1, method: http.MethodPatch, path: "/Users/" + report, body: operations(replace(managerPath, `"`+boss+`"`))}
	c.together(t, rename, assign)
	if rename.status != http.StatusOK || assign.status != http.StatusOK {
		t.Fatalf("%d %s; %d %s", rename.status, rename.answer, assign.status, assign.answer)
	}
	if got := c.of(0).managerOf(t, report); got != boss {
		t.Errorf("the manager was acknowledged and is %q: %q", got, c.holds(t, report, "manager"))
	}
	c.noStray(t, report, "manager", old, c.of(0).entry(t, boss).DN)
}

// noStray fails the test where the attribute holds a DN that its target has no longer.
func (c copies) noStray(t *testing.T, id, attribute, old, now string) {
	t.Helper()
	for _, v := range c.holds(t, id, attribute) {
		if ldif.SameDN(v, old) && !ldif.SameDN(old, now) {
			t.Errorf("%s keeps %s, which is %s now", attribute, v, now)
		}
	}
}

func softDeleteAgainstNewcomer(t *testing.T, c copies, round int) {
	name := fmt.Sprintf("reused%d@contoso.example", round)
	leaver := c.of(0).user(t, name)
	group := c.of(1).group(t, fmt.Sprintf("Reused %d", round), leaver)
	tombstone := strings.ReplaceAll(leaver, "-", "")[:32] + name
	softDelete := &sent{
		n: round, method: http.MethodPatch, path: "/Users/" + leaver,
		body: operations(replace("userName", `"`+tombstone+`"`), replace("active", `"False"`)),
	}
	arrival := &sent{n: round + 1, method: http.MethodPost, path: "/Users", body: resource("/Users", `"userName":"`+name+`"`)}
	c.together(t, softDelete, arrival)
	if softDelete.status != http.StatusOK || arrival.status != http.StatusCreated && arrival.status != http.StatusConflict {
		t.Fatalf("%d %s; %d %s", softDelete.status, softDelete.answer, arrival.status, arrival.answer)
	}
	if arrival.status == http.StatusConflict {
		c.of(round+2).want(t, http.StatusCreated, http.MethodPost, "/Users", arrival.body)
	}
	for _, found := range c.of(0).found(t, "/Users", `userName eq "`+name+`"`) {
		switch id := found["id"].(string); {
		case id == leaver:
			t.Error("the clean name finds the leaver")
		case c.of(0).members(t, group)[id] != 0:
			t.Error("the newcomer is a member")
		}
	}
	if c.of(0).members(t, group)[leaver] != 1 {
		t.Errorf("the leaver has lost the group, which holds %q", c.holds(t, group, "member"))
	}
}

// softDeleted makes a user and deletes it as Entra does.
func (c copies) softDeleted(t *testing.T, name string, more ...string) (id, tombstone string) {
	t.Helper()
	id = c.of(0).create(t, "/Users", strings.Join(append([]string{`"userName":"` + name + `"`}, more...), ","))
	tombstone = strings.ReplaceAll(id, "-", "")[:32] + name
	c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
		operations(replace("userName", `"`+tombstone+`"`), replace("active", `"False"`)))
	return id, tombstone
}

func leaverJoinsAgainstNewcomer(t *testing.T, c copies, round int) {
	name := fmt.Sprintf("joining%d@contoso.example", round)
	leaver, _ := c.softDeleted(t, name)
	group := c.of(1).group(t, fmt.Sprintf("Joining %d", round))
	join := &sent{n: round, method: http.MethodPatch, path: "/Groups/" + group, body: addMembers(leaver)}
	arrival := &sent{n: round + 1, method: http.MethodPost, path: "/Users", body: resource("/Users", `"userName":"`+name+`"`)}
	c.together(t, join, arrival)
	if join.status != http.StatusNoContent || arrival.status != http.StatusCreated {
		t.Fatalf("%d %s; %d %s", join.status, join.answer, arrival.status, arrival.answer)
	}
	newcomer := parse(t, arrival.answer)["id"].(string)
	if members := c.of(2).members(t, group); members[newcomer] != 0 || members[leaver] != 1 {
		t.Errorf("the group holds %q, the newcomer %d times and the leaver %d times",
			c.holds(t, group, "member"), members[newcomer], members[leaver])
	}
}

func groupAgainstDelete(t *testing.T, c copies, round int) {
	name := fmt.Sprintf("ending%d@contoso.example", round)
	user := c.of(0).user(t, name)
	dn := c.of(0).entry(t, user).DN
	deletion := &sent{n: round, method: http.MethodDelete, path: "/Users/" + user}
	founding := &sent{
		n: round + 1, method: http.MethodPost, path: "/Groups",
		body: resource("/Groups", fmt.Sprintf(`"displayName":"Ending %d","members":%s`, round, values(user))),
	}
	c.together(t, deletion, founding)
	if deletion.status != http.StatusNoContent || founding.status != http.StatusCreated && founding.status != http.StatusBadRequest {
		t.Fatalf("%d %s; %d %s", deletion.status, deletion.answer, founding.status, founding.answer)
	}
	if founding.status == http.StatusCreated {
		group := parse(t, founding.answer)["id"].(string)
		for _, v := range c.holds(t, group, "member") {
			if ldif.SameDN(v, dn) {
				t.Errorf("the group keeps %s, which is gone", v)
			}
		}
	}
}

func restoreAgainstNewcomer(t *testing.T, c copies, round int) {
	name := fmt.Sprintf("returning%d@contoso.example", round)
	leaver, _ := c.softDeleted(t, name)
	restore := &sent{
		n: round, method: http.MethodPatch, path: "/Users/" + leaver,
		body: operations(replace("userName", `"`+name+`"`), replace("active", `"True"`)),
	}
	arrival := &sent{n: round + 1, method: http.MethodPost, path: "/Users", body: resource("/Users", `"userName":"`+name+`"`)}
	c.together(t, restore, arrival)
	told := 0
	for _, r := range []*sent{restore, arrival} {
		switch r.status {
		case http.StatusOK, http.StatusCreated:
			told++
		case http.StatusConflict, http.StatusServiceUnavailable:
		default:
			t.Errorf("%s: %d %s", r.method, r.status, r.answer)
		}
	}
	if found := c.of(2).found(t, "/Users", `userName eq "`+name+`"`); len(found) != told || told > 1 {
		t.Errorf("%d have the name, %d were told so (%d, %d)", len(found), told, restore.status, arrival.status)
	}
}
