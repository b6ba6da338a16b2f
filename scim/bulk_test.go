package scim_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"scimbridge/scim"
)

func TestParseBulk(t *testing.T) {
	const post = `{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"m","n":1e400}}`
	for _, tt := range []struct {
		name, body string
		want       *scim.BulkRequest
	}{
		{"none", `{"Operations":[]}`, &scim.BulkRequest{}},
		{
			"all of it", `{"schemas":["` + scim.BulkRequestURN + `"],"failOnErrors":2,"Operations":[` + post + `,
			{"method":"PATCH","path":"/Users/7","version":"W/\"1\"","bulkId":"a","data":{"Operations":[{"value":[1.50,null]}]}},
			{"method":"DELETE","path":"/Users/7"}]}`,
			&scim.BulkRequest{FailOnErrors: 2, Operations: []scim.BulkOperation{
				{Method: "POST", BulkID: "a", Path: "/Users", Data: map[string]any{"userName": "m", "n": json.Number("1e400")}},
				{
					Method: "PATCH", BulkID: "a", Path: "/Users/7", Version: `W/"1"`,
					Data: map[string]any{"Operations": []any{map[string]any{"value": []any{json.Number("1.50"), nil}}}},
				},
				{Method: "DELETE", Path: "/Users/7"},
			}},
		},
		{
			"names and methods in any case", `{"FAILONERRORS":1,"operations":[{"Method":"delete","PATH":"/Users/7","version":null,` +
				`"data":null}]}`,
			&scim.BulkRequest{FailOnErrors: 1, Operations: []scim.BulkOperation{{Method: "DELETE", Path: "/Users/7"}}},
		},
		// The last of two counts, whole: nothing of the first may stay in it.
		{
			"a list twice", `{"Operations":[{"method":"DELETE","path":"/Users/7","version":"1"}],"Operations":[{"method":"DELETE",` +
				`"path":"/Users/8"}]}`,
			&scim.BulkRequest{Operations: []scim.BulkOperation{{Method: "DELETE", Path: "/Users/8"}}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := scim.ParseBulk([]byte(tt.body), scim.Dialect{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(scim.BulkRequest{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseBulkErrors(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"Operations":[`, "invalidSyntax: the body is not JSON: unexpected end of JSON input (line 1, column 15)"},
		{`{}`, "invalidSyntax: Operations must be an array"},
		{`{"Operations":{}}`, "invalidSyntax: Operations must be an array"},
		{`{"failOnErrors":"1","Operations":[]}`, "invalidValue: failOnErrors must be the number of errors to stop at"},
		{`{"failOnErrors":-1,"Operations":[]}`, "invalidValue: failOnErrors must be the number of errors to stop at"},
		{`{"failOnErrors":1.5,"Operations":[]}`, "invalidValue: failOnErrors must be the number of errors to stop at"},
	} {
		_, err := scim.ParseBulk([]byte(tt.body), scim.Dialect{})
		if _, ok := errors.AsType[*scim.Error](err); !ok || err.Error() != tt.want {
			t.Errorf("%s\n got %v\nwant %s", tt.body, err, tt.want)
		}
	}
}

// TestBulkFaults: an operation that is none has its own fault, and the others are read.
func TestBulkFaults(t *testing.T) {
	const (
		post  = `{"method":"POST","path":"/Users","bulkId":"a","data":{}}`
		other = `{"method":"DELETE","path":"/Users/9"}`
	)
	for _, tt := range []struct{ operations, want string }{
		{`7`, "invalidSyntax: Operations[0]: it must be a JSON object"},
		{`null`, "invalidSyntax: Operations[0]: it must be a JSON object"},
		{post + `,{"method":7,"path":"/Users"}`, "invalidValue: Operations[1]: method must be a string"},
		{
			`{"method":"GET","path":"/Users"}`,
			`invalidValue: Operations[0]: method "GET" is none of POST, PUT, PATCH, DELETE`,
		},
		{`{"path":"/Users"}`, `invalidValue: Operations[0]: method "" is none of POST, PUT, PATCH, DELETE`},
		{`{"method":"DELETE"}`, "invalidValue: Operations[0]: path is missing"},
		{`{"method":"POST","path":"/Users","data":{}}`, "invalidValue: Operations[0]: a POST needs a bulkId"},
		{post + `,` + post + ``, `invalidValue: Operations[1]: bulkId "a" is used twice`},
		{
			`{"method":"POST","path":"/Users","bulkId":"a/b","data":{}}`,
			`invalidValue: Operations[0]: bulkId "a/b" has a slash`,
		},
		{`{"method":"PUT","path":"/Users/7"}`, "invalidValue: Operations[0]: data is missing"},
		{`{"method":"PATCH","path":"/Users/7","data":null}`, "invalidValue: Operations[0]: data is missing"},
	} {
		r, err := scim.ParseBulk([]byte(`{"Operations":[`+tt.operations+`,`+other+`]}`), scim.Dialect{})
		if err != nil {
			t.Errorf("%s: %v", tt.operations, err)
			continue
		}
		last := len(r.Operations) - 1
		for i, op := range r.Operations {
			if fault := op.Fault; (fault != nil) != (i == last-1) || fault != nil && fault.Error() != tt.want {
				t.Errorf("%s: Operations[%d]\n got %v\nwant %s", tt.operations, i, fault, tt.want)
			}
		}
	}
}

func TestBulkStrict(t *testing.T) {
	for body, want := range map[string]string{
		`{"Operations":[]}`: "invalidSyntax: schemas must be an array with " + scim.BulkRequestURN,
		`{"schemas":["` + scim.PatchOpURN + `"],"Operations":[]}`:      "invalidSyntax: schemas lacks " + scim.BulkRequestURN,
		`{"schemas":["` + scim.BulkRequestURN + `"],"Operations":[]}`:  "invalidSyntax: Operations must have an operation",
		`{"schemas":["` + scim.BulkRequestURN + `"],"Operations":[7]}`: "",
	} {
		if _, err := scim.ParseBulk([]byte(body), scim.Dialect{}); err != nil {
			t.Error(err)
		}
		_, err := scim.ParseBulk([]byte(body), scim.Dialect{Strict: true})
		if got := text(err); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestBulkReferences(t *testing.T) {
	for _, tt := range []struct {
		path, data string
		want       []string
	}{
		{"/Users", `{"userName":"m","n":7,"b":true,"z":null}`, nil},
		{"/Users/bulkId:b", `{"members":[{"value":"bulkId:a"},{"value":"bulkId:b"}],"x":{"y":"bulkId:c"}}`, []string{"a", "b", "c"}},
		{"/Groups", `{"$ref":"../Users/bulkId:a","title":"the bulkId:x, and bulkId"}`, []string{"a"}},
		{"/Groups", `{"bulkId:name":"x","value":"BULKID:a"}`, nil},
	} {
		body := `{"Operations":[{"method":"PUT","path":"` + tt.path + `","data":` + tt.data + `}]}`
		r, err := scim.ParseBulk([]byte(body), scim.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, r.Operations[0].References()); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.path, tt.data, diff)
		}
	}
}

// The response as RFC 7644 §3.7.3 prints it: status a string, a body for a failure only.
func TestBulkResponse(t *testing.T) {
	compareJSON(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"Operations":[]}`, scim.NewBulkResponse(nil))
	failure := scim.NewErrorMessage(409, scim.Uniqueness, "taken")
	response := scim.NewBulkResponse([]scim.BulkResult{
		{Location: "https://x/Users/7", Method: "POST", BulkID: "a", Version: `W/"1"`, Status: "201"},
		{Method: "POST", BulkID: "b", Status: "409", Response: &failure},
	})
	compareJSON(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"Operations":[
	 {"location":"https://x/Users/7","method":"POST","bulkId":"a","version":"W/\"1\"","status":"201"},
	 {"method":"POST","bulkId":"b","status":"409","response":{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],
	"scimType":"uniqueness","detail":"taken","status":"409"}}]}`, response)
}

func compareJSON(t *testing.T, want string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var w, g any
	if err := errors.Join(json.Unmarshal([]byte(want), &w), json.Unmarshal(text, &g)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever is read fails only with a *scim.Error, and what is read has what its operations need.
func FuzzBulk(f *testing.F) {
	for _, seed := range []string{
		`{"schemas":["` + scim.BulkRequestURN + `"],"failOnErrors":1,"Operations":[{"method":"POST","path":"/Users","bulkId":"qwerty",` +
			`"data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"Alice"}},{"method":"POST","path":"/Groups",` +
			`"bulkId":"ytrewq","data":{"displayName":"Tour Guides","members":[{"type":"User","value":"bulkId:qwerty"}]}}]}`,
		`{"Operations":[{"method":"delete","path":"/Users/7","version":"W/\"1\""},{"method":"PATCH","path":"/Users/bulkId:a",` +
			`"data":{"Operations":[{"op":"Add","path":"members","value":[{"$ref":null,"value":"bulkId:b"}]}]}}]}`,
		`{"Operations":[{"method":"PUT","path":"/Users/7","bulkId":"","data":[]}],"failOnErrors":1e2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := scim.ParseBulk(body, scim.Dialect{})
		if err != nil {
			if e, ok := errors.AsType[*scim.Error](err); !ok || strings.TrimSpace(e.Detail) == "" {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		for _, op := range r.Operations {
			if op.Fault != nil {
				continue
			}
			if op.Path == "" || op.Method != "DELETE" && op.Data == nil || op.Method == "POST" && op.BulkID == "" {
				t.Fatalf("an operation lacks something: %+v", op)
			}
			for _, id := range op.References() {
				if strings.Contains(id, "/") {
					t.Fatalf("bulkId %q", id)
				}
			}
			if _, err := json.Marshal(op.Data); err != nil {
				t.Fatal(err)
			}
		}
	})
}
