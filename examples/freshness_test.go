package examples_test

import (
	"fmt"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestNoPageIsOlderThanAWrite: later pages, which a snapshot may serve, show what the bridge has acknowledged.
func TestNoPageIsOlderThanAWrite(t *testing.T) {
	for _, s := range servers[:2] {
		t.Run(s.name, func(t *testing.T) {
			d := deploy(t, s.start(t))
			total := func(what, path string, want int) {
				t.Helper()
				if got := d.list(t, path).TotalResults; got != want {
					t.Errorf("%s: %s: totalResults %d, want %d", what, path, got, want)
				}
			}
			const page, leads = "/Users?startIndex=2&count=2", "/Users?filter=title+eq+%22Lead%22&startIndex=2&count=2"
			const sorted = "/Users?sortBy=title&startIndex=2&count=2"
			for _, path := range []string{page, leads, sorted, "/Users?count=2"} {
				total("empty", path, 0)
			}
			var ids []string
			for i := range 5 {
				ids = append(ids, d.user(t, fmt.Sprint("u", i)))
			}
			total("created", page, 5)
			total("created", leads, 0)
			total("created", sorted, 5)
			for _, id := range ids[:3] {
				d.want(t, 200, "PATCH", "/Users/"+id, `{"Operations":[{"op":"replace","path":"title","value":"Lead"}]}`)
			}
			total("patched", leads, 3)
			next := d.list(t, "/Users?cursor&count=2").NextCursor
			total("by cursor", "/Users?count=2&cursor="+next, 5)
			d.want(t, 204, "DELETE", "/Users/"+ids[0], "")
			total("deleted", page, 4)
			total("deleted", leads, 2)
			total("deleted, by cursor", "/Users?count=2&cursor="+next, 4)

			group := d.group(t, "crew")
			in := "/Groups?filter=members.value+eq+%22" + ids[1] + "%22+and+displayName+pr&startIndex=2&count=2"
			total("no member", in, 0)
			d.want(t, 204, "PATCH", "/Groups/"+group, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+ids[1]+`"}]}]}`)
			total("a member", in, 1)
		})
	}
}

// TestASortIsBounded: to sort, and to match what the directory cannot, entries are read, up to a limit that the answer names. A list of all
// is places alone.
func TestASortIsBounded(t *testing.T) {
	server := dirtest.Memory(t)
	loadUsers(t, server, 21)
	d := deploy(t, server, "SCIMBRIDGE_LIMITS_LOOKTHROUGH=20")
	for path, status := range map[string]int{
		"/Users?sortBy=userName":                                  400,
		"/Users?sortBy=userName&cursor":                           400,
		"/Users?sortBy=userName&startIndex=3":                     400,
		"/Users?sortBy=userName&filter=userName+sw+%22stay%22":    400,
		"/Users?sortBy=userName&filter=userName+sw+%22stay000%22": 200,
		"/Users":              200,
		"/Users?startIndex=3": 200,
	} {
		response, content := d.do(t, "GET", path, "")
		if response.StatusCode != status {
			t.Errorf("%s: %d %s", path, response.StatusCode, content)
		}
	}
}
