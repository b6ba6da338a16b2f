package front

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/scim"
)

func TestWhatTheBridgeIsAsked(t *testing.T) {
	s := serve(t, Options{})
	all := fmt.Sprint(bridge.Unlimited)
	for _, test := range []struct {
		request, body, asked string
		status               int
	}{
		{"GET /scim/v2/Users/1", "", `get User "1" {[] []}`, 200},
		{"GET /scim/v2/users/1", "", `get User "1" {[] []}`, 200},
		{"GET /SCIM/V2/USERS/aB", "", `get User "aB" {[] []}`, 200},
		{"GET /scim/v2/Users/1/", "", `get User "1" {[] []}`, 200},
		{"GET /scim/v2//Users//1", "", `get User "1" {[] []}`, 200},
		{"GET //scim/v2/Groups/1", "", `get Group "1" {[] []}`, 200},
		{"GET /scim/v2/Users/a%2Fb+c%20d", "", `get User "a/b+c d" {[] []}`, 200},
		{"GET /scim/v2/Users/%zz", "", `get User "%zz" {[] []}`, 200},
		{"GET /scim/v2/Users/urn:x:1", "", `get User "urn:x:1" {[] []}`, 200},
		{"GET /scim/v2/Users/1?attributes=userName,name.givenName", "", `get User "1" {[userName,name.givenName] []}`, 200},
		{"GET /scim/v2/Groups/1?excludedattributes=members&attributes=+", "", `get Group "1" {[] [members]}`, 200},
		{"HEAD /scim/v2/Users/1", "", `get User "1" {[] []}`, 200},
		{"GET /scim/v2/Users", "", `query User "" 1+` + all + ` {[] []}`, 200},
		{"GET /scim/v2/Users?", "", `query User "" 1+` + all + ` {[] []}`, 200},
		{"GET /scim/v2/Users/?filter=userName+eq+%22a%2Bb%40x%22", "", `query User "userName eq \"a+b@x\"" 1+` + all + ` {[] []}`, 200},
		{
			`GET /scim/v2/Users?filter=userName%20eq%20"a%40x"&aadOptscim062020`, "", `query User "userName eq \"a@x\"" 1+` + all +
				` {[] []}`,
			200,
		},
		{"GET /scim/v2/Users?aadOptscim062020&Count=5&startindex=0", "", `query User "" 1+5 {[] []}`, 200},
		{"GET /scim/v2/Users?startIndex=11&count=-3", "", `query User "" 11+0 {[] []}`, 200},
		{"GET /scim/v2/Users?startIndex=&count=", "", `query User "" 1+` + all + ` {[] []}`, 200},
		{"GET /scim/v2/Users?count=9999999999", "", `query User "" 1+2147483646 {[] []}`, 200},
		{"POST /scim/v2/Users", "{}", `create User {} {[] []}`, 201},
		{"POST /scim/v2/Users?attributes=id", "{}", `create User {} {[id] []}`, 201},
		{"PATCH /scim/v2/Users/1", "{}", `patch User "1" {} {[] []}`, 200},
		{"PUT /scim/v2/Users/1?attributes=id", "{}", `replace User "1" {} {[id] []}`, 200},
		{"DELETE /scim/v2/Users/1", "", `delete User "1"`, 204},
		{"POST /scim/v2/Bulk", "{}", `bulk {}`, 200},
		{"GET /scim/v2/Users?sortBy=userName&sortOrder=Descending", "", `query User "" 1+` + all + ` {[] []} by userName true`, 200},
		{"GET /scim/v2/Users?cursor&count=5", "", `query User "" 1+5 {[] []} cursor ""`, 200},
		{"GET /scim/v2/Users?cursor=abc&count=0", "", `query User "" 1+0 {[] []} cursor "abc"`, 200},
		{"GET /scim/v2?filter=a", "", `query  "a" 1+` + all + ` {[] []}`, 200},
		{"POST /scim/v2/.search", `{"filter":"a","Attributes":["id"],"startIndex":null}`, `query  "a" 1+` + all + ` {[id] []}`, 200},
		{
			"POST /scim/v2/Groups/.search",
			`{"sortBy":"b","sortOrder":"descending","cursor":"c","count":3,"startIndex":-1,"excludedAttributes":["d"]}`,
			`query Group "" 1+3 {[] [d]} by b true cursor "c"`, 200,
		},
	} {
		s.asked = nil
		a := s.ask(t, test.request, test.body)
		if a.status != test.status || s.last() != test.asked {
			t.Errorf("%s: %d, asked %s; want %d, %s", test.request, a.status, s.last(), test.status, test.asked)
		}
	}
}

