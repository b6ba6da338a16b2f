package examples_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap"
)

// controlPostRead is announced by a server that shows an entry as a Modify leaves it (RFC 4527).
const controlPostRead = "1.3.6.1.1.13.2"

// TestRoundTrips holds each request to its budget of LDAP operations, on every server. What the first contact costs (root DSE, schema,
// bind) is not counted.
func TestRoundTrips(t *testing.T) {
	for _, s := range keepers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			proxy := dirtest.Counted(t, server)
			d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)
			crowd := d.users(t, "crowd", 100)
			user := d.user(t, "counted@contoso.example")
			small, large := d.group(t, "Small", crowd[0]), d.group(t, "Large", crowd...)
			b := budgets{d, proxy}

			// What a request costs more on one server than on another.
			readBack, fence, look, apart := 0, 0, 1, 0
			if !slices.Contains(server.Entry(t, "", "supportedControl").Values("supportedControl"), controlPostRead) {
				readBack = 1
			}
			if server.Privilege != nil {
				fence = 1 // asks what the entry is a member of
			}
			if server.KeepsReferences { // others may be set up so, which the bridge cannot see
				look = 0 // for references, or at what they refer to
			}
			if its := productOf(server); !strings.HasPrefix(its.rdn(""), its.login+"=") {
				apart = 1 // the login is not in the DN, so that a new one is two changes
			}
			search := func(n int) counts { return counts{"search": n} }
			modify := func(n int) counts { return counts{"search": n, "modify": 1} }

			b.costs(t, "get by id", search(1), http.MethodGet, "/Users/"+user, "", http.StatusOK)
			b.costs(t, "get of nobody", search(1), http.MethodGet, "/Users/2819c223-7f76-453a-919d-413861904646", "", http.StatusNotFound)
			b.costs(t, "get of a group without members", search(1),
				http.MethodGet, "/Groups/"+large+"?excludedAttributes=members", "", http.StatusOK)
			named := len(crowd)
			if server.PrimaryGroup != nil {
				named++ // and those whose primary group it is
			}
			withMembers := search(1 + (named+ldapmap.SearchChunk-1)/ldapmap.SearchChunk)
			b.costs(t, "get of a group with members", withMembers, http.MethodGet, "/Groups/"+large, "", http.StatusOK)
			b.costs(t, "get of a group with its members' names", withMembers,
				http.MethodGet, "/Groups/"+large+"?attributes=members", "", http.StatusOK)
			for _, filter := range []string{`userName eq "counted@contoso.example"`, `userName eq "nobody"`, `id eq "` + user + `"`} {
				b.costs(t, "query by "+filter, search(1), http.MethodGet, "/Users?filter="+url.QueryEscape(filter), "", http.StatusOK)
			}
			b.costs(t, "query of a group", search(1),
				http.MethodGet, "/Groups?excludedAttributes=members&filter="+url.QueryEscape(`displayName eq "Large"`), "", http.StatusOK)

			b.costs(t, "create", counts{"search": 2, "add": 1},
				http.MethodPost, "/Users", resource("/Users", `"userName":"made@contoso.example","displayName":"Made"`), http.StatusCreated)
			b.costs(t, "create of a name that is taken", search(1),
				http.MethodPost, "/Users", resource("/Users", `"userName":"made@contoso.example"`), http.StatusConflict)
			b.costs(t, "create of a group with members", counts{"search": 3 + look, "add": 1},
				http.MethodPost, "/Groups", resource("/Groups", `"displayName":"Made","members":`+values(crowd[:20]...)),
				http.StatusCreated)

			patch := func(what string, want counts, body string) {
				t.Helper()
				b.costs(t, what, want, http.MethodPatch, "/Users/"+user, body, http.StatusOK)
			}
			patch("disable", modify(1+fence+readBack), disable)
			patch("disable again", modify(1+fence+readBack), disable)
			patch("patch", modify(1+fence+readBack), operations(replace("title", `"Clerk"`), replace("name.familyName", `"Family"`),
				replace(`emails[type eq "work"].value`, `"counted@contoso.example"`)))
			patch("patch of a manager", modify(1+fence+readBack+look), operations(replace(managerPath, `"`+crowd[0]+`"`)))
			patch("patch beside a manager", modify(1+1+fence+readBack), operations(replace("title", `"Chief"`))) // which is shown
			patch("soft delete", modify(1+1+fence+readBack),
				operations(replace("userName", `"283405f5aa11bb22cc33dd44ee55ff66counted@contoso.example"`), replace("active", `"True"`)))

			for _, group := range []string{small, large} {
				b.costs(t, "a member joins", modify(1+fence+look),
					http.MethodPatch, "/Groups/"+group, addMembers(user), http.StatusNoContent)
				b.costs(t, "a member leaves", modify(1+fence+look),
					http.MethodPatch, "/Groups/"+group, removeMembers(user), http.StatusNoContent)
			}
			b.costs(t, "twenty leave", modify(1+1+fence+look),
				http.MethodPatch, "/Groups/"+large, removeMembers(crowd[:20]...), http.StatusNoContent)
			// Who is named is looked up apart from the group, not to be read with its members.
			b.costs(t, "a group of groups is replaced", modify(1+1+1+fence+look+readBack), http.MethodPut, "/Groups/"+small,
				resource("/Groups", `"displayName":"Small","members":`+values(crowd[0], large)), http.StatusOK)

			// What refers to an entry is looked for before it leaves its name and after. No server shows what a rename leaves, so that one
			// more search reads it back where the answer has it.
			b.costs(t, "a group is renamed", counts{"search": 1 + 1 + 1 + fence + 2*look, "modrdn": 1},
				http.MethodPatch, "/Groups/"+small, operations(replace("displayName", `"Tiny"`)), http.StatusNoContent)
			b.costs(t, "a group is deleted", counts{"search": 1 + fence + 2*look, "delete": 1},
				http.MethodDelete, "/Groups/"+small, "", http.StatusNoContent)
			renamed := d.create(t, "/Users", `"userName":"named@contoso.example","name":{"formatted":"Na Med","familyName":"Med"}`)
			b.costs(t, "a user is renamed", counts{"search": 1 + 1 + 1 + fence + 2*look, "modrdn": 1, "modify": apart},
				http.MethodPatch, "/Users/"+renamed, operations(replace("userName", `"renamed@contoso.example"`)), http.StatusOK)
			b.costs(t, "a user is deleted", counts{"search": 1 + fence + 2*look, "delete": 1},
				http.MethodDelete, "/Users/"+renamed, "", http.StatusNoContent)
		})
	}
}

// counts is how many operations of each name there are.
type counts map[string]int

type budgets struct {
	d     *deployment
	proxy *dirtest.Proxy
}

// costs fails unless the request has the status, and the directory has seen these operations and no more.
func (b budgets) costs(t *testing.T, what string, want counts, method, path, body string, status int) {
	t.Helper()
	b.proxy.ResetCounts()
	b.d.want(t, status, method, path, body)
	maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
	if got := counts(b.proxy.Counts()); !maps.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
