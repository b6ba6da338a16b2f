package bridge_test

import (
	"testing"

	"scimbridge/bridge"
)

// TestDroppedIsCounted: an answer says how many attributes of the request the map does not name.
func TestDroppedIsCounted(t *testing.T) {
	h := build(t)
	counted := func(what string, r *bridge.Result, err error, want int) {
		t.Helper()
		if err != nil || r.Dropped != want {
			t.Errorf("%s: %+v, %v; want %d dropped", what, r, err, want)
		}
	}
	made := h.create(t, "User", `{"userName":"u","nickName":"n","locale":"de","title":"t"}`)
	counted("create", made, nil, 2)
	id := made.Resource["id"].(string)
	r, err := h.patch(t, bridge.Call{}, "User", id, `{"op":"add","path":"nickName","value":"m"},{"op":"replace","value":{"title":"x"}}`)
	counted("patch", r, err, 1)
	r, err = h.Replace(t.Context(), bridge.Call{}, "User", id, []byte(`{"userName":"u","locale":"fr"}`), bridge.View{})
	counted("replace", r, err, 1)
	r, err = h.patch(t, bridge.Call{}, "Group", h.create(t, "Group", `{"displayName":"g"}`).Resource["id"].(string),
		`{"op":"add","path":"title","value":"m"}`)
	counted("patch without an answer's body", r, err, 1)
	r, err = h.Get(t.Context(), bridge.Call{}, "User", id, bridge.View{})
	counted("get", r, err, 0)

	bulk, err := h.Bulk(t.Context(), bridge.Call{}, []byte(`{"Operations":[
		{"method":"POST","path":"/Groups","bulkId":"a","data":{"displayName":"a","title":"x","members":[{"value":"bulkId:b"}]}},
		{"method":"POST","path":"/Groups","bulkId":"b","data":{"displayName":"b","members":[{"value":"bulkId:a"}],"owner":"bulkId:a"}},
		{"method":"PATCH","path":"/Users/`+id+`","data":{"Operations":[{"op":"add","path":"locale","value":"de"}]}}]}`))
	if err != nil || bulk.Dropped != 3 {
		t.Errorf("bulk: %+v, %v; want 3 dropped", bulk, err)
	}
	for _, o := range bulk.Operations {
		if o.Response != nil {
			t.Errorf("bulk: %+v: %s", o, o.Response.Detail)
		}
	}
}