// TestStrictSearch: a SearchRequest names itself (RFC 7644 §3.4.3), which only a strict reader asks for.
func TestStrictSearch(t *testing.T) {
	s := serve(t, Options{})
	const unnamed, named = `{"filter":"a"}`, `{"schemas":["` + scim.SearchURN + `"],"filter":"a"}`
	for _, test := range []struct {
		strict bool
		body   string
		status int
	}{{false, unnamed, 200}, {false, named, 200}, {true, unnamed, 400}, {true, named, 200}} {
		s.strict = test.strict
		if a := s.ask(t, "POST /scim/v2/Users/.search", test.body); a.status != test.status {
			t.Errorf("strict %t, %s: %d, want %d", test.strict, test.body, a.status, test.status)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := serve(t, Options{})
	for _, test := range []struct {
		request, body string
		headers       []string
		status        int
		scimType      string
	}{
		{"GET /scim/v2/Users?startIndex=x", "", nil, 400, "invalidValue"},
		{"GET /scim/v2/Users?count=1.5", "", nil, 400, "invalidValue"},
		{"GET /scim/v2/Users?count=1&count=2", "", nil, 400, "invalidValue"},
		{"GET /scim/v2/Users?filter=", "", nil, 400, "invalidFilter"},
		{"GET /scim/v2/Users?filter=a&Filter=b", "", nil, 400, "invalidFilter"},
		{"GET /scim/v2/Users?filter=userName+eq+%zz", "", nil, 400, "invalidSyntax"},
		{"GET /scim/v2/Users?filter=a;b", "", nil, 400, "invalidSyntax"},
		{"GET /scim/v2/Nothing", "", nil, 404, ""},
		{"GET /scim/v2/Users/1/2", "", nil, 404, ""},
		{"GET /elsewhere", "", nil, 404, ""},
		{"GET /scim/v2/Users?sortBy=userName&sortOrder=up", "", nil, 400, "invalidValue"},
		{"POST /scim/v2/Users/.search", `{"count":"x"}`, nil, 400, "invalidValue"},
		{"POST /scim/v2/Users/.search", `{"filter":" "}`, nil, 400, "invalidFilter"},
		{"POST /scim/v2/.search", `{"sortOrder":"up"}`, nil, 400, "invalidValue"},
		{"POST /scim/v2/.search", `{`, nil, 400, "invalidSyntax"},
		{"GET /scim/v2/Bulk", "", nil, 405, ""},
		{"GET /scim/v2/ResourceTypes/Device", "", nil, 404, ""},
		{"GET /scim/v2/Schemas/urn:x", "", nil, 404, ""},
		{"GET /scim/v2/Schemas?filter=id+eq+1", "", nil, 403, ""},
		{"GET /scim/v2/ResourceTypes?Filter=x", "", nil, 403, ""},
		{"GET /scim/v2/ServiceProviderConfig?filter", "", nil, 403, ""},
		{"DELETE /scim/v2/Users", "", nil, 405, ""},
		{"POST /scim/v2/Users/1", "{}", nil, 405, ""},
		{"POST /scim/v2/Schemas", "{}", nil, 405, ""},
		{"GET /scim/v2/Me", "", nil, 501, ""},
		{"PROPFIND /scim/v2/Users", "", nil, 501, ""},
		{"POST /scim/v2/Users", "<a/>", []string{"Content-Type: text/xml"}, 415, ""},
		{"PATCH /scim/v2/Users/1", "a=b", []string{"Content-Type: application/x-www-form-urlencoded"}, 415, ""},
		{"POST /scim/v2/Users", "{}", []string{"Content-Encoding: gzip"}, 415, ""},
	} {
		s.asked = nil
		a := s.ask(t, test.request, test.body, test.headers...)
		checkError(t, test.request, a, test.status, test.scimType)
		if s.last() != "" {
			t.Errorf("%s: asked the bridge %s", test.request, s.last())
		}
	}
}

// checkError holds an answer to RFC 7644 §3.12.
func checkError(t *testing.T, request string, a answer, status int, scimType string) {
	t.Helper()
	var message struct {
		Schemas                  []string
		Status, ScimType, Detail string
	}
	if err := json.Unmarshal([]byte(a.body), &message); err != nil {
		t.Errorf("%s: %d: %v: %s", request, a.status, err, a.body)
		return
	}
	if a.status != status || message.Status != fmt.Sprint(status) || message.ScimType != scimType || message.Detail == "" ||
		len(message.Schemas) != 1 || message.Schemas[0] != "urn:ietf:params:scim:api:messages:2.0:Error" {
		t.Errorf("%s: %d %s; want %d %s", request, a.status, a.body, status, scimType)
	}
	if got := a.header.Get("Content-Type"); got != "application/scim+json" {
		t.Errorf("%s: Content-Type %q", request, got)
	}
}

func TestMethodNotAllowedNamesTheAllowed(t *testing.T) {
	s := serve(t, Options{})
	allow := s.ask(t, "DELETE /scim/v2/Users", "").header.Get("Allow")
	if !strings.Contains(allow, "GET") || !strings.Contains(allow, "POST") || strings.Contains(allow, "DELETE") {
		t.Errorf("Allow: %s", allow)
	}
}

func TestContentTypes(t *testing.T) {
	s := serve(t, Options{})
	for _, kind := range []string{
		"application/json", "application/scim+json; charset=utf-8", "Application/JSON;charset=UTF-8",
		"application/json; x", "",
	} {
		if a := s.ask(t, "POST /scim/v2/Users", "{}", "Content-Type: "+kind); a.status != 201 {
			t.Errorf("Content-Type %q: %d", kind, a.status)
		}
	}
	for _, header := range []string{"Accept: text/html", "Accept: */*", "Content-Type: text/html"} {
		if a := s.ask(t, "GET /scim/v2/Users", "", header); a.status != 200 {
			t.Errorf("GET with %q: %d", header, a.status)
		}
	}
}

func TestUnauthenticated(t *testing.T) {
	s := serve(t, Options{})
	for _, request := range []string{
		"GET /scim/v2", "GET /scim/v2/Users", "POST /scim/v2/Users", "GET /scim/v2/Nothing", "DELETE /scim/v2/Users",
		"GET /scim/v2/ServiceProviderConfig", "GET /scim/v2//Schemas", "GET /SCIM/v2/Users",
	} {
		for _, header := range []string{"X-None: 1", "Authorization: non-token", "Authorization: Bearer wrong", "Authorization: Basic " +
			secret} {
			a := s.raw(t, request, "", header)
			checkError(t, request, a, 401, "")
			if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
				t.Errorf("%s: WWW-Authenticate %q", request, got)
			}
		}
	}
	if s.last() != "" {
		t.Errorf("asked the bridge %s", s.last())
	}
}

func TestAnswers(t *testing.T) {
	s := serve(t, Options{})
	a := s.ask(t, "POST /scim/v2/Users", "{}")
	if a.status != 201 || a.body != `{"id":"1"}` ||
		a.header.Get("Location") != "http://scim.example/Users/1" || a.header.Get("Content-Location") != a.header.Get("Location") ||
		a.header.Get("ETag") != `W/"7"` ||
		a.header.Get("Content-Type") != "application/scim+json" {
		t.Errorf("create: %+v", a)
	}
	s.result = &bridge.Result{Location: "http://scim.example/Groups/1"}
	if a := s.ask(t, "PATCH /scim/v2/Groups/1", "{}"); a.status != 204 || a.body != "" || a.header.Get("ETag") != "" {
		t.Errorf("patch without a resource: %+v", a)
	}
	if a := s.ask(t, "DELETE /scim/v2/Groups/1", ""); a.status != 204 || a.body != "" {
		t.Errorf("delete: %+v", a)
	}
	want := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0,` +
		`"Resources":[]}`
	if a := s.ask(t, "GET /scim/v2/Users", ""); a.body != want {
		t.Errorf("no match: %s", a.body)
	}
	s.list = &bridge.List{Total: 7, StartIndex: 3, Resources: []scim.Resource{{"id": "3"}, {"id": "4"}}}
	want = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":7,"startIndex":3,"itemsPerPage":2,` +
		`"Resources":[{"id":"3"},{"id":"4"}]}`
	if a := s.ask(t, "GET /scim/v2/Users", ""); a.body != want {
		t.Errorf("page: %s", a.body)
	}
	if a := s.ask(t, "HEAD /scim/v2/Users", ""); a.body != "" || a.header.Get("Content-Length") != fmt.Sprint(len(want)) {
		t.Errorf("HEAD: %+v", a)
	}
}

