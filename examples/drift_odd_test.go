package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scimbridge/bridge/inspect/preview"
	"scimbridge/bridge/inspect/replay"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// TestNoDriftOfOddRows: nothing is drift of what the bridge wrote, whatever the server makes of its values; played again, it is the
// same. On memory, or with SCIMBRIDGE_TEST_DRIFT on every server.
func TestNoDriftOfOddRows(t *testing.T) {
	t.Parallel()
	for _, s := range servers {
		if s.name != "memory" && os.Getenv("SCIMBRIDGE_TEST_DRIFT") == "" {
			t.Run(s.name, withoutDrift)
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			c := &company{server: server, is: ofPeople}
			if s.name == "active-directory" {
				c.is = ofDomain
			}
			o := store.Options{File: filepath.Join(t.TempDir(), "scimbridge.db")}
			env := append(previewed(server), stored(t, o)...)
			d := deploy(t, server, env...)
			yaml, all := configured(t, server, basedIn(productOf(server), server), "", env...)
			c.entry("ou=board,"+server.People, "organizationalUnit", "ou: board")
			c.oddPeople(s.name != "389ds")
			c.oddGroups()
			server.Load(t, c.ldif.String())
			files := preview.Options{
				Users: table(t, "users.csv", ';', userColumns, c.users), Groups: table(t, "groups.csv", ',', groupColumns, c.groups),
			}
			if _, err := preview.Run(t.Context(), real{d, t}, files, nil); err != nil {
				t.Fatal(err)
			}
			found, sums := drifted(t, lookOf(t, o, yaml, all))
			if len(found) > 0 || sums.Unknown > 0 || sums.Entries < len(c.users)/2 {
				t.Errorf("%+v", sums)
			}
			for _, e := range found {
				var b strings.Builder
				_ = e.Write(&b) // it does not fail
				t.Error(b.String())
			}
			again := replay.Replay{New: replay.House{Server: d.front, Bridge: d.bridge}}
			verdicts := replay.Sums{}
			for _, a := range accounts(t, storetest.Open(t, o), journal.Query{Masked: true}) {
				out, err := again.Record(t.Context(), a)
				if err != nil {
					t.Fatal(err)
				}
				verdicts[out.Verdict]++
				if out.Verdict == replay.Refused || out.Verdict == replay.Allowed || out.Verdict == replay.Differs {
					var b strings.Builder
					_ = out.Write(&b) // it does not fail
					t.Error(b.String())
				}
			}
			t.Log(verdicts)
		})
	}
}
