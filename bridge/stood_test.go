package bridge

import (
	"testing"
	"testing/synctest"
	"time"

	"scimbridge/ldapmap/ldif"
)

// TestStood: what a stopped write left goes when all of it stood untouched for long enough. A write that is under way marks one group after
// the other, and lets go of one after the other: while that goes on, all are wanted.
func TestStood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &ldif.Server{Traits: &ldif.Traits{VersionAttribute: "entryCSN"}}
		group := func(id, version string) ldif.Step {
			before := &ldif.Entry{Attributes: []ldif.Attribute{{Name: "entryCSN", Values: []string{version}}}}
			change := ldif.Change{Kind: ldif.Modify, If: ldif.Condition{ID: id}}
			return ldif.Step{Change: change, Before: before, Keeps: ldif.Keeps{Old: "uid=mara"}}
		}
		d := &debt{}
		looks := func(want bool, steps ...ldif.Step) {
			t.Helper()
			if got := d.stood(ldif.Plan{Steps: steps}, server, 10*time.Second); got != want {
				t.Errorf("stood %t", got)
			}
			time.Sleep(6 * time.Second)
		}
		looks(false, group("crew", "1"), group("cooks", "1"))
		looks(false, group("cooks", "2"), group("crew", "1"))
		looks(false, group("cooks", "2"), group("crew", "1"))
		looks(true, group("crew", "1"), group("cooks", "2"))
		looks(false, group("crew", "1"), group("cooks", "2"), group("guards", "1"))
		looks(false, group("crew", "1"), group("cooks", "2"), group("guards", "1"))
		looks(false, group("cooks", "2"), group("guards", "1"))
	})
}
