package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// object is a JSON object as it came.
type object = map[string]any

// want sends a request, and ends the test unless the answer has the status. It returns the answer's object.
func (d *deployment) want(t testing.TB, status int, method, path, body string) object {
	t.Helper()
	answer, content := d.do(t, method, path, body)
	if answer.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d\n%s", method, path, answer.StatusCode, status, content)
	}
	return parse(t, content)
}

func parse(t testing.TB, content string) object {
	t.Helper()
	var o object
	if content != "" {
		if err := json.Unmarshal([]byte(content), &o); err != nil {
			t.Fatalf("%v\n%s", err, content)
		}
	}
	return o
}

// create makes a resource of the JSON members given and returns its id.
func (d *deployment) create(t testing.TB, path, members string) string {
	t.Helper()
	return d.want(t, http.StatusCreated, http.MethodPost, path, resource(path, members))["id"].(string)
}

// user makes a user of the name, and group a group with members, by id.
func (d *deployment) user(t testing.TB, name string) string {
	t.Helper()
	return d.create(t, "/Users", `"userName":"`+name+`","active":true`)
}

func (d *deployment) group(t testing.TB, name string, members ...string) string {
	t.Helper()
	return d.create(t, "/Groups", `"displayName":"`+name+`","members":`+values(members...))
}

// resource is the body that makes one.
func resource(path, members string) string {
	name := strings.TrimSuffix(strings.TrimPrefix(path, "/"), "s")
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:%s"],%s}`, name, members)
}

// values are ids as the value of members.
func values(ids ...string) string {
	list := make([]object, len(ids))
	for i, id := range ids {
		list[i] = object{"value": id}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// operations is the body of a PATCH.
func operations(list ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(list, ",") + `]}`
}

func replace(path, value string) string {
	return fmt.Sprintf(`{"op":"Replace","path":%q,"value":%s}`, path, value)
}

func addMembers(ids ...string) string {
	return operations(`{"op":"Add","path":"members","value":` + values(ids...) + `}`)
}

func removeMembers(ids ...string) string {
	return operations(`{"op":"Remove","path":"members","value":` + values(ids...) + `}`)
}

// The two things that a client does to an account over and over.
var (
	disable = operations(replace("active", `"False"`))
	enable  = operations(replace("active", `"True"`))
)

// members are the ids of a group's members as SCIM shows them.
func (d *deployment) members(t testing.TB, id string) map[string]int {
	t.Helper()
	shown := map[string]int{}
	list, _ := d.want(t, http.StatusOK, http.MethodGet, "/Groups/"+id+"?attributes=members", "")["members"].([]any)
	for _, m := range list {
		shown[m.(object)["value"].(string)]++
	}
	return shown
}

// found are the resources that a filter finds.
func (d *deployment) found(t testing.TB, path, filter string) []object {
	t.Helper()
	list := d.want(t, http.StatusOK, http.MethodGet, path+"?filter="+url.QueryEscape(filter), "")
	var resources []object
	for _, r := range list["Resources"].([]any) {
		resources = append(resources, r.(object))
	}
	if int(list["totalResults"].(float64)) != len(resources) {
		t.Errorf("%s: totalResults %v over %d resources", filter, list["totalResults"], len(resources))
	}
	return resources
}

// entry is the entry with the id, as the directory holds it.
func (d *deployment) entry(t testing.TB, id string) *ldif.Entry {
	t.Helper()
	filter, ok := d.server.IDFilter(id)
	if !ok {
		t.Fatalf("%q is no id", id)
	}
	conn := d.server.Connect(t)
	defer conn.Close()
	found, err := conn.Search(ldap.NewSearchRequest(d.server.Suffix, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		filter, []string{"1.1"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Entries) == 0 {
		return nil
	}
	return d.server.Entry(t, found.Entries[0].DN, "*", productOf(d.server).active) // which may be operational
}

// idOf is the SCIM id of the entry at the DN.
func idOf(t testing.TB, server *dirtest.Server, dn string) string {
	t.Helper()
	e := server.Entry(t, dn, server.IDAttribute)
	if e == nil {
		t.Fatalf("%s is not there", dn)
	}
	return server.ID(e)
}

// modify changes one attribute of an entry as the administrator.
func modify(t testing.TB, server *dirtest.Server, dn, attribute string, values ...string) {
	t.Helper()
	conn := server.Connect(t)
	defer conn.Close()
	request := ldap.NewModifyRequest(dn, nil)
	request.Replace(attribute, values)
	if err := conn.Modify(request); err != nil {
		t.Fatalf("%s: %v", dn, err)
	}
}

// everywhere runs a test on each of the servers, beside other tests.
func everywhere(t *testing.T, test func(t *testing.T, server *dirtest.Server)) {
	t.Helper()
	t.Parallel()
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s.start(t))
		})
	}
}
