package examples_test

import (
	"net/http"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestMissingPlace: who is to be moved, or made, below an entry that does not exist is told so by its name, and nothing is written.
func TestMissingPlace(t *testing.T) {
	const dn = `SCIMBRIDGE_RESOURCES_0_DN="uid=" + rdn(userName) + "," + (title == nil ? "" : "ou=" + rdn(title) + ",") + base`
	for name, start := range map[string]func(testing.TB) *dirtest.Server{"memory": memory, "openldap": servers[1].start} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			server.Load(t, "dn: ou=Sales,"+server.People+"\nobjectClass: organizationalUnit\nou: Sales\n")
			d := deploy(t, server, dn)
			user := d.user(t, "mara@contoso.example")
			d.taken()
			move := operations(replace("title", `"Nowhere"`), replace("displayName", `"Mara"`))
			for _, c := range []struct{ method, path, body string }{
				{http.MethodPatch, "/Users/" + user, move},
				{http.MethodPost, "/Users", resource("/Users", `"userName":"new@contoso.example","title":"Nowhere"`)},
			} {
				answer, content := d.do(t, c.method, c.path, c.body)
				if answer.StatusCode != http.StatusBadRequest || !strings.Contains(content, "ou=Nowhere,"+server.People) {
					t.Errorf("%s: %d %s", c.method, answer.StatusCode, content)
				}
			}
			if plans := d.taken(); len(plans) != 0 {
				t.Errorf("something was written:\n%v", plans)
			}
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("title", `"Sales"`)))
			if e := d.entry(t, user); !strings.HasSuffix(e.DN, ",ou=Sales,"+server.People) {
				t.Errorf("the entry is at %s", e.DN)
			}
		})
	}
}
