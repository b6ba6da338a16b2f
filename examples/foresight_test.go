package examples_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/front"
	"scimbridge/ldapmap/ldif"
)

// foresees is what a request would do, and its answer's status.
func (d *deployment) foresees(t testing.TB, method, path, body string) (plans []string, status int) {
	t.Helper()
	var f bridge.Foresight
	m := front.Message{Method: method, Target: path, Body: []byte(body)}
	answer, err := d.front.Foresee(t.Context(), &f, access.Caller{Name: "explain"}, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range f.Parts() {
		for _, p := range part.Plans {
			plans = append(plans, told(p.Plan))
		}
	}
	return plans, answer.Status
}

var aVersion = regexp.MustCompile(`version=\S+`)

// told is a plan without the version of what a plan before it changed.
func told(p ldif.Plan) string { return p.Words() + "\n" + aVersion.ReplaceAllString(p.String(), "") }

// TestForesight: what a request would do is what it does, and nothing is written for it to be foreseen.
func TestForesight(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		d := deploy(t, server)
		tag := label(t)
		mara, anna := d.user(t, "mara"+tag+"@contoso.example"), d.user(t, "anna"+tag+"@contoso.example")
		crew := d.group(t, "Crew "+tag, mara)
		d.received()
		for _, request := range []struct{ method, path, body string }{
			{http.MethodPost, "/Users", resource("/Users", `"userName":"new`+tag+`@contoso.example","displayName":"New"`)},
			{http.MethodPost, "/Users", resource("/Users", `"userName":"mara`+tag+`@contoso.example"`)},
			{http.MethodPatch, "/Users/" + mara, operations(replace("title", `"Chef"`), replace("active", "false"))},
			{http.MethodPatch, "/Users/" + mara, operations(
				replace("userName", `"maria`+tag+`@contoso.example"`), replace("active", "true"),
			)},
			{http.MethodPatch, "/Groups/" + crew, addMembers(anna)},
			{http.MethodDelete, "/Users/" + anna, ""},
			{http.MethodDelete, "/Users/" + anna, ""},
		} {
			before := tree(t, server)
			plans, status := d.foresees(t, request.method, request.path, request.body)
			same(t, request.method+" is foreseen", before, tree(t, server))
			answer, content := d.do(t, request.method, request.path, request.body)
			var done []string
			for _, r := range d.received() {
				done = append(done, told(r.Plan))
			}
			if diff := cmp.Diff(done, plans); diff != "" || answer.StatusCode != status {
				t.Errorf("%s %s: %d was foreseen, -done +foreseen %s\n%s", request.method, request.path, status, diff, content)
			}
		}
	})
}

// TestCostOfForesight: a bulk request that is only foreseen asks the directory as often for each operation, however many came before it.
func TestCostOfForesight(t *testing.T) {
	server := memory(t)
	proxy := dirtest.Counted(t, server)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)
	ids := d.users(t, "crowd", 80)
	asked := func(n int) int {
		var all []string
		for i, id := range ids[:n] {
			all = append(all,
				fmt.Sprintf(`{"method":"PATCH","path":"/Users/%s","data":%s}`, id, operations(replace("title", `"Chef"`))),
				fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"%d","data":%s}`, i, resource("/Users", `"userName":"new`+id+`"`)))
		}
		proxy.ResetCounts()
		plans, status := d.foresees(t, http.MethodPost, "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],`+
			`"failOnErrors":1,"Operations":[`+strings.Join(all, ",")+`]}`)
		if len(plans) != 2*n || status != http.StatusOK || proxy.Counts()["modify"]+proxy.Counts()["add"] > 0 {
			t.Fatalf("%d plans, %d, %v", len(plans), status, proxy.Counts())
		}
		return proxy.Counts()["search"]
	}
	asked(1) // which learns what the directory is
	few, many := asked(10), asked(80)
	if many > 8*few {
		t.Errorf("%d searches for 10 operations of each kind, %d for 80", few, many)
	}
}
