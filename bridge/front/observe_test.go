package front

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
)

// logged returns the fields of the last log line.
func (s *served) logged(t *testing.T) map[string]any {
	t.Helper()
	all := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	var fields map[string]any
	if err := json.Unmarshal([]byte(all[len(all)-1]), &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, "time")
	return fields
}

// TestRefusalsAreTold: the journal is told of each write that the bridge was not asked for, of each caller that nobody knows, and of what a
// role does not allow; of nothing else that is refused.
func TestRefusalsAreTold(t *testing.T) {
	s := serve(t, Options{})
	for _, c := range []struct {
		request, body string
		headers       []string
		want          string
	}{
		{"GET /scim/v2/Users", "", []string{"Authorization: Bearer wrong"}, `read  ""  unauthenticated by ""`},
		{"DELETE /scim/v2/Users/7", "", []string{"Authorization: Bearer wrong"}, `delete  ""  unauthenticated by ""`},
		{"POST /scim/v2/Users", "<a/>", []string{"Content-Type: text/xml"}, `create User "" <a/> media-type by "token"`},
		{"PUT /scim/v2/Users/7", "<a/>", []string{"Content-Type: text/xml"}, `replace User "7" <a/> media-type by "token"`},
		{"PATCH /scim/v2/Users", "{}", nil, `patch  "" {} method-not-allowed by "token"`},
		{"GET /scim/v2/Nobodies", "", nil, ""},
	} {
		s.double.refused = nil
		if len(c.headers) == 0 || !strings.HasPrefix(c.headers[0], "Authorization") {
			c.headers = append(c.headers, "Authorization: Bearer "+secret)
		}
		s.raw(t, c.request, c.body, c.headers...)
		if got := strings.Join(s.double.refused, "\n"); got != c.want {
			t.Errorf("%s: told of %q, want %q", c.request, got, c.want)
		}
	}
}

func TestOneLineARequest(t *testing.T) {
	s := serve(t, Options{})
	clock := time.Now()
	s.now = func() time.Time { clock = clock.Add(time.Second); return clock }
	s.result.DN = "uid=mara,dc=example"
	const entra = "ADSCIMVersion: Date:2026-01-02, ActivityId:6b3f1ab0-0f3c-4f9b-9d8e-2b7a5d1c0e42"

	a := s.ask(t, "PATCH /scim/v2/Users/user-id?attributes=secretName", `{"secret":"body"}`, entra, "X-Request-Id: req-7")
	if got := a.header.Get("X-Request-Id"); got != "req-7" {
		t.Errorf("X-Request-Id: %q", got)
	}
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "PATCH", "route": "/scim/v2/Users/:id", "status": 200., "duration_ms": 1000.,
		"operation": "patch", "type": "User",
		"request": "req-7", "activity": "6b3f1ab0-0f3c-4f9b-9d8e-2b7a5d1c0e42", "caller": "token", "bytes_in": 17., "bytes_out": 10.,
		"client": "127.0.0.1", "id": "user-id", "dn": "uid=mara,dc=example",
	}
	if diff := cmp.Diff(want, s.logged(t)); diff != "" {
		t.Error(diff)
	}

	s.ask(t, "GET /scim/v2/Users?filter=secretName+eq+%zz", "")
	want = map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "route": "/scim/v2/Users", "status": 400., "duration_ms": 1000.,
		"operation": "query", "type": "User",
		"request": "made-id", "caller": "token", "bytes_in": 0., "client": "127.0.0.1",
		"reason": "invalidSyntax", "scim_type": "invalidSyntax",
	}
	got := s.logged(t)
	delete(got, "bytes_out")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	s.err = &reason.Error{Reason: reason.Unavailable, Detail: "down"}
	s.ask(t, "GET /scim/v2/Users/secret-id", "")
	if got := s.logged(t); got["level"] != "WARN" || got["reason"] != "unavailable" || got["error"] != "down" {
		t.Errorf("an outage: %v", got)
	}
	s.away.Store(true)
	s.ask(t, "GET /scim/v2/Users/secret-id", "")
	if got := s.logged(t); got["level"] != "WARN" || got["reason"] != "breaker-open" || got["error"] != "down" {
		t.Errorf("one that was known when the request came: %v", got)
	}
	s.err = &reason.Error{Reason: reason.NotFound}
	s.ask(t, "GET /scim/v2/Users/secret-id", "")
	if got := s.logged(t); got["reason"] != "not-found" {
		t.Errorf("what was answered all the same: %v", got)
	}
	s.raw(t, "GET /scim/v2/secret-path", "")
	s.raw(t, "PROPFIND /scim/v2/secret-path", "")
	s.raw(t, "GET /healthz", "")
	if got := s.logged(t); got["level"] != "DEBUG" {
		t.Errorf("a health probe: %v", got)
	}
	if log := s.log.String(); strings.Contains(log, "secret") || strings.Contains(log, secret) {
		t.Errorf("the log tells too much: %s", log)
	}
	if n := strings.Count(s.log.String(), "\n"); n != 8 {
		t.Errorf("%d lines for 8 requests", n)
	}
}

