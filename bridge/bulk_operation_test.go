package bridge

import (
	"context"
	"log/slog"
	"testing"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/compile"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// bulkOfOne is a bulk request of a DELETE to a bridge without a directory: to begin it is to panic.
func bulkOfOne(t *testing.T) *bulk {
	request, err := scim.ParseBulk([]byte(`{"Operations":[{"method":"DELETE","path":"/Users/1"}]}`), scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	users := &compile.Type{Name: "User", Resource: &schema.ResourceType{Name: "User", Endpoint: "/Users"}}
	b := &Bridge{log: slog.New(slog.DiscardHandler), compiled: &compile.Map{Types: []*compile.Type{users}}}
	none := func(scim.BulkOperation) scim.Claims { return scim.Claims{} }
	return newBulk(b, Call{}, request.Steps(none))
}

// TestBulkPanic: an operation that panics fails alone, and does not end the process.
func TestBulkPanic(t *testing.T) {
	u := bulkOfOne(t)
	u.sideBySide(t.Context())
	if r := u.ops[0].result; r == nil || r.Status != "500" || r.Response.Detail != "internal error" {
		t.Errorf("%+v", r)
	}
}

// TestBulkBeginsNothingForNobody: what has not begun when the client leaves, or its time is over, is not begun, and that is what is said.
func TestBulkBeginsNothingForNobody(t *testing.T) {
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		for how, do := range map[string]func(*bulk, context.Context){
			"side by side": (*bulk).sideBySide,
			"in order":     func(u *bulk, ctx context.Context) { u.inOrder(ctx, 1) },
		} {
			ctx, leave := context.WithCancelCause(t.Context())
			leave(cause)
			u := bulkOfOne(t)
			do(u, ctx)
			if r := u.ops[0].result; r == nil || r.Status != "503" || r.Response.Detail != reason.Deadline.Row().Detail {
				t.Errorf("%v, %s: %+v", cause, how, r)
			}
		}
	}
}
