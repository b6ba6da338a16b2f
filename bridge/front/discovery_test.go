package front

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fields(t *testing.T, a answer) map[string]any {
	t.Helper()
	var got map[string]any
	if a.status != 200 || json.Unmarshal([]byte(a.body), &got) != nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if strings.Contains(a.body, "null") {
		t.Errorf("null in %s", a.body)
	}
	return got
}

func TestServiceProviderConfig(t *testing.T) {
	s := serve(t, Options{})
	got := fields(t, s.ask(t, "GET /scim/v2/ServiceProviderConfig", ""))
	yes, no := map[string]any{"supported": true}, map[string]any{"supported": false}
	want := map[string]any{
		"schemas":        []any{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":          map[string]any{"supported": true},
		"bulk":           map[string]any{"supported": true, "maxOperations": 10., "maxPayloadSize": 1000.},
		"filter":         map[string]any{"supported": true, "maxResults": 1000.},
		"changePassword": no, "sort": yes, "etag": yes,
		"pagination": map[string]any{
			"index": true, "cursor": true, "defaultPaginationMethod": "index", "defaultPageSize": 100.,
			"maxPageSize": 1000.,
		},
		"authenticationSchemes": []any{map[string]any{
			"type": "oauthbearertoken", "name": "OAuth Bearer Token", "description": "A bearer token in the Authorization header.",
			"specUri": "https://www.rfc-editor.org/info/rfc6750", "primary": true,
		}},
		"meta": map[string]any{"resourceType": "ServiceProviderConfig", "location": "http://scim.example/scim/v2/ServiceProviderConfig"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestResourceTypes(t *testing.T) {
	s := serve(t, Options{PublicURL: "https://scim.corp.example/x/"})
	user := map[string]any{
		"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
		"id":      "User", "name": "User", "endpoint": "/Users", "description": "An account",
		"schema": "urn:ietf:params:scim:schemas:core:2.0:User",
		"schemaExtensions": []any{map[string]any{
			"schema":   "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
			"required": false,
		}},
		"meta": map[string]any{"resourceType": "ResourceType", "location": "https://scim.corp.example/x/ResourceTypes/User"},
	}
	group := map[string]any{
		"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
		"id":      "Group", "name": "Group", "endpoint": "/Groups", "schema": "urn:ietf:params:scim:schemas:core:2.0:Group",
		"schemaExtensions": []any{},
		"meta":             map[string]any{"resourceType": "ResourceType", "location": "https://scim.corp.example/x/ResourceTypes/Group"},
	}
	if diff := cmp.Diff(user, fields(t, s.ask(t, "GET /scim/v2/resourcetypes/user", ""))); diff != "" {
		t.Error(diff)
	}
	got := fields(t, s.ask(t, "GET /scim/v2/ResourceTypes?startIndex=2&count=1", ""))
	if diff := cmp.Diff([]any{user, group}, got["Resources"]); diff != "" || got["totalResults"] != 2. {
		t.Error(got["totalResults"], diff)
	}
}

func TestSchemas(t *testing.T) {
	s := serve(t, Options{})
	got := fields(t, s.ask(t, "GET /scim/v2/Schemas", ""))
	var ids []any
	for _, each := range got["Resources"].([]any) {
		ids = append(ids, each.(map[string]any)["id"])
	}
	if diff := cmp.Diff([]any{
		"urn:ietf:params:scim:schemas:core:2.0:User",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
		"urn:ietf:params:scim:schemas:core:2.0:Group",
	}, ids); diff != "" {
		t.Error(diff)
	}
	one := fields(t, s.ask(t, "GET /scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:user", ""))
	if diff := cmp.Diff(map[string]any{
		"resourceType": "Schema", "location": "http://scim.example/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
	}, one["meta"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, one["schemas"]); diff != "" {
		t.Error(diff)
	}
	if one["name"] != "User" || len(one["attributes"].([]any)) != 1 {
		t.Error(one)
	}
}

func TestBaseURL(t *testing.T) {
	ours := []string{"127.0.0.1"}
	location := func(o Options, headers ...string) any {
		got := fields(t, serve(t, o).ask(t, "GET /scim/v2/ServiceProviderConfig", "", headers...))
		return got["meta"].(map[string]any)["location"]
	}
	forwarded := []string{"X-Forwarded-Proto: https, http", "X-Forwarded-Host: outside.example, inside.example"}
	for name, test := range map[string]struct{ got, want any }{
		"request":            {location(Options{}), "http://scim.example/scim/v2/ServiceProviderConfig"},
		"proxy, not trusted": {location(Options{}, forwarded...), "http://scim.example/scim/v2/ServiceProviderConfig"},
		"proxy, trusted":     {location(Options{TrustProxy: ours}, forwarded...), "https://outside.example/scim/v2/ServiceProviderConfig"},
		"nonsense, trusted": {
			location(Options{TrustProxy: ours}, "X-Forwarded-Proto: javascript"),
			"http://scim.example/scim/v2/ServiceProviderConfig",
		},
		"public": {
			location(Options{TrustProxy: ours, PublicURL: "https://p.example/scim"}, forwarded...),
			"https://p.example/scim/ServiceProviderConfig",
		},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
}
