package front

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/logtest"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

const secret = "alpha-0123456789abcdef"

// double is a bridge that records what it is asked and answers as told.
type double struct {
	mu      sync.Mutex
	refused []string
	asked   []string
	result  *bridge.Result
	list    *bridge.List
	err     error
	down    error
	away    atomic.Bool
	strict  bool
	lost    int                       // attributes that a bulk request loses
	during  func(ctx context.Context) // runs inside each operation
}

func (d *double) ask(ctx context.Context, format string, args ...any) error {
	d.mu.Lock()
	d.asked = append(d.asked, fmt.Sprintf(format, args...))
	d.mu.Unlock()
	if d.during != nil {
		d.during(ctx)
	}
	return d.err
}

func (d *double) Types(context.Context) []*schema.ResourceType {
	user := &schema.Schema{ID: schema.UserURN, Name: "User", Attributes: []*schema.Attribute{{Name: "userName", Type: schema.String}}}
	enterprise := &schema.Schema{ID: schema.EnterpriseURN, Name: "EnterpriseUser", Attributes: []*schema.Attribute{{
		Name: "department",
		Type: schema.String,
	}}}
	group := &schema.Schema{ID: schema.GroupURN, Name: "Group", Attributes: []*schema.Attribute{{Name: "displayName", Type: schema.String}}}
	return []*schema.ResourceType{
		{Name: "User", Endpoint: "/Users", Description: "An account", Core: user, Extensions: []schema.Extension{{Schema: enterprise}}},
		{Name: "Group", Endpoint: "/Groups", Core: group},
	}
}

func (d *double) Create(ctx context.Context, c bridge.Call, typ string, body []byte, v bridge.View) (*bridge.Result, error) {
	return d.result, d.ask(ctx, "create %s %s %v", typ, body, v)
}

func (d *double) Get(ctx context.Context, c bridge.Call, typ, id string, v bridge.View) (*bridge.Result, error) {
	return d.result, d.ask(ctx, "get %s %q %v", typ, id, v)
}

func (d *double) Query(ctx context.Context, c bridge.Call, typ string, q bridge.Query) (*bridge.List, error) {
	return d.list, d.ask(ctx, "query %s %q %d+%d %v%s", typ, q.Filter, q.StartIndex, q.Count, q.View, beyond(q))
}

// beyond says how a query is sorted and paged by cursor, where it is.
func beyond(q bridge.Query) string {
	text := ""
	if q.SortBy != "" {
		text += fmt.Sprintf(" by %s %t", q.SortBy, q.Descending)
	}
	if q.Cursor != nil {
		text += fmt.Sprintf(" cursor %q", *q.Cursor)
	}
	return text
}

func (d *double) Patch(ctx context.Context, c bridge.Call, typ, id string, body []byte, v bridge.View) (*bridge.Result, error) {
	return d.result, d.ask(ctx, "patch %s %q %s %v", typ, id, body, v)
}

func (d *double) Replace(ctx context.Context, c bridge.Call, typ, id string, body []byte, v bridge.View) (*bridge.Result, error) {
	return d.result, d.ask(ctx, "replace %s %q %s %v", typ, id, body, v)
}

func (d *double) Bulk(ctx context.Context, c bridge.Call, body []byte) (*bridge.BulkResult, error) {
	return &bridge.BulkResult{Dropped: d.lost, Failed: d.lost}, d.ask(ctx, "bulk %s", body)
}

func (d *double) Dialect() scim.Dialect { return scim.Dialect{Strict: d.strict} }

func (d *double) Limits() bridge.Limits {
	return bridge.Limits{BulkOperations: 10, BulkPayload: 1000, Page: bridge.DefaultMaxPage}
}

func (d *double) Delete(ctx context.Context, c bridge.Call, typ, id string) (*bridge.Result, error) {
	return d.result, d.ask(ctx, "delete %s %q", typ, id)
}

func (d *double) Refused(c bridge.Call, operation, typ, id string, body []byte, f bridge.Failure) {
	d.mu.Lock()
	defer d.mu.Unlock()
	told := fmt.Sprintf("%s %s %q %s %s by %q", operation, typ, id, body, f.Reason, c.Caller)
	if c.Foresight != nil {
		told += fmt.Sprintf(", dry run: %t", c.Foresight.DryRun)
	}
	d.refused = append(d.refused, told)
}

func (d *double) Ready(context.Context) (lack, err error) { return nil, d.down }

func (d *double) Away() bool { return d.away.Load() }

// served is a running server.
type served struct {
	*double
	*Server
	address string
	log     *logtest.Log
	stop    context.CancelFunc
	ended   chan error
	waiting atomic.Bool // a request is known to be under way
}

func serve(t *testing.T, o Options) *served {
	t.Helper()
	return serveWith(t, o, access.Options{Token: secret})
}

func serveWith(t *testing.T, o Options, tokens access.Options) *served {
	t.Helper()
	out := &logtest.Log{}
	logger := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	gate, err := access.New(tokens, logger)
	if err != nil {
		t.Fatal(err)
	}
	o.Address = "127.0.0.1:0"
	s := &served{
		double: &double{
			result: &bridge.Result{Resource: scim.Resource{"id": "1"}, Location: "http://scim.example/Users/1", Version: `W/"7"`},
			list:   &bridge.List{StartIndex: 1},
		},
		log:   out,
		ended: make(chan error, 1),
	}
	s.Server = New(o, s.double, gate, logger)
	s.newID = func() string { return "made-id" }
	ln, err := s.Listen()
	if err != nil {
		t.Fatal(err)
	}
	s.address = ln.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() {
		err := s.Serve(ctx, ln)
		if s.waiting.Load() {
			err = errors.Join(err, errors.New("the server ended with a request under way"))
		}
		s.ended <- err
	}()
	t.Cleanup(func() {
		stop()
		<-s.ended
		s.ended <- nil
	})
	return s
}

// answer is an HTTP answer, read.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends the request line as it stands, with a token and a body.
func (s *served) ask(t *testing.T, requestLine, body string, headers ...string) answer {
	t.Helper()
	return s.raw(t, requestLine, body, append([]string{"Authorization: Bearer " + secret}, headers...)...)
}

// dial opens a connection to the server.
func (s *served) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	if s.options.TLS.on() {
		return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the certificate is not what is tested
	}
	return conn
}

// raw sends the request line and headers as they stand.
func (s *served) raw(t *testing.T, requestLine, body string, headers ...string) answer {
	t.Helper()
	conn := s.dial(t)
	defer conn.Close()
	request := requestLine + " HTTP/1.1\r\nHost: scim.example\r\n"
	if body != "" {
		request += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	for _, h := range headers {
		request += h + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"Connection: close\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(requestLine, " ")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(content)}
}

// last is what the bridge was asked last, or "".
func (s *served) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) == 0 {
		return ""
	}
	return s.asked[len(s.asked)-1]
}
