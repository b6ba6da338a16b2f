package examples_test

import (
	"net/http"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestLentLock: an account that a role of 389 Directory Server locks is given a lock of its own when it is disabled, or deleted and kept,
// and stays out when the role goes.
func TestLentLock(t *testing.T) {
	server := dirtest.DS389(t, ds389Schema)
	role := locksByRole(t, server)
	d := deploy(t, server, marked("block")...)
	for what, c := range map[string]struct {
		method, body string
		status       int
	}{
		"disabled": {http.MethodPatch, disable, http.StatusOK},
		"replaced": {http.MethodPut, resource("/Users", `"userName":"replaced@contoso.example","active":false`), http.StatusOK},
		"deleted":  {http.MethodDelete, "", http.StatusNoContent},
	} {
		user := d.login(t, what+"@contoso.example", "Secret-123")
		dn := d.entry(t, user).DN
		modify(t, server, dn, "nsRoleDN", role)
		d.letsIn(t, user, "Secret-123", false)
		d.want(t, c.status, c.method, "/Users/"+user, c.body)
		if c.method != http.MethodDelete { // and again, where there is nothing to do
			d.want(t, c.status, c.method, "/Users/"+user, c.body)
		}
		modify(t, server, dn, "nsRoleDN")
		d.letsIn(t, user, "Secret-123", false)
	}
}
