package examples_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// TestHugeGroup: the life of a group of very many members (SCIMBRIDGE_TEST_HUGE says how many), who come by a POST or 5,000 a PATCH, half
// of them sent twice, or who are nobody. What is not about them all does not read them.
func TestHugeGroup(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]struct {
		size  int // unless it is said
		start func(t *testing.T, people largeGroup) *dirtest.Server
	}{
		"openldap": {5_001, func(t *testing.T, people largeGroup) *dirtest.Server {
			return openLDAP(t, dirtest.Config("limits * size=unlimited", "sortvals member"), dirtest.Entries(func(to io.Writer) error {
				return people.write(&dirtest.Server{
					Traits: ldif.OpenLDAP.Traits(), People: "ou=people," + suffix, Groups: "ou=groups," + suffix,
				}, to)
			}))
		}},
		"389ds": {1_500, func(t *testing.T, people largeGroup) *dirtest.Server {
			options := []dirtest.DS389Option{ds389Schema}
			if people.crowd > 10_000 {
				options = append(options, dirtest.Roomy())
			}
			server := dirtest.DS389(t, options...)
			var text strings.Builder
			if err := people.write(server, &text); err != nil {
				t.Fatal(err)
			}
			server.Load(t, text.String())
			return server
		}},
	} {
		t.Run(name, func(t *testing.T) {
			size := dirtest.Number(t, "SCIMBRIDGE_TEST_HUGE", s.size)
			server := s.start(t, largeGroup{attribute: "member", members: 1, crowd: size - 1})
			proxy := dirtest.Counted(t, server)
			d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL, "SCIMBRIDGE_DIRECTORY_TIMEOUT=1m",
				"SCIMBRIDGE_LISTEN_MAXBODY=16777216", "SCIMBRIDGE_LISTEN_REQUESTTIMEOUT=5m")
			hugeGroup(t, d, proxy, idsFrom(t, server, 0))
		})
	}
}

func hugeGroup(t *testing.T, d *deployment, proxy *dirtest.Proxy, ids []string) {
	const atOnce = 5_000
	group, path := "", ""
	timed := func(what string, do func()) {
		t.Helper()
		begun := time.Now()
		do()
		t.Logf("%s: %v", what, time.Since(begun).Round(time.Millisecond))
	}
	patch := func(body string) {
		t.Helper()
		d.want(t, http.StatusNoContent, http.MethodPatch, path, body)
	}
	has := func(n int) {
		t.Helper()
		if got := d.members(t, group); len(got) != n {
			t.Errorf("%d members, want %d", len(got), n)
		}
	}
	begin := func(name string, members ...string) {
		t.Helper()
		group = d.group(t, name, members...)
		path = "/Groups/" + group
	}
	// what is not about them all is answered without the list: it does not go over the wire
	changed := func() []ldif.Plan {
		t.Helper()
		plans := d.taken()
		if len(plans) == 0 {
			t.Error("nothing was changed")
		}
		return plans
	}
	unread := func(what string, do func()) {
		t.Helper()
		d.taken()
		timed(what, do)
		for _, p := range changed() {
			for _, s := range p.Steps {
				if s.Before != nil && len(s.Before.Values("member")) > 1 {
					t.Errorf("%s: %d members were read", what, len(s.Before.Values("member")))
				}
			}
		}
	}
	begin("Patched")
	timed("5,000 a PATCH, half of them twice", func() {
		for some := range slices.Chunk(ids, atOnce) {
			patch(addMembers(append(slices.Clone(some), some[:len(some)/2]...)...))
		}
	})
	timed("read", func() { has(len(ids)) })
	timed("all of them again", func() {
		for some := range slices.Chunk(ids, atOnce) {
			patch(addMembers(some...))
		}
	})
	nobody := make([]string, min(atOnce, len(ids)))
	for i := range nobody {
		nobody[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	}
	timed("as many who are nobody", func() {
		d.want(t, http.StatusBadRequest, http.MethodPatch, path, addMembers(append(slices.Clone(ids[:10]), nobody...)...))
		patch(removeMembers(nobody...))
	})
	timed("shown without them", func() {
		proxy.ResetCounts()
		for _, query := range []string{"?excludedAttributes=members", "?attributes=displayName"} {
			if r := d.want(t, http.StatusOK, http.MethodGet, path+query, ""); r["members"] != nil {
				t.Errorf("%s shows members", query)
			}
		}
		if n := proxy.Counts()["search"]; n != 2 {
			t.Errorf("%d searches", n)
		}
	})
	unread("one goes, and comes", func() { patch(removeMembers(ids[0])); patch(addMembers(ids[0])) })
	unread("renamed", func() { patch(operations(replace("displayName", `"Renamed"`))) })
	timed("one of them deleted", func() { d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+ids[0], "") })
	ids = ids[1:]
	timed("PUT of all but one", func() {
		d.taken()
		proxy.ResetCounts()
		d.want(t, http.StatusOK, http.MethodPut, path+"?attributes=displayName",
			resource("/Groups", `"displayName":"Renamed","members":`+values(ids[1:]...)))
		for _, p := range changed() {
			if n := len(p.Steps); n != 1 || len(p.Steps[0].Change.Mods[0].Values) != 1 {
				t.Errorf("%d steps", n)
			}
		}
		if n := proxy.Counts()["search"]; n > len(ids)/ldapmap.SearchChunk+5 { // so many people each, once
			t.Errorf("%d searches for %d members", n, len(ids))
		}
	})
	has(len(ids) - 1)
	timed("replaced by half of them", func() {
		patch(operations(`{"op":"Replace","path":"members","value":` + values(ids[:len(ids)/2]...) + `}`))
	})
	has(len(ids) / 2)
	timed("in a bulk", func() {
		body := addMembers(ids[len(ids)/2 : min(len(ids), len(ids)/2+atOnce)]...)
		answer := d.bulk(t, []string{`{"method":"PATCH","path":"` + path + `","data":` + body + `}`})
		if status := answer.Operations[0].Status; status != "204" {
			t.Errorf("status %s", status)
		}
	})
	timed("deleted", func() { d.want(t, http.StatusNoContent, http.MethodDelete, path, "") })
	timed("POST of all", func() { begin("Posted", ids...) })
	has(len(ids))
	timed("deleted", func() { d.want(t, http.StatusNoContent, http.MethodDelete, path, "") })
}
