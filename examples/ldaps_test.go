package examples_test

import (
	"net/http"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestLDAPS: the whole way over TLS, to a domain controller that is known by its authority and its name.
func TestLDAPS(t *testing.T) {
	server := dirtest.ActiveDirectory(t)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+server.LDAPS, "SCIMBRIDGE_DIRECTORY_TLS_SERVERNAME="+server.ServerName)
	id := d.login(t, "secure@contoso.example", "Secret-123")
	group := d.group(t, "Secure", id)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
	d.letsIn(t, id, "Secret-123", false)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, enable)
	d.letsIn(t, id, "Secret-123", true)
	d.matches(t, "secure@contoso.example", id)
	d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+id, "")
	if got := d.members(t, group); len(got) != 0 {
		t.Errorf("%d members", len(got))
	}
	for name, wrong := range map[string]string{
		"another name":      "SCIMBRIDGE_DIRECTORY_TLS_SERVERNAME=dc2.ad.test",
		"another authority": "SCIMBRIDGE_DIRECTORY_TLS_CA=" + dirtest.OpenLDAP(t).CA,
	} {
		stranger := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+server.LDAPS, wrong)
		if answer, content := stranger.do(t, http.MethodGet, "/Users", ""); answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", name, answer.StatusCode, content)
		}
	}
}
