package examples_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/front"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// foretell holds each request of an exchange to what is foreseen before it: the changes that are then really sent for it, and the answer.
// Nothing is written to foresee it.
func (x *exchange) foretell(t *testing.T, server *dirtest.Server) {
	x.foretells = func(method, target, body string, header []string) func([]ldif.Receipt, string) {
		before := len(server.Mem.Operations())
		plans, answer := x.foretold(t, method, target, body, header)
		if after := len(server.Mem.Operations()); after != before {
			t.Errorf("%s %s: %d operations were done to foresee it", method, target, after-before)
		}
		return func(receipts []ldif.Receipt, got string) {
			switch {
			case strings.HasPrefix(got, "401\n"): // it is nobody's request: explain asks for no token
				return
			case slices.ContainsFunc(receipts, isServersOwn):
				return
			}
			if diff := cmp.Diff(x.sent(receipts), plans); diff != "" {
				t.Errorf("%s %s: plans (-sent +foretold):\n%s", method, target, diff)
			}
			if diff := cmp.Diff(sortMembers(x.neutral(got)), answer); diff != "" {
				t.Errorf("%s %s: answer (-given +foretold):\n%s", method, target, diff)
			}
		}
	}
}

// isServersOwn says that the directory refused a plan by a rule that it alone has: the syntax of a telephone number.
func isServersOwn(r ldif.Receipt) bool {
	e, _ := errors.AsType[*directory.Error](r.Err)
	return e != nil && e.Reason == reason.Invalid
}

// foretold are the changes that a request would send, and its answer.
func (x *exchange) foretold(t *testing.T, method, target, body string, header []string) (plans, answer string) {
	t.Helper()
	m := front.Message{Method: method, Target: target, Body: []byte(body)}
	m.Header = append(m.Header, front.Field{Name: "Host", Value: strings.TrimPrefix(strings.TrimSuffix(x.d.url, "/scim/v2"), "http://")})
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		m.Header = append(m.Header, front.Field{Name: name, Value: value})
	}
	var f bridge.Foresight
	got, err := x.d.front.Foresee(t.Context(), &f, access.Caller{Name: "explain"}, m)
	if err != nil {
		t.Fatal(err)
	}
	y := *x
	y.names = maps.Clone(x.names)
	y.learn(string(got.Body))
	var receipts []ldif.Receipt
	for _, part := range f.Parts() {
		for _, p := range part.Plans {
			if p.Receipt != nil {
				receipts = append(receipts, *p.Receipt)
			}
		}
	}
	shown := http.Header{}
	for _, f := range got.Header {
		shown.Set(f.Name, f.Value)
	}
	return y.sent(receipts), sortMembers(y.neutral(written(got.Status, shown, string(got.Body))))
}

// sent is what was sent of plans, in an order that does not depend on who was first of those that run side by side.
func (x *exchange) sent(receipts []ldif.Receipt) string {
	var all []string
	for _, r := range receipts {
		var b strings.Builder
		for _, s := range r.Steps {
			fmt.Fprintf(&b, "# %s\n%s\n", s.State, s.Sent)
		}
		all = append(all, sortMembers(x.neutral(b.String())))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
