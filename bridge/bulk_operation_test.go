package bridge

import (
	"log/slog"
	"testing"

	"scimbridge/scim"
)

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