func TestTheBridgesErrors(t *testing.T) {
	s := serve(t, Options{})
	for _, test := range []struct {
		err      error
		status   int
		scimType string
	}{
		{&scim.Error{Type: scim.InvalidFilter, Detail: "colour is not an attribute"}, 400, "invalidFilter"},
		{&scim.Error{Type: scim.Uniqueness, Detail: "userName is taken"}, 409, "uniqueness"},
		{&directory.Error{Reason: reason.Unavailable}, 503, ""},
		{fmt.Errorf("wrapped: %w", &directory.Error{Reason: reason.Refused}), 403, ""},
		{context.DeadlineExceeded, 503, ""},
		{errors.New("a bug"), 500, ""},
	} {
		s.err = test.err
		for _, request := range []string{
			"GET /scim/v2/Users", "GET /scim/v2/Users/1", "POST /scim/v2/Users", "PATCH /scim/v2/Users/1",
			"DELETE /scim/v2/Users/1",
		} {
			a := s.ask(t, request, "{}")
			checkError(t, request, a, test.status, test.scimType)
			if (a.header.Get("Retry-After") != "") != (test.status == 503) || a.header.Get("Location") != "" || a.header.Get("ETag") != "" {
				t.Errorf("%s: %v: %v", request, test.err, a.header)
			}
			if strings.Contains(a.body, "a bug") {
				t.Errorf("the cause reaches the client: %s", a.body)
			}
		}
	}
}

