package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// TestIfMatchRace: of two clients that change the same attribute of the same version one wins and the other is told, a thousand times; the
// winner's value stands.
func TestIfMatchRace(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			server := s.start(t)
			d := deploy(t, server)
			_, content := d.do(t, "POST", "/Users",
				`{"userName":"race@contoso.example","displayName":"Race","name":{"familyName":"R"},"title":"0"}`)
			var made struct{ ID string }
			if err := json.Unmarshal([]byte(content), &made); err != nil || made.ID == "" {
				t.Fatal(content)
			}
			for round := range 1000 {
				response, _ := d.do(t, "GET", "/Users/"+made.ID, "")
				tag := response.Header.Get("ETag")
				status, failed := [2]int{}, [2]error{}
				var both sync.WaitGroup
				for client := range 2 {
					both.Go(func() {
						body := fmt.Sprintf(`{"Operations":[{"op":"replace","path":"title","value":"%d-%d"}]}`, round, client)
						response, _, err := d.try("PATCH", "/Users/"+made.ID, body, "If-Match: "+tag)
						if failed[client] = err; err == nil {
							status[client] = response.StatusCode
						}
					})
				}
				both.Wait()
				winner := 0
				if status[1] == 200 {
					winner = 1
				}
				if status[winner] != 200 || status[1-winner] != 412 {
					t.Fatalf("round %d: %v %v", round, status, failed)
				}
				_, content := d.do(t, "GET", "/Users/"+made.ID+"?attributes=title", "")
				var now struct{ Title string }
				if err := json.Unmarshal([]byte(content), &now); err != nil || now.Title != fmt.Sprintf("%d-%d", round, winner) {
					t.Fatalf("round %d: client %d won, and the title is %q", round, winner, now.Title)
				}
			}
		})
	}
}

// TestLastModified: the time of the last write is as fine as the server tells it, and a filter finds it; versions are what they were.
func TestLastModified(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		d := deploy(t, server)
		user := d.user(t, "fine@contoso.example")
		var times, versions []string
		for _, title := range []string{"one", "two"} {
			meta := d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("title", `"`+title+`"`)))["meta"].(object)
			times, versions = append(times, meta["lastModified"].(string)), append(versions, meta["version"].(string))
		}
		entry := server.Entry(t, d.entry(t, user).DN, server.VersionAttribute, server.ModifiedAttribute)
		text := entry.Value(server.ModifiedAttribute)
		if server.VersionForm == ldif.VersionCSN {
			text, _, _ = strings.Cut(entry.Value(server.VersionAttribute), "#")
			if times[0] == times[1] {
				t.Errorf("two writes were at %s", times[0])
			}
		}
		want, err := ldapmap.ParseTime(text)
		if got, parsed := schema.ParseDateTime(times[1]); err != nil || !parsed || !got.Equal(want) {
			t.Errorf("lastModified is %s, and the entry has %s: %v", times[1], text, err)
		}
		if meta := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+user, "")["meta"].(object); meta["lastModified"] != times[1] {
			t.Errorf("lastModified is %v by GET, and was %s", meta["lastModified"], times[1])
		}
		for op, n := range map[string]int{"eq": 1, "ge": 1, "le": 1, "gt": 0, "lt": 0} {
			filter := `userName eq "fine@contoso.example" and meta.lastModified ` + op + ` "` + times[1] + `"`
			if found := d.found(t, "/Users", filter); len(found) != n {
				t.Errorf("%s: %d resources, want %d", filter, len(found), n)
			}
		}
		for i, status := range []int{http.StatusPreconditionFailed, http.StatusOK} {
			answer, content := d.do(t, http.MethodPatch, "/Users/"+user, operations(replace("title", `"three"`)), "If-Match: "+versions[i])
			if answer.StatusCode != status {
				t.Errorf("of version %s: %d, want %d\n%s", versions[i], answer.StatusCode, status, content)
			}
		}
	})
}
