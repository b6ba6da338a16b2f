package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples"
	"scimbridge/ldapmap/ldif"
)

// TestLimitsOfServers: what a limit of the server's cuts off is never taken for all there is, and what it does not cut goes on.
func TestLimitsOfServers(t *testing.T) {
	for _, s := range []namedServer{
		{"openldap", func(t testing.TB) *dirtest.Server { // without an index on what is unique, it looks through everybody for it
			return dirtest.OpenLDAP(t, dirtest.Schema(examples.OpenLDAPSchema), dirtest.WithoutRefint(), dirtest.Configurable())
		}},
		{"389ds", func(t testing.TB) *dirtest.Server { return dirtest.DS389(t, ds389Schema) }},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			server.OwnAccount(t)
			d := deploy(t, server)
			var users, groups []string
			for i := range 8 {
				users = append(users, d.user(t, fmt.Sprintf("u%d@contoso.example", i)))
			}
			for i := range 5 {
				groups = append(groups, d.group(t, fmt.Sprint("g", i)))
				d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+groups[i], addMembers(users[:5]...))
			}
			refused := func(status int, scimType, says, method, path, body string) {
				t.Helper()
				answer, content := d.do(t, method, path, body)
				after, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
				typed := strings.Contains(content, "scimType")
				if answer.StatusCode != status || !strings.Contains(content, says) || !strings.Contains(content, scimType) ||
					typed != (scimType != "") || (status == http.StatusServiceUnavailable) != (after >= 60) {
					t.Errorf("%s %s: %d, Retry-After %d %s", method, path, answer.StatusCode, after, content)
				}
			}
			before := server.Entries(t, server.Base)

			server.Limit(t, dirtest.Limits{Entries: 3})
			refused(400, "tooMany", "raised", http.MethodGet, "/Users", "")
			refused(400, "tooMany", "raised", http.MethodGet, "/Users?startIndex=2&count=2", "")
			refused(400, "tooMany", "raised", http.MethodGet, "/Users?filter=userName%20sw%20%22u%22", "")
			refused(503, "", "raised", http.MethodGet, "/Groups/"+groups[0], "")
			refused(503, "", "raised", http.MethodPatch, "/Groups/"+groups[4], addMembers(users[4:]...))
			refused(503, "", "raised", http.MethodDelete, "/Users/"+users[0], "")
			d.want(t, http.StatusOK, http.MethodGet, "/Users/"+users[7], "")
			d.matches(t, "u7@contoso.example", users[7])

			server.Limit(t, dirtest.Limits{Looked: 3})
			refused(400, "tooMany", "", http.MethodGet, "/Users", "")
			if s.name == "openldap" {
				refused(503, "", "indexed", http.MethodPost, "/Users", resource("/Users", `"userName":"U3@contoso.example"`))
			}
			same := func(a, b *ldif.Entry) bool { return a.String() == b.String() }
			if after := server.Entries(t, server.Base); !slices.EqualFunc(before, after, same) {
				t.Errorf("something was written:\n%v\n%v", before, after)
			}

			server.Limit(t, dirtest.Limits{})
			d.want(t, http.StatusOK, http.MethodGet, "/Groups/"+groups[0], "")
			d.want(t, http.StatusConflict, http.MethodPost, "/Users", resource("/Users", `"userName":"U3@contoso.example"`))
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+users[0], "")
			if found := d.list(t, "/Users?count=100").TotalResults; found != 7 {
				t.Errorf("%d users", found)
			}
		})
	}
}
