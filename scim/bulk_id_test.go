package scim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim/schema"
)

// Ids stand in place of bulkIds: as a whole text or a segment of a path, and nowhere else.
func TestBulkResolved(t *testing.T) {
	op := steps(t, `{"method":"PUT","path":"/Users/bulkId:a","data":{
		"manager":{"value":"bulkId:b","$ref":"../Users/bulkId:b"},"members":["bulkId:a",{"value":"bulkId:c"},7,true,null],
		"title":"the bulkId:a, and bulkId","bulkId:a":"BULKID:a"}}`)[0]
	path, data := op.Resolved(map[string]string{"a": "1", "b": "2", "c": ""})
	if path != "/Users/1" {
		t.Errorf("path %q", path)
	}
	compareJSON(t, `{"manager":{"value":"2","$ref":"../Users/2"},"members":["1",{"value":"bulkId:c"},7,true,null],
		"title":"the bulkId:a, and bulkId","bulkId:a":"BULKID:a"}`, data)
	if _, again := op.Resolved(nil); cmp.Diff(op.Data, again) != "" {
		t.Errorf("the operation changed: %v", again)
	}
	if op.Missing(map[string]string{"a": "1", "b": "2"}) != "c" || op.Missing(map[string]string{"a": "1", "b": "2", "c": "3"}) != "" {
		t.Error("what has no id is missing, and nothing else")
	}
}

// Of a circle (RFC 7644 §3.7.1) one POST goes without the attributes that refer, of an extension's object without those alone, and a PATCH
// adds them.
func TestBulkClosing(t *testing.T) {
	got := steps(t, `
		{"method":"POST","bulkId":"a","path":"/Users","data":{"manager":"bulkId:b"}},
		{"method":"POST","bulkId":"b","path":"/Users","data":{"userName":"b","friends":[{"value":"bulkId:c"},{"value":"bulkId:a"}],
		"peer":"bulkId:c",
			"`+schema.EnterpriseURN+`":{"department":"Ops","manager":{"value":"bulkId:a"}}}},
		{"method":"POST","bulkId":"c","path":"/Users","data":{"userName":"c"}}`)
	ids := map[string]string{"c": "3"}
	_, data := got[1].Resolved(ids)
	compareJSON(t, `{"userName":"b","peer":"3","`+schema.EnterpriseURN+`":{"department":"Ops"}}`, data)

	if patch, missing := got[1].Closing(ids); patch != nil || missing != "a" {
		t.Errorf("before a is there: %v, %q is missing", patch, missing)
	}
	ids["a"] = "1"
	patch, missing := got[1].Closing(ids)
	if missing != "" {
		t.Errorf("%q is missing", missing)
	}
	compareJSON(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","value":
		{"friends":[{"value":"3"},{"value":"1"}],"`+schema.EnterpriseURN+`":{"manager":{"value":"1"}}}}]}`, patch)

	for _, i := range []int{0, 2} {
		if patch, missing := got[i].Closing(nil); patch != nil || missing != "" {
			t.Errorf("operation %d left nothing out: %v, %q", i, patch, missing)
		}
		if _, data := got[i].Resolved(nil); cmp.Diff(got[i].Data, data) != "" {
			t.Errorf("operation %d: %v", i, data)
		}
	}
}
