package scim_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// The examples of RFC 7643 §8, with names and values of our own: what a body says is what is read of it and shown again, by a strict reader
// too. Each test lists what is not, and why: readOnly attributes are the service provider's, a password is never shown.

func TestRFC7643_8_1_MinimalUser(t *testing.T) {
	roundTrip(t, userType(), `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"2a1f","userName":"bea@example.com",
	 "meta":{"resourceType":"User","created":"2010-01-23T04:56:22Z","lastModified":"2011-05-13T04:42:34Z","version":"W/\"3694e05e9dff590\"",
	 "location":"https://example.com/v2/Users/2a1f"}}`,
		"id", "meta.created", "meta.lastModified", "meta.location", "meta.resourceType", "meta.version")
}

const fullUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"701984","userName":"bea@example.com",
 "name":{"formatted":"Ms. Bea J Harbour, III","familyName":"Harbour","givenName":"Bea","middleName":"Jane","honorificPrefix":"Ms.",
	"honorificSuffix":"III"},
 "displayName":"Bea Harbour","nickName":"Bee","profileUrl":"https://login.example.com/bea","title":"Tour Guide","userType":"Employee",
 "preferredLanguage":"en-US","locale":"en-US","timezone":"America/Los_Angeles","active":true,"password":"t1meMa$heen",
 "emails":[{"value":"bea@example.com","type":"work","primary":true},{"value":"bea@harbour.example","type":"home"}],
 "addresses":[{"type":"work","streetAddress":"100 Universal Plaza","locality":"Hollywood","region":"CA","postalCode":"91608","country":"US",
   "formatted":"100 Universal Plaza\nHollywood, CA 91608 US","primary":true},
  {"type":"home","streetAddress":"456 Hollywood Blvd","locality":"Hollywood","region":"CA","postalCode":"91608","country":"US",
	"formatted":"456 Hollywood Blvd\nHollywood, CA 91608 US"}],
 "phoneNumbers":[{"value":"555-555-5555","type":"work"},{"value":"555-555-4444","type":"mobile"}],"ims":[{"value":"someaimhandle",
	"type":"aim"}],
 "photos":[{"value":"https://photos.example.com/F","type":"photo"},{"value":"https://photos.example.com/T","type":"thumbnail"}],
 "groups":[{"value":"e9e3","$ref":"https://example.com/v2/Groups/e9e3","display":"Tour Guides"}],
 "x509Certificates":[{"value":"TUlJRFF6Q0NBcXlnQXdJQkFnSUNFQUF3RFFZSktvWklodmNOQVFFRkJRQXc="}]}`

func TestRFC7643_8_2_FullUser(t *testing.T) {
	roundTrip(t, userType(), fullUser, "groups[e9e3].$ref", "groups[e9e3].display", "groups[e9e3].value", "password")
}

func TestRFC7643_8_3_EnterpriseUser(t *testing.T) {
	roundTrip(t, userType(), `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	 "userName":"bea@example.com","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"701984",
	"costCenter":"4130",
	 "organization":"Universal Studios","division":"Theme Park","department":"Tour Operations",
	 "manager":{"value":"26118915","$ref":"../Users/26118915","displayName":"John Smith"}}}`,
		schema.EnterpriseURN+".manager.displayName")
}

func TestRFC7643_8_4_Group(t *testing.T) {
	roundTrip(t, groupType(), `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"e9e3","displayName":"Tour Guides",
	 "members":[{"value":"2819","$ref":"https://example.com/v2/Users/2819","display":"Bea Harbour"},
	  {"value":"902c","$ref":"https://example.com/v2/Users/902c","display":"Mandy Pepper","type":"User"}]}`,
		"id", "members[2819].display", "members[User].display")
}

// §8.7.1 lists the schemas: what they say of themselves is read back as it is, and the entries that the text singles out are so.
func TestRFC7643_8_7_Schemas(t *testing.T) {
	for _, s := range []*schema.Schema{schema.User(), schema.Group(), schema.EnterpriseUser()} {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again schema.Schema
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, &again); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.ID, diff)
		}
	}
	for _, tt := range []struct {
		path string
		want schema.Attribute
	}{
		{
			"userName",
			schema.Attribute{
				Type: schema.String, Required: true, Mutability: schema.ReadWrite, Returned: schema.Default,
				Uniqueness: schema.UniqueServer,
			},
		},
		{
			"password",
			schema.Attribute{Type: schema.String, Mutability: schema.WriteOnly, Returned: schema.Never, Uniqueness: schema.UniqueNone},
		},
		{
			"active",
			schema.Attribute{Type: schema.Boolean, Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: schema.UniqueNone},
		},
		{
			"groups.value",
			schema.Attribute{
				Type: schema.String, CaseExact: true, Mutability: schema.ReadOnly, Returned: schema.Default,
				Uniqueness: schema.UniqueNone,
			},
		},
		{
			"id",
			schema.Attribute{
				Type: schema.String, CaseExact: true, Mutability: schema.ReadOnly, Returned: schema.Always,
				Uniqueness: schema.UniqueServer,
			},
		},
		{
			schema.EnterpriseURN + ":manager.displayName",
			schema.Attribute{Type: schema.String, Mutability: schema.ReadOnly, Returned: schema.Default, Uniqueness: schema.UniqueNone},
		},
	} {
		got := *ref(t, userType(), tt.path).Leaf()
		got.Name, got.Description = "", ""
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.path, diff)
		}
	}
}

// RFC 7644 §3.7.1 to §3.7.2: references in a circle, by members and by path, are found as such.
func TestRFC7644_3_7_Bulk(t *testing.T) {
	r, err := scim.ParseBulk([]byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"failOnErrors":1,"Operations":[
	 {"method":"POST","path":"/Groups","bulkId":"qwerty","data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],
	"displayName":"Group A","members":[{"type":"Group","value":"bulkId:ytrewq"}]}},
	 {"method":"POST","path":"/Groups","bulkId":"ytrewq","data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],
	"displayName":"Group B","members":[{"type":"Group","value":"bulkId:qwerty"}]}},
	 {"method":"PUT","path":"/Users/b7c1","version":"W/\"3694e05e9dff591\"",
	"data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bob"}},
	 {"method":"PATCH","path":"/Groups/bulkId:qwerty","data":{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
	"Operations":[{"op":"remove","path":"nickName"}]}},
	 {"method":"DELETE","path":"/Users/e9e3","version":"W/\"0ee8add0a938e1a\""}]}`), scim.Dialect{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"ytrewq"}, {"qwerty"}, nil, {"qwerty"}, nil}
	for i, op := range r.Operations {
		if diff := cmp.Diff(want[i], op.References()); diff != "" {
			t.Errorf("operation %d (-want +got):\n%s", i, diff)
		}
	}
}

