package examples_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestPlaceOfAnotherServer: who is to stand where an entry refers to another server is refused, however often he is sent, and stays where
// he is; the directory is neither down for that nor read-only.
func TestPlaceOfAnotherServer(t *testing.T) {
	server := openLDAP(t)
	server.Refer(t, "Far", "ldap://elsewhere.example/")
	d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true",
		`SCIMBRIDGE_RESOURCES_0_DN="uid=" + rdn(before(userName, "@")) + (title == nil ? "" : ",ou=" + rdn(title)) + "," + base`)
	here := d.user(t, "here@contoso.example")
	group := d.group(t, "Travellers", here)
	for range 8 { // more than open the breaker
		for _, r := range []struct{ method, path, body string }{
			{http.MethodPost, "/Users", resource("/Users", `"userName":"gone@contoso.example","title":"Far"`)},
			{http.MethodPatch, "/Users/" + here, operations(replace("title", `"Far"`))},
		} {
			answer, content := d.do(t, r.method, r.path, r.body)
			if answer.StatusCode != http.StatusForbidden || !strings.Contains(content, "stands on another server") {
				t.Fatalf("%s: %d %s", r.method, answer.StatusCode, content)
			}
		}
		if err := d.bridge.Contact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := d.bridge.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+here, disable)
	d.user(t, "near@contoso.example")
	d.matches(t, "gone@contoso.example", "")
	if members := d.members(t, group); len(members) != 1 {
		t.Errorf("members %v", members)
	}
}
