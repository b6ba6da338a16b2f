package bridge

import (
	"log/slog"
	"testing"

	"scimbridge/scim"
)

// TestBulkOrder holds the graph of a bulk request to what waits for what.
func TestBulkOrder(t *testing.T) {
	request, err := scim.ParseBulk([]byte(`{"Operations":[
		{"method":"POST","bulkId":"g","path":"/Groups","data":{"members":[{"value":"bulkId:a"},{"value":"bulkId:b"}]}},
		{"method":"POST","bulkId":"a","path":"/Users","data":{"manager":"bulkId:b"}},
		{"method":"POST","bulkId":"b","path":"/Users","data":{"manager":"bulkId:a"}},
		{"method":"PATCH","path":"/Users/bulkId:a","data":{}},
		{"method":"PATCH","path":"/users/7","data":{}},
		{"method":"DELETE","path":"/Users/7"},
		{"method":"PUT","path":"/Users/8","data":{"manager":"bulkId:none"}},
		{"method":"POST","bulkId":"s","path":"/Users","data":{"manager":"bulkId:s"}}]}`), scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	ops := newBulk(nil, Call{}, request).ops
	waits := func(op, before int) bool {
		for _, w := range ops[op].waits {
			if w == ops[before] {
				return true
			}
		}
		return false
	}
	for _, c := range []struct{ op, before int }{{0, 1}, {0, 2}, {1, 2}, {3, 1}, {5, 4}} {
		if !waits(c.op, c.before) {
			t.Errorf("operation %d does not wait for %d", c.op, c.before)
		}
	}
	for op, circle := range map[int]string{2: "a", 6: "none", 7: "s"} {
		if got := ops[op].circle; len(got) != 1 || got[0] != circle {
			t.Errorf("operation %d goes in circles to %v, want %s", op, got, circle)
		}
	}
	if waits(2, 1) || len(ops[4].waits) > 0 {
		t.Error("operations wait in a circle, or for nothing")
	}
}

// TestBulkPanic: an operation that panics fails alone, and does not end the process.
func TestBulkPanic(t *testing.T) {
	request, err := scim.ParseBulk([]byte(`{"Operations":[{"method":"DELETE","path":"/Users/1"}]}`), scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	u := newBulk(&Bridge{log: slog.New(slog.DiscardHandler)}, Call{}, request) // without a directory
	u.sideBySide(t.Context())
	if r := u.ops[0].result; r == nil || r.Status != "500" || r.Response.Detail != "internal error" {
		t.Errorf("%+v", r)
	}
}
