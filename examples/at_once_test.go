package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/examples/bridgetest"
)

// TestCopiesStartAtOnce: three copies of the program start at once on a store that is empty, or not there yet, and write at once below
// places that nobody has made: each is made once, everybody is there once, and the journal knows of all.
func TestCopiesStartAtOnce(t *testing.T) {
	binary := bridgetest.Build(t)
	storetest.Each(t, func(t *testing.T, o store.Options) {
		const copies, each = 3, 4
		server := openLDAP(t)
		env := append(stored(t, o), "SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true",
			`SCIMBRIDGE_RESOURCES_0_DN="uid=" + rdn(userName) + (title == nil ? "" : ",ou=" + rdn(title) + ",ou=Offices") + "," + base`)
		var programs [copies]*program
		var starting, writing sync.WaitGroup
		for n := range programs {
			starting.Go(func() { programs[n] = startProgram(t, binary, server, env...) })
		}
		if starting.Wait(); slices.Contains(programs[:], nil) {
			t.FailNow()
		}
		for n, p := range programs {
			for k := range each {
				writing.Go(func() {
					body := resource("/Users", fmt.Sprintf(`"userName":"u%d-%d@contoso.example","title":"Sales","active":true`, n, k))
					answer, content, err := p.try(http.MethodPost, "/Users", body)
					if err != nil || answer.StatusCode != http.StatusCreated {
						t.Errorf("%v %s", err, content)
					}
				})
			}
		}
		writing.Wait()
		units, people := 0, 0
		for _, e := range server.Entries(t, server.People) {
			switch {
			case strings.HasPrefix(e.DN, "uid="):
				people++
			case e.DN != server.People:
				units++
			}
		}
		if units != 2 || people != copies*each {
			t.Errorf("%d places and %d people", units, people)
		}
		s := storetest.Open(t, o)
		if n := len(accounts(t, s, journal.Query{Outcome: journal.Written, Effect: "created"})); n < people {
			t.Errorf("the journal knows of %d", n)
		}
		if open := accounts(t, s, journal.Query{Outcome: journal.Pending}); len(open) > 0 {
			t.Errorf("%d are open", len(open))
		}
		if _, err := journal.Verify(t.Context(), s, nil, func(f journal.Fault) { t.Error(f) }); err != nil {
			t.Error(err)
		}
	})
}
