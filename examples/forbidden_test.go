package examples_test

import (
	"net/http"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestForbidden: what the classes of an entry that was found forbid is named, with a class that would allow it, and nothing is written; or,
// where the map says so, dropped, and the rest is written. An auxiliary class of the map is added for what needs it.
func TestForbidden(t *testing.T) {
	directories(t, func(t *testing.T, server *dirtest.Server) {
		server.Load(t, "dn: uid=old,"+server.People+"\nobjectClass: account\nuid: old\n\n"+inetOrgPerson("uid=bare,"+server.People, "bare"))
		const filter = "SCIMBRIDGE_RESOURCES_0_FILTER=(|(objectClass=inetOrgPerson)(objectClass=account))"
		strict, lenient := deploy(t, server, filter), deploy(t, server, filter, "SCIMBRIDGE_RESOURCES_0_ONFORBIDDEN=skip")
		old, bare := idOf(t, server, "uid=old,"+server.People), idOf(t, server, "uid=bare,"+server.People)

		change := operations(replace("title", `"Clerk"`), replace("externalId", `"e1"`))
		answer, content := strict.do(t, http.MethodPatch, "/Users/"+old, change)
		for _, part := range []string{"title: the entry's object classes (", "account", "do not allow title; one that would is inetOrg"} {
			if answer.StatusCode != http.StatusBadRequest || !strings.Contains(content, part) {
				t.Errorf("%q is not in %d %s", part, answer.StatusCode, content)
			}
		}
		if plans := strict.taken(); len(plans) != 0 {
			t.Errorf("something was written: %v", plans)
		}
		strict.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bare, change)

		shown := lenient.want(t, http.StatusOK, http.MethodPatch, "/Users/"+old, change)
		if shown["title"] != nil || shown["externalId"] != "e1" || lenient.entry(t, old).Value("title") != "" {
			t.Errorf("%v", shown)
		}
		lenient.taken()
		lenient.want(t, http.StatusOK, http.MethodPatch, "/Users/"+old, operations(replace("title", `"Clerk"`)))
		if plans := lenient.taken(); len(plans) != 0 && !plans[0].Empty() {
			t.Errorf("something was written: %v", plans)
		}
		shown = lenient.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bare, operations(replace("title", `"Captain"`)))
		if shown["title"] != "Captain" {
			t.Errorf("%v", shown)
		}
	})
}
