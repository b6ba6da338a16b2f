package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestSeveralBases: new users go below the first base, or where `dn` says; the entries below all bases are read, listed, found, referred
// to, and hold what no two may share.
func TestSeveralBases(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		its := products[server.Kind]
		var bases []string
		for _, name := range []string{"Staff", "External"} {
			bases = append(bases, "ou="+name+","+server.People)
			server.Load(t, fmt.Sprintf("dn: %s\nobjectClass: organizationalUnit\nou: %s\n", bases[len(bases)-1], name))
		}
		server.Load(t, its.user(its.rdn("found")+","+bases[1], "found"))
		d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_BASE_0="+bases[0], "SCIMBRIDGE_RESOURCES_0_BASE_1="+bases[1],
			"SCIMBRIDGE_RESOURCES_0_BASE=", `SCIMBRIDGE_RESOURCES_0_DN="`+its.rdn("")+`" + rdn(before(userName, "@")) + "," + `+
				`(title == "Guest" ? "`+bases[1]+`" : base)`)
		staff := d.create(t, "/Users", `"userName":"anna@contoso.example","active":true`)
		guest := d.create(t, "/Users", `"userName":"bo@contoso.example","title":"Guest","active":true`)
		d.stands(t, staff, bases[0])
		d.stands(t, guest, bases[1])
		found := idOf(t, server, its.rdn("found")+","+bases[1])
		for userName, id := range map[string]string{"anna@contoso.example": staff, "bo@contoso.example": guest, "found": found} {
			if list := d.found(t, "/Users", `userName eq "`+userName+`"`); len(list) != 1 || list[0]["id"] != id {
				t.Errorf("%s: %v", userName, list)
			}
			d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
			answer, content := d.do(t, http.MethodPost, "/Users", resource("/Users", `"userName":"`+userName+`"`))
			if answer.StatusCode != http.StatusConflict || !strings.Contains(content, id) {
				t.Errorf("%s: %d %s", userName, answer.StatusCode, content)
			}
		}
		seen := map[any]bool{}
		for start := 1; start <= 3; start++ {
			page := d.want(t, http.StatusOK, http.MethodGet, fmt.Sprintf("/Users?count=1&startIndex=%d", start), "")
			if page["totalResults"] != float64(3) {
				t.Errorf("totalResults %v", page["totalResults"])
			}
			seen[page["Resources"].([]any)[0].(object)["id"]] = true
		}
		if len(seen) != 3 {
			t.Errorf("the pages show %v", seen)
		}
		group := d.group(t, "Crew", staff, guest)
		const manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+staff, operations(replace(manager, `"`+guest+`"`)))
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+guest, operations(replace("title", `"Clerk"`))) // moves between the bases
		d.stands(t, guest, bases[0])
		if boss := d.entry(t, staff).Value("manager"); !strings.EqualFold(boss, d.entry(t, guest).DN) {
			t.Errorf("the manager is %s", boss)
		}
		if members := d.members(t, group); members[staff] != 1 || members[guest] != 1 {
			t.Errorf("members %v", members)
		}
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+found, operations(replace("userName", `"mara@contoso.example"`)))
		d.stands(t, found, bases[1])
		d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+guest, "")
		if boss := d.entry(t, staff).Value("manager"); boss != "" {
			t.Errorf("the manager is %s", boss)
		}
	})
}
