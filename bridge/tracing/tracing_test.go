package tracing

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"scimbridge/bridge/logtest"
	"scimbridge/bridge/tracing/tracingtest"
)

// TestAsks: nothing is traced unless the variables ask for what there is, and what they ask for and there is not is told.
func TestAsks(t *testing.T) {
	const at = "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.example:4318/base/"
	for name, c := range map[string]struct {
		environ []string
		want    string // the endpoint; "": nothing is traced
		told    string
	}{
		"nothing":         {nil, "", ""},
		"a service alone": {[]string{"OTEL_SERVICE_NAME=bridge"}, "", ""},
		"an endpoint":     {[]string{at}, "http://collector.example:4318/base/v1/traces", ""},
		"of traces":       {[]string{at, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://t.example/in"}, "https://t.example/in", ""},
		"an exporter":     {[]string{"OTEL_TRACES_EXPORTER=otlp"}, "http://localhost:4318/v1/traces", ""},
		"none":            {[]string{at, "OTEL_TRACES_EXPORTER=none"}, "", ""},
		"disabled":        {[]string{at, "OTEL_SDK_DISABLED=true"}, "", ""},
		"its protocol":    {[]string{at, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"}, "http://collector.example:4318/base/v1/traces", ""},
		"gRPC":            {[]string{at, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, "", "http/protobuf"},
		"another":         {[]string{"OTEL_TRACES_EXPORTER=zipkin"}, "", "not one of otlp, none"},
	} {
		log := &logtest.Log{}
		v := variablesOf(c.environ)
		got := ""
		if v.asks(slog.New(slog.NewTextHandler(log, nil))) {
			got = v.endpoint()
		}
		if got != c.want || !strings.Contains(log.String(), c.told) || (log.String() == "") != (c.told == "") {
			t.Errorf("%s: %q, want %q; %s", name, got, c.want, log)
		}
	}
	if New(nil, "v0", slog.New(slog.DiscardHandler)) != nil {
		t.Error("something is traced that nobody asks for")
	}
	if New([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318"}, "v0", slog.New(slog.DiscardHandler)) != nil {
		t.Error("spans are sent to what is no URL")
	}
}

// TestUnreadableHeaders: what stands in the place of headers and is none is no header's name, with which the log would tell a secret.
func TestUnreadableHeaders(t *testing.T) {
	c := tracingtest.Start(t)
	for _, headers := range []string{
		"Authorization: Basic c2VjcmV0OnNlY3JldA==", "Bearer c2VjcmV0", "x-team=iam,authorization=100%zc2VjcmV0", "c2VjcmV0 =%0a",
		"a=c2VjcmV0%0d",
	} {
		log := &logtest.Log{}
		tracer := New([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_HEADERS=" + headers}, "v0",
			slog.New(slog.NewTextHandler(log, nil)))
		_, span := tracer.Begin(t.Context(), "nothing")
		span.End("")
		tracer.Close(t.Context())
		said := log.String()
		if tracer != nil || !strings.Contains(said, "OTEL_EXPORTER_OTLP_HEADERS") || strings.Contains(said, "c2VjcmV0") {
			t.Errorf("%s: %s", headers, said)
		}
	}
}

// TestUnknownSampler: what the SDK cannot read is told to the log.
func TestUnknownSampler(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "sometimes")
	log := &logtest.Log{}
	New([]string{"OTEL_TRACES_EXPORTER=otlp"}, "v0", slog.New(slog.NewTextHandler(log, nil))).Close(t.Context())
	if !strings.Contains(log.String(), "sometimes") {
		t.Error(log)
	}
}

// TestSpans: the trace of a client is gone on with, what is done meanwhile stands below the request, and all of it is sent at the end, with
// the headers that the variables have.
func TestSpans(t *testing.T) {
	c := tracingtest.Start(t)
	tracer := New([]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_HEADERS=authorization=Basic%20abc, x-team = iam",
	}, "v7", slog.New(slog.DiscardHandler))
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	ctx, span := tracer.Request(t.Context(), "00-"+trace+"-"+parent+"-01", "vendor=1")
	if !Traced(ctx) || Traced(t.Context()) || span.ID() != trace {
		t.Errorf("traced: %v, trace %s", Traced(ctx), span.ID())
	}
	began := time.Now().Add(-time.Second)
	Ended(ctx, Client, "LDAP add", began, "", attribute.Int("ldap.result_code", 0))
	Ended(t.Context(), Client, "LDAP search", began, "")
	span.End("internal", attribute.String("scim.operation", "create"))
	if tracer.Close(t.Context()); len(c.Spans()) == 0 {
		t.Error("what was not sent yet is not at the end")
	}
	spans := c.Await(t, "request")
	if len(spans) != 2 || len(c.Spans()) != 2 {
		t.Fatalf("%s", c)
	}
	add, request := spans[0], spans[1]
	if string(add.ParentSpanId) != string(request.SpanId) || add.Name != "LDAP add" || add.EndTimeUnixNano-add.StartTimeUnixNano < 1e9 {
		t.Errorf("%v", add)
	}
	if got := tracingtest.Attributes(request); got["error.type"] != "internal" || got["scim.operation"] != "create" {
		t.Errorf("%v", request)
	}
	for _, want := range []string{"service.name", "scimbridge", "service.version", "v7"} {
		if !strings.Contains(c.String(), want) {
			t.Errorf("%s does not stand in\n%s", want, c)
		}
	}
	if h := c.Header(); h.Get("Authorization") != "Basic abc" || h.Get("X-Team") != "iam" {
		t.Errorf("%v", h)
	}
}

// TestNobody: a tracer and a span that there are not do nothing, at no cost.
func TestNobody(t *testing.T) {
	var tracer *Tracer
	if n := testing.AllocsPerRun(10, func() {
		ctx, span := tracer.Begin(t.Context(), "nothing")
		if Traced(ctx) {
			t.Error("traced")
		}
		Ended(ctx, Internal, "nothing", time.Time{}, "")
		span.End("")
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	tracer.Close(t.Context())
}

// TestCollectorAway: a collector that cannot be reached, or refuses, is told of once, and holds nothing up, at the end neither.
func TestCollectorAway(t *testing.T) {
	c := tracingtest.Start(t)
	c.Answer(http.StatusTeapot)
	refusing := c.URL
	for _, url := range []string{refusing, "http://127.0.0.1:1"} {
		log := &logtest.Log{}
		t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
		tracer := New([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + url}, "v0", slog.New(slog.NewTextHandler(log, nil)))
		for range 2 {
			_, span := tracer.Request(t.Context(), "", "")
			span.End("")
			if err := tracer.provider.ForceFlush(t.Context()); err != nil {
				t.Error(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		tracer.Close(ctx)
		cancel()
		if n := strings.Count(log.String(), "spans cannot be sent"); n != 1 {
			t.Errorf("%s: told %d times:\n%s", url, n, log)
		}
	}
}
