package examples_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// TestRevivedGroupIsStopped: a group that a POST gives back with more members than one Modify takes may stop between: refused, it is a
// leaver's again, and has none; where the directory goes away the same POST again completes it.
func TestRevivedGroupIsStopped(t *testing.T) {
	t.Parallel()
	for _, refused := range []bool{true, false} {
		server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
		env := marked("strip")
		env[1] = "SCIMBRIDGE_RESOURCES_0_DELETE_MARKER_ATTRIBUTE=description"
		for i, v := range env {
			env[i] = strings.Replace(v, "RESOURCES_0", "RESOURCES_1", 1)
		}
		d := deploy(t, server, append(env, "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms", "SCIMBRIDGE_DIRECTORY_TIMEOUT=1m",
			"SCIMBRIDGE_LISTEN_REQUESTTIMEOUT=5m")...)
		loadUsers(t, server, 600)
		var ids []string
		for _, shown := range d.everyone(t) {
			ids = append(ids, shown["id"].(string))
		}
		group := d.group(t, "Crew", ids[0])
		d.want(t, http.StatusNoContent, http.MethodDelete, "/Groups/"+group, "")
		body := resource("/Groups", `"displayName":"Crew","members":`+values(ids...))
		var modifies atomic.Int32
		server.Mem.Fault(func(op, _ string) memdir.Fault {
			switch {
			case op == "modify":
				modifies.Add(1)
			case modifies.Load() < 2:
				return memdir.Fault{}
			}
			switch {
			case modifies.Load() < 2:
				return memdir.Fault{}
			case !refused:
				return memdir.Fault{Drop: memdir.DropBefore}
			case modifies.Load() == 2 && op == "modify":
				return memdir.Fault{Code: 53}
			}
			return memdir.Fault{}
		})
		_, _ = d.do(t, http.MethodPost, "/Groups", body)
		server.Mem.Fault(nil)
		d.await(t, http.StatusOK, "/Users/"+ids[0])
		held := d.entry(t, group).Values("member")
		got, _ := d.do(t, http.MethodGet, "/Groups/"+group, "")
		if got.StatusCode == http.StatusNotFound && len(held) > 1 {
			t.Errorf("a deleted group has %d members", len(held))
		}
		answer, content := d.do(t, http.MethodPost, "/Groups", body)
		if answer.StatusCode != http.StatusCreated || len(d.members(t, group)) != len(ids) {
			t.Errorf("again: %d %.300s", answer.StatusCode, content)
		}
	}
}
