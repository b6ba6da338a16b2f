package examples_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// owing is a deployment before a directory that leaves references alone, in which a member of a group is to be renamed.
func owing(t *testing.T) (d *deployment, mara, group string, rename func() int) {
	t.Helper()
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	d = deploy(t, server, "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms", hasty)
	mara = d.user(t, "mara@contoso.example")
	group = d.group(t, "Crew", mara, d.user(t, "other@contoso.example"))
	return d, mara, group, func() int {
		answer, _ := d.do(t, http.MethodPatch, "/Users/"+mara, operations(replace("userName", `"noor@contoso.example"`)))
		return answer.StatusCode
	}
}

// TestTakenOutWhileOwed: who is taken out of a group while a look at a rename that stopped is owed does not come back by the one name that
// is there still.
func TestTakenOutWhileOwed(t *testing.T) {
	t.Parallel()
	atEachWrite(t, "a rename", func(t *testing.T, at int32, drop memdir.Drop) (reached bool) {
		d, mara, group, rename := owing(t)
		stopsAt(d.server, at, drop)
		reached = rename() != http.StatusOK
		d.server.Mem.Fault(nil)
		d.await(t, http.StatusOK, "/Groups/"+group)
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, removeMembers(mara))
		d.namesNobody(t, group)
		if d.members(t, group)[mara] != 0 {
			t.Errorf("the group holds %v", d.held(t, group))
		}
		return reached
	})
}

// TestRenamedWhileOwed: a rename that stopped is sent again, and is under way when what it left is to go: the member stays.
func TestRenamedWhileOwed(t *testing.T) {
	t.Parallel()
	for _, wait := range []int{4000, 4400, 4800, 5200, 5600} {
		t.Run(fmt.Sprint(wait, "ms"), func(t *testing.T) {
			t.Parallel()
			d, mara, group, rename := owing(t)
			var gone atomic.Bool
			d.server.Mem.Fault(func(op, _ string) memdir.Fault {
				if gone.Load() || op == "modrdn" {
					gone.Store(true)
					return memdir.Fault{Drop: memdir.DropBefore}
				}
				return memdir.Fault{}
			})
			if status := rename(); status == http.StatusOK {
				t.Fatal("the rename did not stop")
			}
			d.server.Mem.Fault(nil)
			d.await(t, http.StatusOK, "/Groups/"+group)
			time.Sleep(time.Duration(wait) * time.Millisecond) // nearly as long as what was left must have stood
			var held atomic.Bool
			other := make(chan struct{})
			d.server.Mem.Fault(func(op, _ string) memdir.Fault {
				switch {
				case op == "modrdn" && held.CompareAndSwap(false, true):
					select {
					case <-other:
					case <-time.After(800 * time.Millisecond):
					}
				case op == "modify" && held.Load():
					select {
					case <-other:
					default:
						close(other)
					}
				}
				return memdir.Fault{}
			})
			if status := rename(); status != http.StatusOK {
				t.Errorf("%d", status)
			}
			d.server.Mem.Fault(nil)
			d.namesNobody(t, group)
			if d.members(t, group)[mara] != 1 {
				t.Errorf("the group holds %v", d.held(t, group))
			}
		})
	}
}

// TestRefusedAndAway: what a rename that is refused put ahead of it into groups goes later, where the directory is away by then.
func TestRefusedAndAway(t *testing.T) {
	t.Parallel()
	for _, newcomer := range []bool{false, true} {
		t.Run(fmt.Sprint("for a newcomer ", newcomer), func(t *testing.T) {
			t.Parallel()
			d, mara, group, rename := owing(t)
			if newcomer { // who was soft-deleted gives up the name
				tombstone := fmt.Sprintf(`"%032xmara@contoso.example"`, 7)
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+mara,
					operations(replace("active", "false"), replace("userName", tombstone)))
				rename = func() int {
					answer, _ := d.do(t, http.MethodPost, "/Users", resource("/Users", `"userName":"mara@contoso.example"`))
					return answer.StatusCode
				}
			}
			var gone atomic.Bool
			d.server.Mem.Fault(func(op, _ string) memdir.Fault {
				switch {
				case gone.Load():
					return memdir.Fault{Drop: memdir.DropBefore}
				case op == "modrdn":
					gone.Store(true)
					return memdir.Fault{Code: 122}
				}
				return memdir.Fault{}
			})
			if status := rename(); status != http.StatusInternalServerError {
				t.Errorf("%d", status)
			}
			d.server.Mem.Fault(nil)
			d.await(t, http.StatusOK, "/Groups/"+group)
			d.namesNobody(t, group)
			if d.members(t, group)[mara] != 1 {
				t.Errorf("the group holds %v", d.held(t, group))
			}
		})
	}
}
