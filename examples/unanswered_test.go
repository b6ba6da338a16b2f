package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
)

// asked is a request that the directory leaves a question of without an answer.
type asked struct {
	name, method, path, body string // of NEW, USER and GROUP a name, and the ids of one made for it
	most                     int    // timeouts until it is answered
}

var everyAsked = []asked{
	{"a group", http.MethodGet, "/Groups/GROUP", "", 1},
	{"a filter by member", http.MethodGet, `/Groups?filter=members[value+eq+"USER"]`, "", 1},
	{"a filter that is decided here", http.MethodGet, `/Users?filter=title+co+"e"`, "", 1},
	{"a list", http.MethodGet, "/Users?count=1", "", 1},
	{"a second page", http.MethodGet, "/Users?startIndex=2&count=1", "", 1},
	{"a first page by cursor", http.MethodGet, "/Users?cursor&count=1", "", 1},
	{"a sorted list of all", http.MethodGet, "/?sortBy=id", "", 1},
	{"a POST", http.MethodPost, "/Users", resource("/Users", `"userName":"NEW","active":true`), 2},
	{"a PATCH of members", http.MethodPatch, "/Groups/GROUP", operations(`{"op":"remove","path":"members[value eq \"USER\"]"}`), 2},
	{
		"a PATCH that disables and renames", http.MethodPatch, "/Users/USER",
		operations(replace("active", "false"), replace("userName", `"NEW"`)), 2,
	},
	{"a DELETE", http.MethodDelete, "/Users/USER", "", 2},
}

// TestUnansweredAtFirst: so it is of the request that meets the directory first, and has the map held against it.
func TestUnansweredAtFirst(t *testing.T) {
	const timeout = time.Second
	server := openLDAP(t)
	for lost, more := 1, true; more; lost++ {
		proxy := dirtest.Counted(t, server)
		d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL, "SCIMBRIDGE_DIRECTORY_TIMEOUT="+timeout.String())
		var heard atomic.Int32
		proxy.Before(func(string) {
			if heard.Add(1) == int32(lost) {
				proxy.Swallow()
			}
		})
		begun := time.Now()
		answer, content, err := d.try(http.MethodGet, "/Users", "")
		if took := time.Since(begun); err != nil || took >= timeout*7/4 {
			t.Errorf("message %d: the client is answered after %v, %v", lost, took, err)
		}
		if more = heard.Load() >= int32(lost); more == (answer.StatusCode < http.StatusMultipleChoices) {
			t.Errorf("message %d: %d %s", lost, answer.StatusCode, content)
		}
		proxy.Before(nil)
		proxy.Mend(t)
	}
}

// TestUnanswered: whichever question of a request the directory leaves without an answer, nothing waits for a second one behind it, but a
// write for one look at what became of it.
func TestUnanswered(t *testing.T) {
	const timeout = time.Second
	server := openLDAP(t, dirtest.WithoutRefint())
	for _, a := range everyAsked {
		t.Run(strings.ReplaceAll(a.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			proxy := dirtest.Counted(t, server)
			d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL, "SCIMBRIDGE_DIRECTORY_TIMEOUT="+timeout.String(),
				"SCIMBRIDGE_DIRECTORY_BREAKER_FAILURES=1000")
			for lost, more := 1, true; more; lost++ {
				name := fmt.Sprintf("%s-%d@contoso.example", strings.ReplaceAll(a.name, " ", "-"), lost)
				user := d.user(t, "u-"+name)
				fill := strings.NewReplacer("NEW", name, "USER", user, "GROUP", d.group(t, "g-"+name, user))
				var mu sync.Mutex
				var heard []string
				proxy.Before(func(operation string) {
					mu.Lock()
					defer mu.Unlock()
					if heard = append(heard, operation); len(heard) == lost {
						proxy.Swallow()
					}
				})
				begun := time.Now()
				answer, content, err := d.try(a.method, fill.Replace(a.path), fill.Replace(a.body))
				took := time.Since(begun)
				proxy.Before(nil)
				proxy.Mend(t)
				mu.Lock()
				asked := strings.Join(heard, ", ")
				more = len(heard) >= lost
				mu.Unlock()
				if err != nil {
					t.Fatal(err)
				}
				if most := time.Duration(a.most) * timeout; took >= most+timeout*3/4 {
					t.Errorf("message %d of %s is not answered: the client is after %v, and not within %v", lost, asked, took, most)
				}
				if more == (answer.StatusCode < http.StatusMultipleChoices) {
					t.Errorf("message %d of %s: %d %s", lost, asked, answer.StatusCode, content)
				}
				d.await(t, http.StatusOK, "/Groups?count=1")
			}
		})
	}
}
