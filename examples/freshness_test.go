package examples_test

import (
	"fmt"
	"slices"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// listed are directories that tell by a mark that nothing was written, and such that do not.
var listed = append(slices.Clip(servers),
	namedServer{"openldap with syncprov", func(t testing.TB) *dirtest.Server { return openLDAP(t, dirtest.Overlay("syncprov")) }},
	namedServer{"389ds with USN", func(t testing.TB) *dirtest.Server { return dirtest.DS389(t, ds389Schema, dirtest.USNPlugin()) }},
)

// TestNoPageIsOlderThanAWrite: later pages, which a snapshot may serve, show what any copy of the bridge has acknowledged.
func TestNoPageIsOlderThanAWrite(t *testing.T) {
	t.Parallel()
	for _, s := range listed {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			d, other := deploy(t, server), deploy(t, server)
			total := func(what, path string, want int) {
				t.Helper()
				for _, copy := range []*deployment{d, other} {
					if got := copy.list(t, path).TotalResults; got != want {
						t.Errorf("%s: %s: totalResults %d, want %d", what, path, got, want)
					}
				}
			}
			const page, leads = "/Users?startIndex=2&count=2", "/Users?filter=title+eq+%22Lead%22&startIndex=2&count=2"
			const sorted = "/Users?sortBy=title&startIndex=2&count=2"
			before := d.list(t, "/Users").TotalResults // a domain comes with accounts
			for _, path := range []string{page, sorted, "/Users?count=2"} {
				total("as it came", path, before)
			}
			total("as it came", leads, 0)
			var ids []string
			for i := range 5 {
				ids = append(ids, other.user(t, fmt.Sprint("u", i)))
			}
			total("created", page, before+5)
			total("created", leads, 0)
			total("created", sorted, before+5)
			for _, id := range ids[:3] {
				other.want(t, 200, "PATCH", "/Users/"+id, `{"Operations":[{"op":"replace","path":"title","value":"Lead"}]}`)
			}
			total("patched", leads, 3)
			next := d.list(t, "/Users?cursor&count=2").NextCursor
			total("by cursor", "/Users?count=2&cursor="+next, before+5)
			other.want(t, 204, "DELETE", "/Users/"+ids[0], "")
			total("deleted", page, before+4)
			total("deleted", leads, 2)
			total("deleted, by cursor", "/Users?count=2&cursor="+next, before+4)

			named := "/Users?filter=userName+ew+%22renamed%22&startIndex=2&count=2"
			total("not renamed", named, 0)
			other.want(t, 200, "PATCH", "/Users/"+ids[1], `{"Operations":[{"op":"replace","path":"userName","value":"renamed"}]}`)
			total("renamed", named, 1)

			group := other.group(t, "crew")
			in := "/Groups?filter=members.value+eq+%22" + ids[1] + "%22+and+displayName+pr&startIndex=2&count=2"
			total("no member", in, 0)
			other.want(t, 204, "PATCH", "/Groups/"+group, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+ids[1]+`"}]}]}`)
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