// §3.12 and the list of §3.4.2.
func TestRFC7644_3_12_Errors(t *testing.T) {
	compareJSON(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"Resource 2819 not found","status":"404"}`,
		scim.NewErrorMessage(404, "", "Resource 2819 not found"))
	compareJSON(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"mutability",`+
		`"detail":"Attribute 'id' is readOnly","status":"400"}`,
		scim.NewErrorMessage(400, scim.Mutability, "Attribute 'id' is readOnly"))
	compareJSON(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":2,"itemsPerPage":2,"startIndex":1,`+
		`"Resources":[{"id":"2819","title":"Assistant VP"},{"id":"c75a","title":"VP"}]}`,
		scim.NewListResponse(2, 1, []scim.Resource{{"id": "2819", "title": "Assistant VP"}, {"id": "c75a", "title": "VP"}}))
}

// roundTrip reads a resource and shows it again, and compares the attributes. lost are the paths that do not come back.
func roundTrip(t *testing.T, rt *schema.ResourceType, body string, lost ...string) {
	t.Helper()
	for _, d := range []scim.Dialect{{}, {Strict: true}} {
		r, dropped, err := scim.Parse([]byte(body), rt, d)
		if err != nil || len(dropped) > 0 {
			t.Fatalf("strict %v: dropped %q, %v", d.Strict, dropped, err)
		}
		if err := scim.CheckRequired(r, rt); err != nil {
			t.Error(err)
		}
		p, err := scim.NewProjection(rt, d, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(p.Apply(r))
		if err != nil {
			t.Fatal(err)
		}
		sent, shown := leaves(t, body), leaves(t, string(text))
		var missing []string
		for path, v := range sent {
			if shown[path] != v {
				missing = append(missing, path)
			}
			delete(shown, path)
		}
		slices.Sort(missing)
		if diff := cmp.Diff(lost, missing); diff != "" {
			t.Errorf("strict %v: what does not come back (-want +got):\n%s", d.Strict, diff)
		}
		if len(shown) > 0 {
			t.Errorf("strict %v: nobody sent %v", d.Strict, shown)
		}
	}
}

// leaves are the simple values of a JSON object by path. An element goes by its type, or else its value.
func leaves(t *testing.T, text string) map[string]any {
	t.Helper()
	out := map[string]any{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				p := name
				if path != "" {
					p = path + "." + name
				}
				walk(p, inner)
			}
		case []any:
			for _, e := range v {
				label := fmt.Sprint(e)
				if c, ok := e.(map[string]any); ok {
					label = fmt.Sprint(c["value"])
					if c["type"] != nil {
						label = fmt.Sprint(c["type"])
					}
				}
				walk(path+"["+label+"]", e)
			}
		default:
			out[path] = v
		}
	}
	walk("", map[string]any(resource(t, text)))
	return out
}