// TestRetryAfterIsSpread: many are turned away at a time, and told in whole seconds to come back at other times, when it makes sense and
// later; a client that is too fast is told exactly.
func TestRetryAfterIsSpread(t *testing.T) {
	away := func(after time.Duration) error {
		return &directory.Error{Reason: reason.Unavailable, RetryAfter: after}
	}
	for name, test := range map[string]struct {
		err           error
		queue         bool // has no room
		status        int
		least, most   int // s
		tellsAnothers int
	}{
		"an outage that began":      {err: away(time.Second), status: 503, least: 1, most: 4, tellsAnothers: 3},
		"a part of a second":        {err: away(time.Millisecond), status: 503, least: 1, most: 4, tellsAnothers: 3},
		"more than a second":        {err: away(1001 * time.Millisecond), status: 503, least: 2, most: 5, tellsAnothers: 3},
		"a long outage":             {err: away(30 * time.Second), status: 503, least: 30, most: 60, tellsAnothers: 10},
		"a pause of the table's":    {err: refuse(reason.Unknown, ""), status: 503, least: 5, most: 10, tellsAnothers: 4},
		"a long one of the table's": {err: refuse(reason.Held, ""), status: 503, least: 300, most: 330, tellsAnothers: 10},
		"a queue without room":      {queue: true, status: 503, least: 1, most: 4, tellsAnothers: 3},
		"a client that is too fast": {err: refuse(reason.TooFast, ""), status: 429, least: 1, most: 1, tellsAnothers: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, Options{})
			if s.err = test.err; test.queue {
				s.crowd.limit(bridge.Limits{Requests: 1, Working: 1})
				if err := s.crowd.enter("token", time.Now(), &incoming{}); err != nil {
					t.Fatal(err)
				}
			}
			told := map[int]bool{}
			for range 200 {
				a := s.ask(t, "GET /scim/v2/Users", "")
				after, err := strconv.Atoi(a.header.Get("Retry-After"))
				if a.status != test.status || err != nil || after < test.least || after > test.most {
					t.Fatalf("%d, Retry-After %q, want %d to %d", a.status, a.header.Get("Retry-After"), test.least, test.most)
				}
				told[after] = true
			}
			if len(told) < test.tellsAnothers {
				t.Errorf("all are told one of %v", told)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	s := serve(t, Options{MaxBody: 1000})
	checkError(t, "large body", s.ask(t, "POST /scim/v2/Users", strings.Repeat(" ", 1001)), 413, "")
	checkError(t, "large header", s.ask(t, "GET /scim/v2/Users", "", "X-Large: "+strings.Repeat("x", DefaultMaxHeader)), 431, "")
	if a := s.ask(t, "POST /scim/v2/Users", strings.Repeat(" ", 1000), "X-Large: "+strings.Repeat("x", 8<<10)); a.status != 201 {
		t.Errorf("at the limits: %d", a.status)
	}
	checkError(t, "no HTTP", s.ask(t, "GET /scim/v2/Users", "", "Content-Length: x"), 400, "")
}

func TestAPanicEndsItsRequestOnly(t *testing.T) {
	s := serve(t, Options{})
	s.during = func(context.Context) { panic("the map is nil") }
	checkError(t, "panic", s.ask(t, "GET /scim/v2/Users", ""), 500, "")
	if log := s.log.String(); !strings.Contains(log, "the map is nil") || !strings.Contains(log, "front_test.go") {
		t.Errorf("the log does not tell of the panic: %s", log)
	}
	s.during = nil
	if a := s.ask(t, "GET /scim/v2/Users", ""); a.status != 200 {
		t.Errorf("after the panic: %d", a.status)
	}
}

// TestLargeBodiesTakeTurns: what is worked on of one caller's large bodies has a limit, so has what waits for it, and neither a small one
// nor another caller's waits for them.
func TestLargeBodiesTakeTurns(t *testing.T) {
	const other = "other-0123456789abcdef"
	tokens := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokens, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serveWith(t, Options{MaxBody: 10 * light}, access.Options{Token: secret, TokenFile: tokens})
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	s.during = func(context.Context) { // the first waits here, the others go on
		select {
		case entered <- struct{}{}:
			<-leave
		default:
		}
	}
	large := `"` + strings.Repeat("x", 8*light) + `"`
	const taken = (1 + waiting) * 10 / 8 // one is worked on, the others wait
	answers := make(chan answer)
	for range taken + 1 {
		go func() { answers <- s.ask(t, "POST /scim/v2/Users", large) }()
	}
	const detail = "other large requests are under way"
	if a := <-answers; a.status != 503 || a.header.Get("Retry-After") == "" || !strings.Contains(a.body, detail) {
		t.Errorf("one too many: %d %s", a.status, a.body)
	}
	if a := s.ask(t, "POST /scim/v2/Users", `{}`); a.status != 201 {
		t.Errorf("a small one beside them: %d %s", a.status, a.body)
	}
	if a := s.raw(t, "POST /scim/v2/Users", large, "Authorization: Bearer "+other); a.status != 201 {
		t.Errorf("another caller's: %d %s", a.status, a.body)
	}
	close(leave)
	for range taken {
		if a := <-answers; a.status != 201 {
			t.Errorf("one that waited: %d %s", a.status, a.body)
		}
	}
	if a := s.ask(t, "POST /scim/v2/Users", large); a.status != 201 {
		t.Errorf("one after them: %d %s", a.status, a.body)
	}
}

// TestATurnThatDoesNotCome: of a body that waited in vain the answer says why, and it takes nothing from those that come later.
func TestATurnThatDoesNotCome(t *testing.T) {
	heavy := newTurns(10 * light)
	first, err := heavy.take(t.Context(), "a", 8*light)
	if err != nil {
		t.Fatal(err)
	}
	second, err := heavy.take(t.Context(), "b", 8*light)
	if err != nil {
		t.Fatal(err)
	}
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	left, leave := context.WithCancelCause(t.Context())
	leave(errLeft)
	for range 2 * waiting {
		for _, caller := range []string{"a", "c"} { // whose own share is taken, and to whom the others leave none
			if _, err := heavy.take(late, caller, 8*light); explain(err).Reason != reason.Busy {
				t.Errorf("%s, until the deadline: %v", caller, err)
			}
			if _, err := heavy.take(left, caller, 8*light); !errors.Is(err, errLeft) {
				t.Errorf("%s, whose client left: %v", caller, err)
			}
		}
	}
	first()
	second()
	for range 3 {
		done, err := heavy.take(t.Context(), "c", 8*light)
		if err != nil {
			t.Fatal(err)
		}
		done()
	}
}

func TestEveryRequestHasADeadline(t *testing.T) {
	s := serve(t, Options{RequestTimeout: time.Minute})
	s.during = func(ctx context.Context) {
		if end, ok := ctx.Deadline(); !ok || time.Until(end) > time.Minute {
			t.Errorf("deadline: %v %v", end, ok)
		}
	}
	s.ask(t, "GET /scim/v2/Users/1", "")
}

func TestShutdownAnswersWhatIsUnderWay(t *testing.T) {
	s := serve(t, Options{})
	entered, release := make(chan struct{}), make(chan struct{})
	s.during = func(context.Context) { s.waiting.Store(true); close(entered); <-release }
	answered := make(chan answer, 1)
	go func() { answered <- s.ask(t, "GET /scim/v2/Users/1", "") }()
	<-entered
	s.stop()
	for { // until the port is closed
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			break
		}
		conn.Close()
	}
	s.waiting.Store(false)
	close(release)
	if a := <-answered; a.status != 200 {
		t.Errorf("the request under way: %d", a.status)
	}
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	s.ended <- nil
}

func TestHealth(t *testing.T) {
	s := serve(t, Options{})
	for _, request := range []string{"GET /healthz", "GET /readyz", "HEAD /readyz"} {
		if a := s.raw(t, request, ""); a.status != 200 {
			t.Errorf("%s: %d", request, a.status)
		}
	}
	for why, want := range map[reason.Reason]string{
		reason.Unavailable: "unavailable: the directory is unavailable\n",
		reason.MapMismatch: "map-mismatch: the attribute map names what the directory's schema lacks; the log says what\n",
		reason.Hidden:      "hidden: the directory does not show the bridge what the configuration names; the log says what\n",
		reason.StoreFull:   "store-full: no space is left for the bridge's own store\n",
		reason.Unwritable:  "unwritable: the directory takes no changes at the moment\n",
	} {
		s.down = &reason.Error{Reason: why, Detail: "secret", Cause: errors.New("uid=secret")}
		if a := s.raw(t, "GET /readyz", ""); a.status != 503 || a.body != want {
			t.Errorf("%s: %d %q", why, a.status, a.body)
		}
	}
	if a := s.raw(t, "GET /healthz", ""); a.status != 200 {
		t.Errorf("healthz without a directory: %d", a.status)
	}
}

func TestBasePaths(t *testing.T) {
	for path, request := range map[string]string{
		"/":          "GET /Users/1",
		"scim/":      "GET /scim/Users/1",
		"/a/b.c/d-e": "GET /a/b.c/d-e/Users/1",
	} {
		s := serve(t, Options{BasePath: path})
		if a := s.ask(t, request, ""); a.status != 200 {
			t.Errorf("base path %s: %s: %d", path, request, a.status)
		}
		checkError(t, request, s.raw(t, request, ""), 401, "")
		if a := s.raw(t, "GET /healthz", ""); a.status != 200 {
			t.Errorf("base path %s: healthz: %d", path, a.status)
		}
	}
}

// FuzzQuery: whatever the query string, a filter that was sent is read or refused, never lost.
func FuzzQuery(f *testing.F) {
	f.Add("filter=userName+eq+%22a%22&aadOptscim062020")
	f.Add("startindex=0&count=-1")
	f.Add("Filter=%")
	f.Add("filter")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readParameters(text)
		if err != nil {
			return
		}
		q, err := p.query()
		if err != nil {
			return
		}
		if q.StartIndex < 1 || q.Count < 0 || q.Count > bridge.Unlimited {
			t.Errorf("%q: page %d+%d", text, q.StartIndex, q.Count)
		}
		for item := range strings.SplitSeq(text, "&") {
			if name, _, _ := strings.Cut(item, "="); strings.EqualFold(name, "filter") && q.Filter == "" {
				t.Errorf("%q: the filter is lost", text)
			}
		}
	})
}
