package scim_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// userType is the whole of RFC 7643's User, with an extension that has one attribute of each type.
func userType() *schema.ResourceType {
	core := schema.User()
	core.Attributes = append([]*schema.Attribute{schema.ExternalID()}, core.Attributes...)
	shore := &schema.Schema{ID: shoreURN, Name: "Shore", Attributes: []*schema.Attribute{
		{Name: "badge", Type: schema.String},
		{Name: "deck", Type: schema.Integer},
		{Name: "depth", Type: schema.Decimal},
		{Name: "boarded", Type: schema.DateTime},
		{Name: "key", Type: schema.Binary, CaseExact: true},
		{Name: "tags", Type: schema.String, MultiValued: true},
		{Name: "secret", Type: schema.String, Returned: schema.OnRequest},
	}}
	return &schema.ResourceType{
		Name: "User", Endpoint: "/Users", Core: core,
		Extensions: []schema.Extension{{Schema: schema.EnterpriseUser()}, {Schema: shore}},
	}
}

const shoreURN = "urn:ietf:params:scim:schemas:extension:shore:2.0:User"

// narrowType is a User as a small map leaves it: userName, active and the value and type of emails.
func narrowType() *schema.ResourceType {
	core := schema.User()
	emails := core.Attribute("emails")
	emails.SubAttributes = []*schema.Attribute{emails.Sub("value"), emails.Sub("type")}
	core.Attributes = []*schema.Attribute{core.Attribute("userName"), core.Attribute("active"), emails}
	return &schema.ResourceType{Name: "User", Endpoint: "/Users", Core: core}
}

func groupType() *schema.ResourceType {
	return &schema.ResourceType{Name: "Group", Endpoint: "/Groups", Core: schema.Group()}
}

// resource reads canonical JSON as it stands, for comparison.
func resource(t *testing.T, text string) scim.Resource {
	t.Helper()
	o, err := scim.Decode([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return scim.Resource(plain(o).(map[string]any))
}

func plain(v any) any {
	switch v := v.(type) {
	case scim.Object:
		m := map[string]any{}
		for _, member := range v {
			m[member.Name] = plain(member.Value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	}
	return v
}

func ref(t *testing.T, rt *schema.ResourceType, path string) schema.Ref {
	t.Helper()
	r, ok := rt.Resolve(rt.Split(path))
	if !ok {
		t.Fatalf("no %s", path)
	}
	return r
}

func TestGetSet(t *testing.T) {
	rt := userType()
	r := scim.Resource{}
	r.Set(ref(t, rt, "name.givenName"), "Mara")
	r.Set(ref(t, rt, schema.EnterpriseURN+":manager.value"), "9f2c")
	r.Set(ref(t, rt, "emails.value"), "nowhere")
	want := resource(t, `{"name":{"givenName":"Mara"},"`+schema.EnterpriseURN+`":{"manager":{"value":"9f2c"}}}`)
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("after Set (-want +got):\n%s", diff)
	}
	for path, want := range map[string]any{
		"name.givenName":                        "Mara",
		"name":                                  map[string]any{"givenName": "Mara"},
		"name.familyName":                       nil,
		"title":                                 nil,
		schema.EnterpriseURN + ":manager.value": "9f2c",
		schema.EnterpriseURN:                    map[string]any{"manager": map[string]any{"value": "9f2c"}},
		shoreURN:                                nil,
		shoreURN + ":badge":                     nil,
		"urn:ietf:params:scim:schemas:core:2.0:User": nil,
	} {
		if diff := cmp.Diff(want, r.Get(ref(t, rt, path))); diff != "" {
			t.Errorf("Get %s (-want +got):\n%s", path, diff)
		}
	}
	c := r.Clone()
	r.Set(ref(t, rt, "name.givenName"), nil)
	r.Set(ref(t, rt, schema.EnterpriseURN+":manager.value"), nil)
	r.Set(ref(t, rt, shoreURN+":badge"), nil)
	if len(r) != 0 {
		t.Errorf("after removing all: %v", r)
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("the clone changed (-want +got):\n%s", diff)
	}
}

func TestMarshalJSON(t *testing.T) {
	r := scim.Resource{
		"meta": map[string]any{"version": "1"}, "title": "Lead", "active": true, "schemas": []any{"a"}, "id": "7", "externalId": "e",
		schema.EnterpriseURN: map[string]any{"department": "Ops"}, "userName": "mara", "n": json.Number("1.50"),
	}
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schemas":["a"],"id":"7","externalId":"e","userName":"mara","active":true,"n":1.50,"title":"Lead",` +
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Ops"},"meta":{"version":"1"}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMessages(t *testing.T) {
	for _, tt := range []struct {
		message any
		want    string
	}{
		{
			scim.NewErrorMessage(400, scim.InvalidFilter, "no"),
			`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"invalidFilter","detail":"no","status":"400"}`,
		},
		{
			scim.NewErrorMessage(404, "", "gone"),
			`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"gone","status":"404"}`,
		},
		{
			scim.NewListResponse[scim.Resource](0, 1, nil),
			`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0,` +
				`"Resources":[]}`,
		},
		{
			scim.NewListResponse(7, 3, []scim.Resource{{"id": "1"}}),
			`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":7,"startIndex":3,"itemsPerPage":1,` +
				`"Resources":[{"id":"1"}]}`,
		},
	} {
		got, err := json.Marshal(tt.message)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
