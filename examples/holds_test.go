package examples_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestMistakenCycleIsHeld: 200 users are to be disabled and 30 groups emptied, by two copies of the bridge at once. As many are as may be,
// no group in part, and the rest once an operator lets it.
func TestMistakenCycleIsHeld(t *testing.T) {
	t.Parallel()
	const users, groups, each, mostBlocked, mostRemoved = 200, 30, 10, 50, 45
	o := storetest.Postgres(t)
	server := openLDAP(t)
	const limits = `
guard:
  limits:
    - {effect: blocked, type: User, most: 50, of: 25%}
    - {effect: membersRemoved, most: 45}
`
	copies := []*deployment{deployWith(t, server, limits, stored(t, o)...), deployWith(t, server, limits, stored(t, o)...)}
	d := copies[0]
	ids := d.users(t, "u", users)
	var teams []string
	for n := range groups {
		teams = append(teams, d.group(t, "team"+strconv.Itoa(n), ids[n:n+each]...))
	}
	// cycle sends one request about each to the copies in turn, and returns how many of them were done and held.
	cycle := func(path, body string, all []string) (done, held int) {
		t.Helper()
		var mu sync.Mutex
		var wait sync.WaitGroup
		slots := make(chan struct{}, 16)
		for n, id := range all {
			wait.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				answer, content, err := copies[n%len(copies)].try(http.MethodPatch, path+id, body)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Error(err)
				case answer.StatusCode < 300:
					done++
				default:
					if again, err := strconv.Atoi(answer.Header.Get("Retry-After")); answer.StatusCode != 503 || err != nil || again < 1 {
						t.Errorf("%s, Retry-After %q: %s", answer.Status, answer.Header.Get("Retry-After"), content)
					}
					held++
				}
			})
		}
		wait.Wait()
		return done, held
	}
	emptyAll := operations(`{"op":"Remove","path":"members"}`)
	if done, held := cycle("/Users/", disable, ids); done != mostBlocked || held != users-mostBlocked {
		t.Errorf("%d users are disabled, %d held", done, held)
	}
	if done, held := cycle("/Groups/", emptyAll, teams); done != mostRemoved/each || held != groups-mostRemoved/each {
		t.Errorf("%d groups are emptied, %d held", done, held)
	}
	blocked, left := d.found(t, "/Users", `active eq false`), map[int]int{}
	for _, id := range teams {
		left[len(d.members(t, id))]++
	}
	if len(blocked) != mostBlocked || left[0] != mostRemoved/each || left[each] != groups-mostRemoved/each {
		t.Errorf("%d are blocked, groups by members: %v", len(blocked), left)
	}
	// Other writes go on.
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+ids[0], operations(replace("title", `"cook"`)))
	d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+ids[users-1], "")
	s := storetest.Open(t, o)
	if refused := accounts(t, s, journal.Query{Effect: ldif.Blocked, Outcome: journal.Refused}); len(refused) != users-mostBlocked {
		t.Errorf("%d are on record as held", len(refused))
	}

	holds, err := guard.NewHolds(s)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	list, err := holds.List(t.Context(), false, now)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	waiting := map[string]int64{"blocked": users - mostBlocked, "membersRemoved": (groups - mostRemoved/each) * each}
	for _, h := range list {
		if h.Waiting != waiting[h.Effect] {
			t.Errorf("%+v", h)
		}
		if _, err := holds.Approve(t.Context(), h.ID, 0, now.Add(time.Hour), "admin", now); err != nil {
			t.Error(err)
		}
	}
	if done, held := cycle("/Users/", disable, ids[:users-1]); done != users-1 || held != 0 {
		t.Errorf("%d users are disabled, %d held", done, held)
	}
	if done, held := cycle("/Groups/", emptyAll, teams); done != groups || held != 0 {
		t.Errorf("%d groups are emptied, %d held", done, held)
	}
}
