package examples_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// list is the part of a ListResponse that paging is about.
type list struct {
	TotalResults, StartIndex, ItemsPerPage int
	NextCursor                             string
	Resources                              []struct{ ID, UserName string }
}

func (d *deployment) list(t testing.TB, path string) list {
	t.Helper()
	response, content := d.do(t, "GET", path, "")
	var l list
	if response.StatusCode != 200 || json.Unmarshal([]byte(content), &l) != nil {
		t.Fatalf("%s: %d %s", path, response.StatusCode, content)
	}
	return l
}

// loadUsers adds users named stay0001@…
func loadUsers(t testing.TB, server *dirtest.Server, n int) {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "dn: uid=stay%04d@contoso.example,%s\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\n"+
			"uid: stay%04d@contoso.example\ncn: U\nsn: U\nuserAccountControl: 512\n\n", i, server.People, i)
	}
	server.Load(t, b.String())
}

// eachOnce holds a run through every page to each user that stays all the while showing exactly once.
func eachOnce(t testing.TB, seen map[string]int, n int) {
	t.Helper()
	stayed := 0
	for name, times := range seen {
		if times != 1 {
			t.Fatalf("%s showed %d times", name, times)
		}
		if strings.HasPrefix(name, "stay") {
			stayed++
		}
	}
	if stayed != n {
		t.Errorf("%d of %d users showed", stayed, n)
	}
}

// TestPagesWhileOthersComeAndGo: by cursor everybody who stays shows exactly once; by index when they have come and gone.
func TestPagesWhileOthersComeAndGo(t *testing.T) {
	const users = 1000
	server := openLDAP(t)
	loadUsers(t, server, users)
	d := deploy(t, server)
	if total := d.list(t, "/Users?count=0").TotalResults; total != users {
		t.Errorf("totalResults %d, want %d", total, users)
	}

	var stop atomic.Bool
	moved := make(chan error, 1)
	other := deploy(t, server)
	go func() { // another client adds and deletes all the while
		for i := 0; !stop.Load(); i++ {
			_, content, err := other.try("POST", "/Users",
				fmt.Sprintf(`{"userName":"move%d@contoso.example","name":{"familyName":"M"}}`, i))
			var made struct{ ID string }
			if err == nil {
				err = json.Unmarshal([]byte(content), &made)
			}
			if err == nil && i%2 == 0 {
				_, _, err = other.try("DELETE", "/Users/"+made.ID, "")
			}
			if err != nil {
				moved <- err
				return
			}
		}
		moved <- nil
	}()
	t.Run("by cursor", func(t *testing.T) {
		seen := map[string]int{}
		for cursor, more := "", true; more; more = cursor != "" {
			l := d.list(t, "/Users?count=100&attributes=userName&cursor="+url.QueryEscape(cursor))
			for _, r := range l.Resources {
				seen[r.UserName]++
			}
			cursor = l.NextCursor
		}
		eachOnce(t, seen, users)
	})
	stop.Store(true)
	if err := <-moved; err != nil {
		t.Error(err)
	}
	t.Run("by index", func(t *testing.T) {
		seen := map[string]int{}
		total := 1
		for start := 1; start <= total; start += 100 {
			l := d.list(t, fmt.Sprintf("/Users?startIndex=%d&count=100&attributes=userName", start))
			if total = l.TotalResults; l.StartIndex != start {
				t.Fatalf("startIndex %d, asked for %d", l.StartIndex, start)
			}
			for _, r := range l.Resources {
				seen[r.UserName]++
			}
		}
		eachOnce(t, seen, users)
	})
}

// A page after the first costs one search, and one for the directory's mark, where that has been seen to move; another copy of the bridge,
// which has no snapshot, shows the same page.
func TestPageCost(t *testing.T) {
	server := memory(t)
	loadUsers(t, server, 250)
	d, other := deploy(t, server), deploy(t, server)
	d.list(t, "/Users")
	other.group(t, "crew")
	for name, next := range map[string]func(l list) string{
		"index":  func(l list) string { return "startIndex=101" },
		"cursor": func(l list) string { return "cursor=" + l.NextCursor },
	} {
		first := map[string]string{"index": "startIndex=1", "cursor": "cursor"}[name]
		l := d.list(t, "/Users?count=100&"+first)
		server.Mem.ResetCounts()
		second := d.list(t, "/Users?count=100&"+next(l))
		if counts := server.Mem.Counts(); counts["search"] != 2 || len(counts) != 1 {
			t.Errorf("%s: the second page cost %v", name, counts)
		}
		same := other.list(t, "/Users?count=100&"+next(l))
		if fmt.Sprint(same) != fmt.Sprint(second) {
			t.Errorf("%s: another copy shows another page", name)
		}
		if len(second.Resources) != 100 || second.TotalResults != 250 {
			t.Errorf("%s: %d of %d", name, len(second.Resources), second.TotalResults)
		}
	}
}
