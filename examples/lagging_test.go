package examples_test

import (
	"net/http"
	"strings"
	"testing"

	"scimbridge/bridge/directory/memdir"
)

// TestLaggingReplica: a server may be late to show what was written. Who was made is answered as made, and who has gone as gone.
func TestLaggingReplica(t *testing.T) {
	c := newCrew(t)
	unclaimed := deploy(t, c.server, "SCIMBRIDGE_RESOURCES_0_UNIQUE=", "SCIMBRIDGE_RESOURCES_1_UNIQUE=")
	for _, made := range []struct {
		by         *deployment
		path, body string
	}{
		{c.of(0), "/Users", resource("/Users", `"userName":"zoe@contoso.example"`)},
		{c.of(0), "/Groups", resource("/Groups", `"displayName":"Late","members":`+values(c.user))},
		{unclaimed, "/Users", resource("/Users", `"userName":"noor@contoso.example"`)},
	} {
		late, adds := -1, 0
		c.server.Mem.Fault(func(op, dn string) memdir.Fault {
			switch {
			case op == "add":
				late = 15
				adds++
			case op == "search" && late > 0:
				late--
				if strings.HasPrefix(dn, "uid=") {
					return memdir.Fault{Code: 32}
				}
				return memdir.Fault{Blind: true}
			}
			return memdir.Fault{}
		})
		id := made.by.want(t, http.StatusCreated, http.MethodPost, made.path, made.body)["id"].(string)
		c.of(0).want(t, http.StatusOK, http.MethodGet, made.path+"/"+id, "")
		if adds != 1 {
			t.Errorf("%s: added %d times", made.path, adds)
		}
	}
	interleaved(c.server, between{op: "delete", fault: memdir.Fault{Code: 32}}, between{op: "delete", fault: memdir.Fault{Code: 32}},
		between{op: "delete", fault: memdir.Fault{Code: 32}}, between{op: "delete", fault: memdir.Fault{Code: 32}})
	c.of(0).want(t, http.StatusNotFound, http.MethodDelete, "/Users/"+c.report, "")
}
