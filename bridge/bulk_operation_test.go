package bridge

import (
	"log/slog"
	"testing"

	"scimbridge/ldapmap/compile"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// TestBulkPanic: an operation that panics fails alone, and does not end the process.
func TestBulkPanic(t *testing.T) {
	request, err := scim.ParseBulk([]byte(`{"Operations":[{"method":"DELETE","path":"/Users/1"}]}`), scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	users := &compile.Type{Name: "User", Resource: &schema.ResourceType{Name: "User", Endpoint: "/Users"}}
	b := &Bridge{log: slog.New(slog.DiscardHandler), compiled: &compile.Map{Types: []*compile.Type{users}}} // without a directory
	none := func(scim.BulkOperation) scim.Claims { return scim.Claims{} }
	u := newBulk(b, Call{}, request.Steps(none))
	u.sideBySide(t.Context())
	if r := u.ops[0].result; r == nil || r.Status != "500" || r.Response.Detail != "internal error" {
		t.Errorf("%+v", r)
	}
}
