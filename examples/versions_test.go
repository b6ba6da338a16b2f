package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// controlAssertion is announced by a server that holds a change to the version of the entry (RFC 4528).
const controlAssertion = "1.3.6.1.1.12"

// TestIfMatchRace: of two clients that change one version at the same time one wins and the other is told, whose value stands nowhere.
// Where the server compares the version itself, whatever they change; elsewhere, where they change the same attribute.
func TestIfMatchRace(t *testing.T) {
	t.Parallel()
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, s.start)
			user := p.of(0).user(t, "race@contoso.example")
			atomic := slices.Contains(p.server.Entry(t, "", "supportedControl").Values("supportedControl"), controlAssertion)
			paths := [][2]string{{"title", "title"}, {"title", "name.givenName"}}
			for round := range raceRounds(t, 12) {
				changed := paths[round%2]
				response, _ := p.of(0).do(t, http.MethodGet, "/Users/"+user, "")
				values := [2]string{fmt.Sprintf("%d-0", round), fmt.Sprintf("%d-1", round)}
				var bodies [2]string
				for client, path := range changed {
					bodies[client] = operations(replace(path, `"`+values[client]+`"`))
				}
				won := 0
				requests := p.meet(t, http.MethodPatch, "/Users/"+user, bodies, "If-Match: "+response.Header.Get("ETag"))
				e := p.of(0).entry(t, user)
				for client, r := range requests {
					held := e.Values(map[string]string{"title": "title", "name.givenName": "givenName"}[changed[client]])
					switch stands := len(held) == 1 && held[0] == values[client]; {
					case r.status == http.StatusOK && stands:
						won++
					case r.status != http.StatusPreconditionFailed || stands:
						t.Fatalf("round %d: %d %s, and the entry holds %q", round, r.status, r.answer, held)
					}
				}
				if most := len(slices.Compact(slices.Clone(changed[:]))); won == 0 || won > most || atomic && won != 1 {
					t.Fatalf("round %d: %d won", round, won)
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
