// Package tracingtest is a collector of traces that keeps what it is sent, for a test.
package tracingtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	pb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

// Collector takes spans by OTLP over HTTP.
type Collector struct {
	*httptest.Server

	mu      sync.Mutex
	sent    []*pb.ResourceSpans
	headers []http.Header
	answers int
}

// Start starts a collector, which ends with the test.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{answers: http.StatusOK}
	c.Server = httptest.NewServer(http.HandlerFunc(c.take))
	t.Cleanup(c.Close)
	return c
}

func (c *Collector) take(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	var data pb.TracesData
	if err != nil || request.URL.Path != "/v1/traces" || request.Header.Get("Content-Type") != "application/x-protobuf" ||
		proto.Unmarshal(body, &data) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answers == http.StatusOK {
		c.sent, c.headers = append(c.sent, data.ResourceSpans...), append(c.headers, request.Header)
	}
	w.WriteHeader(c.answers)
}

// Answer has it answer so from now on, and keep nothing unless that is 200.
func (c *Collector) Answer(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = status
}

// Header is that of the last that was kept.
func (c *Collector) Header() http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.headers) == 0 {
		return nil
	}
	return c.headers[len(c.headers)-1]
}

// Spans are those that came so far.
func (c *Collector) Spans() (spans []*pb.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.sent {
		for _, s := range r.ScopeSpans {
			spans = append(spans, s.Spans...)
		}
	}
	return spans
}

// Await waits until a span of this name has come, and returns those of its trace, in the order in which they began.
func (c *Collector) Await(t testing.TB, name string) (trace []*pb.Span) {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		spans := c.Spans()
		at := slices.IndexFunc(spans, func(s *pb.Span) bool { return s.Name == name })
		if at < 0 && time.Now().After(until) {
			t.Fatalf("no span is called %q:\n%s", name, c)
		}
		if at < 0 {
			continue
		}
		for _, s := range spans {
			if string(s.TraceId) == string(spans[at].TraceId) {
				trace = append(trace, s)
			}
		}
		slices.SortFunc(trace, func(a, b *pb.Span) int { return int(a.StartTimeUnixNano) - int(b.StartTimeUnixNano) })
		return trace
	}
}

// String is all that came.
func (c *Collector) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var text strings.Builder
	for _, r := range c.sent {
		text.WriteString(prototext.Format(r))
	}
	return text.String()
}

// Attributes are a span's, by their names.
func Attributes(s *pb.Span) map[string]any {
	all := map[string]any{}
	for _, a := range s.Attributes {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			all[a.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			all[a.Key] = int(v.IntValue)
		case *common.AnyValue_BoolValue:
			all[a.Key] = v.BoolValue
		}
	}
	return all
}
