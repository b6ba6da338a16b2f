package examples_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap"
)

// list is the part of a ListResponse that paging is about.
type list struct {
	TotalResults, StartIndex, ItemsPerPage int
	NextCursor                             string
	Resources                              []struct{ ID, UserName string }
}

func (d *deployment) list(t testing.TB, path string) list {
	t.Helper()
	return d.listBut(t, path, "")
}

// listBut is list without a long value, whose octets need not be looked at one by one.
func (d *deployment) listBut(t testing.TB, path, value string) list {
	t.Helper()
	response, content := d.do(t, "GET", path, "")
	if value != "" {
		content = strings.ReplaceAll(content, value, "")
	}
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

// TestPagesWhileOthersWrite: by cursor everybody who is there all the while shows exactly once, whatever three others write through this
// copy of the bridge and another: who comes and goes, who is renamed, who is changed. By index so when they have done.
// SCIMBRIDGE_TEST_PAGED is another number of users, in as many pages: for each page all are found anew, since this server keeps no mark.
func TestPagesWhileOthersWrite(t *testing.T) {
	t.Parallel()
	const pages = 20
	users := dirtest.Number(t, "SCIMBRIDGE_TEST_PAGED", 2_000)
	page := fmt.Sprint(users / pages)
	server := openLDAP(t, dirtest.Config("limits * size=unlimited"))
	loadUsers(t, server, users)
	d, other := deploy(t, server, "SCIMBRIDGE_LIMITS_PAGE="+page), deploy(t, server)
	var all, stay, leave []string
	for _, e := range server.Entries(t, server.People, server.IDAttribute) {
		if strings.HasPrefix(e.DN, "uid=") {
			all = append(all, server.ID(e))
		}
	}
	slices.Sort(all) // as they are listed
	for n, id := range all {
		if n%4 == 0 {
			leave = append(leave, id)
		} else {
			stay = append(stay, id)
		}
	}
	if total := d.list(t, "/Users?count=0").TotalResults; total != users || len(all) != users {
		t.Fatalf("totalResults %d of %d, want %d", total, len(all), users)
	}
	everybody := func(t *testing.T, next func(l list, listed int) string) {
		t.Helper()
		seen, listed := map[string]int{}, 0
		for query := next(list{}, 0); query != ""; {
			l := d.list(t, "/Users?count="+page+"&attributes=userName&"+query)
			for _, r := range l.Resources {
				if seen[r.ID]++; seen[r.ID] > 1 {
					t.Errorf("%s shows %d times", r.UserName, seen[r.ID])
				}
			}
			listed += len(l.Resources)
			query = next(l, listed)
		}
		missed := 0
		for _, id := range stay {
			if seen[id] == 0 {
				missed++
			}
		}
		if missed > 0 {
			t.Errorf("%d of %d do not show", missed, len(stay))
		}
	}
	cursor := func(l list, listed int) string {
		if listed > 0 && l.NextCursor == "" {
			return ""
		}
		return "cursor=" + url.QueryEscape(l.NextCursor)
	}
	index := func(l list, listed int) string {
		if listed > 0 && listed >= l.TotalResults {
			return ""
		}
		return fmt.Sprint("startIndex=", listed+1)
	}
	var over atomic.Bool
	var writing sync.WaitGroup
	writes := func(by *deployment, write func(n int) (method, path, body string)) {
		writing.Go(func() {
			for n := 0; !over.Load(); n++ {
				method, path, body := write(n)
				if answer, content, err := by.try(method, path, body); err != nil || answer.StatusCode >= 300 {
					t.Errorf("%s %s: %s %v", method, path, content, err)
					return
				}
			}
		})
	}
	text := func(format string, n int) string { return fmt.Sprintf("%q", fmt.Sprintf(format, n)) }
	writes(other, func(n int) (method, path, body string) { // one after the other, all along the list
		if at := n / 2 * 17; n%2 == 0 && n/2 < len(leave) {
			return "DELETE", "/Users/" + leave[at%len(leave)], ""
		}
		return "POST", "/Users", resource("/Users", `"userName":`+text("come%d@contoso.example", n)+`,"name":{"familyName":"C"}`)
	})
	writes(d, func(n int) (method, path, body string) {
		return "PATCH", "/Users/" + stay[n*7%len(stay)], operations(replace("userName", text("renamed%d", n)))
	})
	writes(other, func(n int) (method, path, body string) {
		return "PATCH", "/Users/" + stay[n*11%len(stay)], operations(replace("title", text("title %d", n)))
	})
	for range 3 {
		everybody(t, cursor)
	}
	over.Store(true)
	writing.Wait()
	everybody(t, index)
}

// A page after the first costs the searches that name its entries, and one for the directory's mark, where that has been seen to move;
// another copy of the bridge, which has no snapshot, shows the same page.
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
		if counts := server.Mem.Counts(); counts["search"] != 100/ldapmap.SearchChunk+1 || len(counts) != 1 {
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
