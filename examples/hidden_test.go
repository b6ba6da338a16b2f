package examples_test

import (
	"net/http"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestHiddenFromTheBridge: what the access rules hide from the bridge's account is an operator's fault, and never an empty directory: a
// client that is told that nobody is there makes everybody again.
func TestHiddenFromTheBridge(t *testing.T) {
	const account = "cn=scimbridge,dc=example,dc=org"
	for name, c := range map[string]struct {
		rule   string
		hidden bool
	}{
		"nothing":               {`dn.base="cn=nothing"`, false},
		"the base":              {`dn.subtree="ou=people,dc=example,dc=org"`, true},
		"what the bases share":  {`dn.base="dc=example,dc=org"`, true},
		"ids":                   {`attrs=entryUUID`, true},
		"entries by their DNs":  {`attrs=entryDN`, true},
		"who is below the base": {`dn.children="ou=groups,dc=example,dc=org"`, false}, // nobody can tell it from an empty place
	} {
		t.Run(name, func(t *testing.T) {
			server := openLDAP(t, dirtest.Config(
				`access to `+c.rule+` by dn.exact="`+account+`" none by * break`,
				`access to dn.subtree="dc=example,dc=org" by dn.exact="`+account+`" write by * break`))
			server.Load(t, "dn: "+account+
				"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: bridge-secret\n\n"+
				inetOrgPerson("uid=mara@contoso.example,"+server.People, "mara@contoso.example")+"\n"+
				groupOfNames("cn=Night Shift,"+server.Groups, "Night Shift", "uid=mara@contoso.example,"+server.People))
			id := idOf(t, server, "uid=mara@contoso.example,"+server.People)
			server.Account, server.AccountPassword = account, "bridge-secret"
			d := deploy(t, server)
			usual := func(status int) int {
				if c.hidden {
					return http.StatusServiceUnavailable
				}
				return status
			}
			for _, r := range []struct {
				method, path, body string
				status             int
			}{
				{http.MethodGet, "/Users/" + id, "", http.StatusOK},
				{http.MethodGet, "/Users", "", http.StatusOK},
				{http.MethodGet, "/Groups", "", http.StatusOK},
				{http.MethodGet, "/Users?filter=userName%20eq%20%22mara@contoso.example%22", "", http.StatusOK},
				{http.MethodPost, "/Users", resource("/Users", `"userName":"noor@contoso.example"`), http.StatusCreated},
				{http.MethodDelete, "/Users/" + id, "", http.StatusNoContent},
			} {
				answer, content := d.do(t, r.method, r.path, r.body)
				if answer.StatusCode != usual(r.status) || c.hidden && answer.Header.Get("Retry-After") == "" {
					t.Errorf("%s %s: %d %s", r.method, r.path, answer.StatusCode, content)
				}
			}
			answer, err := http.Get(strings.TrimSuffix(d.url, "/scim/v2") + "/readyz")
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != usual(http.StatusOK) {
				t.Errorf("ready: %d", answer.StatusCode)
			}
			if entry := server.Entry(t, "uid=noor@contoso.example,"+server.People); (entry == nil) != c.hidden {
				t.Errorf("a user that the client was told nothing of: %v", entry)
			}
		})
	}
}
