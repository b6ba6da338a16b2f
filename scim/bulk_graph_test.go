package scim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim"
)

// steps reads the operations of a bulk request.
func steps(t *testing.T, operations string) []scim.BulkStep {
	t.Helper()
	request, err := scim.ParseBulk([]byte(`{"Operations":[`+operations+`]}`), scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	return request.Steps(func(scim.BulkOperation) scim.Claims { return scim.Claims{} })
}

// What waits for what: a POST for those that it refers to, the operations on one resource for one another, and none in a circle.
func TestBulkSteps(t *testing.T) {
	got := steps(t, `
		{"method":"POST","bulkId":"g","path":"/Groups","data":{"members":[{"value":"bulkId:a"},{"value":"bulkId:b"}]}},
		{"method":"POST","bulkId":"a","path":"/Users","data":{"manager":"bulkId:b"}},
		{"method":"POST","bulkId":"b","path":"/Users","data":{"manager":"bulkId:a"}},
		{"method":"PATCH","path":"/Users/bulkId:a","data":{}},
		{"method":"PATCH","path":"/users/7","data":{}},
		{"method":"DELETE","path":"/Users/7/"},
		{"method":"PUT","path":"/Users/8","data":{"manager":"bulkId:none"}},
		{"method":"POST","bulkId":"s","path":"/Users","data":{"manager":"bulkId:s"}},
		{"method":"PATCH","path":"Users/7","bulkId":"a","data":{"x":["bulkId:g","bulkId:g"]}}`)
	for i, want := range [][]int{{1, 2}, {2}, nil, {1}, nil, {4}, nil, nil, {5, 0}} {
		if diff := cmp.Diff(want, got[i].Waits); diff != "" {
			t.Errorf("operation %d waits for (-want +got):\n%s", i, diff)
		}
	}
	for i, want := range []string{"a", "b", "", "a", "", "", "none", "", "g"} { // b and s leave their references out
		if got := got[i].Missing(nil); got != want {
			t.Errorf("operation %d misses %q, want %q", i, got, want)
		}
	}
}

// A longer circle is left at one place, wherever in the request it begins.
func TestBulkLongCircle(t *testing.T) {
	got := steps(t, `
		{"method":"POST","bulkId":"a","path":"/Groups","data":{"members":["bulkId:b","bulkId:d"]}},
		{"method":"POST","bulkId":"b","path":"/Groups","data":{"members":["bulkId:c"]}},
		{"method":"POST","bulkId":"c","path":"/Groups","data":{"members":["bulkId:d"],"owners":["bulkId:a","bulkId:e"]}},
		{"method":"POST","bulkId":"d","path":"/Groups","data":{"members":["bulkId:e"]}},
		{"method":"POST","bulkId":"e","path":"/Groups","data":{}}`)
	for i, want := range [][]int{{1, 3}, {2}, {3, 4}, {4}, nil} {
		if diff := cmp.Diff(want, got[i].Waits); diff != "" {
			t.Errorf("operation %d waits for (-want +got):\n%s", i, diff)
		}
	}
	if got[2].Missing(map[string]string{"d": "4", "e": "5"}) != "" {
		t.Error("c waits for a, which waits for it")
	}
}
