package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRoles: what a caller's role does not allow is refused in every way to ask for it, and the refusal says so.
func TestRoles(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens.yaml")
	roles := []string{"provisioner", "users-only", "groups-only", "reader", "operator"}
	var text strings.Builder
	for _, role := range roles {
		fmt.Fprintf(&text, "- {name: the %s, token: token-of-the-%s, role: %s}\n", role, role, role)
	}
	fmt.Fprintf(&text, "- {name: elsewhere, token: token-of-elsewhere, addresses: 192.0.2.0/24}\n")
	if err := os.WriteFile(tokens, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	d := deploy(t, memory(t), "SCIMBRIDGE_ACCESS_TOKENSFILE="+tokens)
	user := d.user(t, "mara")
	group := d.group(t, "staff", user)
	const filtered = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"id pr"}`
	made := 0
	for _, test := range []struct {
		method, path, body string
		may                string // the roles' initials
	}{
		{"GET", "/ServiceProviderConfig", "", "pugro"},
		{"GET", "/Schemas", "", "pugro"},
		{"GET", "/ResourceTypes/Group", "", "pugro"},
		{"GET", "/Users", "", "pugro"},
		{"GET", "/Users/" + user, "", "pugro"},
		{"POST", "/Users/.search", filtered, "pugro"},
		{"GET", "/Groups", "", "pgro"},
		{"GET", "/Groups/" + group, "", "pgro"},
		{"POST", "/Groups/.search", filtered, "pgro"},
		{"GET", "/", "", "pgro"},
		{"POST", "/.search", filtered, "pgro"},
		{"POST", "/Users", `{"userName":"new%d","name":{"familyName":"New"}}`, "pu"},
		{"PATCH", "/Users/" + user, operations(replace("title", "new")), "pu"},
		{"PUT", "/Users/" + user, `{"userName":"mara","name":{"familyName":"Lind"}}`, "pu"},
		{"POST", "/Groups", `{"displayName":"new%d"}`, "pg"},
		{"PATCH", "/Groups/" + group, operations(addMembers(user)), "pg"},
		{"PUT", "/Groups/" + group, `{"displayName":"staff"}`, "pg"},
		{"DELETE", "/Users/nobody", "", "pu"},
		{"DELETE", "/Groups/nobody", "", "pg"},
	} {
		for _, role := range roles {
			made++
			body := strings.Replace(test.body, "%d", fmt.Sprint(made), 1)
			response, content := d.do(t, test.method, test.path, body, "Authorization: Bearer token-of-the-"+role)
			allowed := strings.Contains(test.may, role[:1])
			if refused := response.StatusCode == 403; refused == allowed || refused && !strings.Contains(content, "the role "+role+" may") {
				t.Errorf("%s: %s %s: %d %s", role, test.method, test.path, response.StatusCode, content)
			}
		}
	}
	for role, want := range map[string][2]string{
		"provisioner": {"201", "201"}, "users-only": {"201", "403"}, "groups-only": {"403", "201"}, "reader": {"403", "403"},
	} {
		response, content := d.do(t, "POST", "/Bulk", fmt.Sprintf(`{"Operations":[
			{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"bulk-%[1]s","name":{"familyName":"B"}}},
			{"method":"POST","path":"/Groups","bulkId":"b","data":{"displayName":"bulk-%[1]s"}}]}`, role),
			"Authorization: Bearer token-of-the-"+role)
		var got []any
		for _, operation := range parse(t, content)["Operations"].([]any) {
			got = append(got, operation.(object)["status"])
		}
		if response.StatusCode != 200 || fmt.Sprint(got) != fmt.Sprint(want[:]) {
			t.Errorf("%s: %d %v, want %v: %s", role, response.StatusCode, got, want, content)
		}
	}
	if response, content := d.do(t, "GET", "/Users", "", "Authorization: Bearer token-of-elsewhere"); response.StatusCode != 401 {
		t.Errorf("from another address: %d %s", response.StatusCode, content)
	}
}
