package examples_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// TestRoundTrips holds each request to its budget of LDAP operations. What the first contact costs (root DSE, schema, bind) is not counted.
func TestRoundTrips(t *testing.T) {
	for _, s := range []struct {
		name   string
		cleans bool // the server keeps references true
	}{{"references cleaned by the server", true}, {"references cleaned by the bridge", false}} {
		t.Run(s.name, func(t *testing.T) {
			server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = s.cleans })
			d := deploy(t, server)
			crowd := d.users(t, "crowd", 100)
			user := d.user(t, "counted@contoso.example")
			small, large := d.group(t, "Small", crowd[0]), d.group(t, "Large", crowd...)
			reader := budgets{d, server}

			reader.costs(t, "get by id", counts{"search": 1}, http.MethodGet, "/Users/"+user, "", http.StatusOK)
			reader.costs(t, "get of nobody", counts{"search": 1}, http.MethodGet, "/Users/2819c223-7f76-453a-919d-413861904646", "", http.StatusNotFound)
			reader.costs(t, "get of a group without members", counts{"search": 1}, http.MethodGet, "/Groups/"+large+"?excludedAttributes=members", "", http.StatusOK)
			reader.costs(t, "get of a group with members", counts{"search": 2}, http.MethodGet, "/Groups/"+large, "", http.StatusOK)
			for _, filter := range []string{`userName eq "counted@contoso.example"`, `userName eq "nobody"`, `id eq "` + user + `"`} {
				reader.costs(t, "query by "+filter, counts{"search": 1}, http.MethodGet, "/Users?filter="+url.QueryEscape(filter), "", http.StatusOK)
			}
			reader.costs(t, "query of a group", counts{"search": 1}, http.MethodGet, "/Groups?excludedAttributes=members&filter="+url.QueryEscape(`displayName eq "Large"`), "", http.StatusOK)

			reader.costs(t, "create", counts{"search": 2, "add": 1}, http.MethodPost, "/Users", resource("/Users", `"userName":"made@contoso.example","displayName":"Made"`), http.StatusCreated)
			reader.costs(t, "create of a name that is taken", counts{"search": 1}, http.MethodPost, "/Users", resource("/Users", `"userName":"made@contoso.example"`), http.StatusConflict)
			reader.costs(t, "create of a group with members", counts{"search": 3, "add": 1}, http.MethodPost, "/Groups", resource("/Groups", `"displayName":"Made","members":`+values(crowd[:20]...)), http.StatusCreated)

			reader.costs(t, "disable", counts{"search": 1, "modify": 1}, http.MethodPatch, "/Users/"+user, disable, http.StatusOK)
			reader.costs(t, "disable again", counts{"search": 1}, http.MethodPatch, "/Users/"+user, disable, http.StatusOK)
			reader.costs(t, "patch", counts{"search": 1, "modify": 1}, http.MethodPatch, "/Users/"+user,
				operations(replace("title", `"Clerk"`), replace("name.familyName", `"Family"`), replace(`emails[type eq "work"].value`, `"counted@contoso.example"`)), http.StatusOK)
			reader.costs(t, "patch of a manager", counts{"search": 2, "modify": 1}, http.MethodPatch, "/Users/"+user, operations(replace(managerPath, `"`+crowd[0]+`"`)), http.StatusOK)
			// One more search shows the manager.
			reader.costs(t, "patch beside a manager", counts{"search": 2, "modify": 1}, http.MethodPatch, "/Users/"+user, operations(replace("title", `"Chief"`)), http.StatusOK)
			reader.costs(t, "soft delete", counts{"search": 2, "modify": 1}, http.MethodPatch, "/Users/"+user,
				operations(replace("userName", `"283405f5aa11bb22cc33dd44ee55ff66counted@contoso.example"`), replace("active", `"True"`)), http.StatusOK)

			for _, group := range []string{small, large} {
				reader.costs(t, "a member joins", counts{"search": 2, "modify": 1}, http.MethodPatch, "/Groups/"+group, addMembers(user), http.StatusNoContent)
				reader.costs(t, "a member leaves", counts{"search": 2, "modify": 1}, http.MethodPatch, "/Groups/"+group, removeMembers(user), http.StatusNoContent)
			}
			reader.costs(t, "twenty leave", counts{"search": 2, "modify": 1}, http.MethodPatch, "/Groups/"+large, removeMembers(crowd[:20]...), http.StatusNoContent)

			// Nothing refers to a group but groups; to a user managers' reports do too: a search each. The bridge cannot see that the server looks after them.
			reader.costs(t, "a group is renamed", counts{"search": 2 + 1, "modrdn": 1}, http.MethodPatch, "/Groups/"+small, operations(replace("displayName", `"Tiny"`)), http.StatusNoContent)
			reader.costs(t, "a group is deleted", counts{"search": 1 + 1, "delete": 1}, http.MethodDelete, "/Groups/"+small, "", http.StatusNoContent)
			named := d.create(t, "/Users", `"userName":"named@contoso.example","name":{"formatted":"Na Med","familyName":"Med"}`)
			reader.costs(t, "a user is renamed", counts{"search": 3 + 2, "modrdn": 1}, http.MethodPatch, "/Users/"+named, operations(replace("userName", `"renamed@contoso.example"`)), http.StatusOK)
			reader.costs(t, "a user is deleted", counts{"search": 1 + 2, "delete": 1}, http.MethodDelete, "/Users/"+named, "", http.StatusNoContent)
		})
	}
}

// counts is how many operations of each name there are.
type counts map[string]int

type budgets struct {
	d      *deployment
	server *dirtest.Server
}

// costs fails unless the request has the status, and the directory has seen these operations and no more.
func (b budgets) costs(t *testing.T, what string, want counts, method, path, body string, status int) {
	t.Helper()
	b.server.Mem.ResetCounts()
	b.d.want(t, status, method, path, body)
	got := counts(b.server.Mem.Counts())
	if !maps.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