// TestTheLineOfWhoIsNotLetIn: it has the address that he comes from, and nothing of what he showed.
func TestTheLineOfWhoIsNotLetIn(t *testing.T) {
	s := serve(t, Options{TrustProxy: []string{"127.0.0.1"}})
	for _, header := range []string{"Authorization: Bearer strangers-token", "X-None: 1"} {
		s.raw(t, "DELETE /scim/v2/Users/somebody", "", header, "X-Forwarded-For: 192.0.2.7")
		got := s.logged(t)
		for name, value := range map[string]any{
			"client": "192.0.2.7", "status": 401., "reason": "unauthenticated", "operation": "delete", "caller": nil,
		} {
			if got[name] != value {
				t.Errorf("%s: %s is %v, want %v", header, name, got[name], value)
			}
		}
	}
	if strings.Contains(s.log.String(), "strangers-token") {
		t.Error("what he showed stands in the log")
	}
}

// TestTheClientsAddress: behind a proxy it is the one that the proxy saw, whatever the client says of itself.
func TestTheClientsAddress(t *testing.T) {
	for _, test := range []struct {
		trust  string
		header string
		want   string
	}{
		{"", "192.0.2.7", "127.0.0.1"},
		{"10.0.0.0/8", "192.0.2.7", "127.0.0.1"},
		{"127.0.0.1 10.0.0.0/8", "192.0.2.7, 10.0.0.5", "192.0.2.7"},
		{"127.0.0.1 10.0.0.0/8", "198.51.100.1, 192.0.2.7, 10.0.0.5, 10.1.0.5:443", "192.0.2.7"},
		{"127.0.0.1 10.0.0.0/8", "10.0.0.5", "10.0.0.5"},
		{"127.0.0.1 10.0.0.0/8", "", "127.0.0.1"},
		{"127.0.0.0/8", "192.0.2.7", "192.0.2.7"},
		{"127.0.0.0/8", "198.51.100.1, 2001:db8::7", "2001:db8::7"},
		{"127.0.0.0/8", "192.0.2.7, unknown", "127.0.0.1"},
		{"127.0.0.0/8", "198.51.100.1\r\nX-Forwarded-For: 192.0.2.7", "192.0.2.7"},
		{"127.0.0.0/8", "192.0.2.7:50123", "192.0.2.7"},
		{"127.0.0.0/8", "[2001:db8::7]:50123", "2001:db8::7"},
		{"127.0.0.0/8", "[2001:db8::7]", "2001:db8::7"},
	} {
		s := serve(t, Options{TrustProxy: strings.Fields(test.trust)})
		s.ask(t, "GET /scim/v2/Users/1", "", "X-Forwarded-For: "+test.header)
		if got := s.logged(t)["client"]; got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// TestBytesOut: what is counted is what is sent.
func TestBytesOut(t *testing.T) {
	s := serve(t, Options{})
	for request, want := range map[string]float64{
		"GET /scim/v2/Users/1": 10, "HEAD /scim/v2/Users/1": 0, "DELETE /scim/v2/Users/1": 0, "GET /healthz": 3,
	} {
		a := s.ask(t, request, "")
		if got := s.logged(t)["bytes_out"]; got != want || len(a.body) != int(want) {
			t.Errorf("%s: bytes_out %v, sent %d", request, got, len(a.body))
		}
	}
	s.result = &bridge.Result{Version: `W/"7"`}
	s.ask(t, "PATCH /scim/v2/Users/1", "{}")
	if got := s.logged(t)["bytes_out"]; got != 0. {
		t.Errorf("204: bytes_out %v", got)
	}
}

// TestDroppedInTheLine: the line of a request says how many of its attributes the map does not name, where there are any.
func TestDroppedInTheLine(t *testing.T) {
	s := serve(t, Options{})
	s.lost = 5
	for _, test := range []struct {
		request string
		dropped int
		want    any
	}{
		{"POST /scim/v2/Users", 2, 2.},
		{"PUT /scim/v2/Users/1", 3, 3.},
		{"PATCH /scim/v2/Users/1", 1, 1.},
		{"PATCH /scim/v2/Users/1", 0, nil},
		{"POST /scim/v2/Bulk", 0, 5.},
		{"DELETE /scim/v2/Users/1", 4, nil},
	} {
		s.result.Dropped = test.dropped
		s.ask(t, test.request, "{}")
		if got := s.logged(t)["dropped"]; got != test.want {
			t.Errorf("%s: dropped %v, want %v", test.request, got, test.want)
		}
		if got := s.logged(t)["failed"]; (got == 5.) != strings.HasSuffix(test.request, "/Bulk") {
			t.Errorf("%s: failed %v", test.request, got)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	s := serve(t, Options{})
	for sent, want := range map[string]string{
		"abc":                    "abc",
		strings.Repeat("x", 128): strings.Repeat("x", 128),
		strings.Repeat("x", 129): "made-id",
		"a b":                    "made-id",
		"a,b":                    "made-id",
		`"a"`:                    "made-id",
		"a\r\nX-Request-Id: a":   "made-id",
		"ü":                      "made-id",
		"":                       "made-id",
	} {
		a := s.raw(t, "GET /scim/v2/Users", "", "X-Request-Id: "+sent)
		if got := a.header.Get("X-Request-Id"); got != want {
			t.Errorf("X-Request-Id %q: answered %q, want %q", sent, got, want)
		}
	}
	if a := s.ask(t, "POST /scim/v2/Users", strings.Repeat(" ", DefaultMaxBody+1),
		"X-Request-Id: big"); a.header.Get("X-Request-Id") != "big" {
		t.Errorf("a refused body loses the request id: %v", a.header)
	}
}

func TestActivityID(t *testing.T) {
	for header, want := range map[string]string{
		"Date:2026-01-02, ActivityId:abc-1":            "abc-1",
		"Date:2026-01-02T10:00:00Z,activityid: abc-1 ": "abc-1",
		"ActivityId:a b":  "",
		"Date:2026-01-02": "",
		"":                "",
	} {
		if got := activityID(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

// Ids of requests come one behind the other, as an index takes them at the least cost.
func TestNewIDs(t *testing.T) {
	for n, last := 0, ""; n < 100; n++ {
		id := newID()
		if id <= last || len(id) != 36 {
			t.Fatalf("%q behind %q", id, last)
		}
		last = id
	}
}

// TestDryRunOfWhatIsTooFast: what a dry run refuses before it is foreseen is told to the journal as a dry run's too.
func TestDryRunOfWhatIsTooFast(t *testing.T) {
	s := serve(t, Options{})
	s.DryRun()
	s.crowd.limit(bridge.Limits{Rate: 1})
	for range 2 * burst {
		s.raw(t, "DELETE /scim/v2/Users/1", "", "Authorization: Bearer "+secret)
	}
	if len(s.double.refused) == 0 || !strings.HasSuffix(s.double.refused[0], ", dry run: true") {
		t.Errorf("%q", s.double.refused)
	}
}
