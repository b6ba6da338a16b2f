// Package tracing makes spans of what the bridge does, for an OpenTelemetry collector, where the usual environment variables ask for it
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables). A span says what was done, how long it took and
// what came of it, in words of closed sets, with the ids of the request by which log and journal tell the rest. It says of nobody who they
// are: no name, no value, no DN, no path and no query stands in it.
package tracing

import (
	"context"
	"log/slog"
	"time"

	global "go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"
)

// Tracer makes spans. A nil Tracer makes none. It is safe for concurrent use.
type Tracer struct {
	provider *sdk.TracerProvider
	spans    otel.Tracer
}

// scope is what makes the spans.
const scope = "scimbridge"

// New makes a tracer as the variables of environ say; nil where they ask for none. What they ask for and there is not is told to the log.
// How much is sampled, and in what portions spans are sent, the SDK reads from the process's environment itself.
func New(environ []string, version string, log *slog.Logger) *Tracer {
	v := variablesOf(environ)
	if !v.asks(log) {
		return nil
	}
	client, err := newClient(v)
	if err != nil {
		log.Error("nothing is traced", "error", err)
		return nil
	}
	global.SetErrorHandler(global.ErrorHandlerFunc(func(err error) { log.Warn("of traces", "error", err) })) // as of a sampler that is none
	sent := &exporter{SpanExporter: otlptrace.NewUnstarted(client), log: log}
	described, err := resource.New(context.Background(),
		resource.WithAttributes(attribute.String("service.name", scope), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		log.Warn("not all that the environment says of traces is understood", "error", err)
	}
	t := newTracer(sdk.NewTracerProvider(sdk.WithBatcher(sent), sdk.WithResource(described)))
	log.Info("requests are traced", "endpoint", client.place())
	return t
}

func newTracer(provider *sdk.TracerProvider) *Tracer {
	return &Tracer{provider, provider.Tracer(scope)}
}

// Close sends what is not sent yet, as long as ctx lets it.
func (t *Tracer) Close(ctx context.Context) {
	if t != nil {
		_ = t.provider.Shutdown(ctx) // the exporter tells what it could not send
	}
}

// Span is what is under way. A nil Span is none.
type Span struct{ otel.Span }

var context3 = propagation.TraceContext{}

// Request begins the span of a request that a client traces as traceparent and tracestate say (W3C Trace Context), or does not.
func (t *Tracer) Request(ctx context.Context, traceparent, tracestate string) (context.Context, *Span) {
	if traceparent != "" {
		ctx = context3.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent, "tracestate": tracestate})
	}
	return t.begin(ctx, "request", otel.SpanKindServer)
}

// Begin begins a span of what the bridge does by itself with another server.
func (t *Tracer) Begin(ctx context.Context, name string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	return t.begin(ctx, name, otel.SpanKindClient)
}

func (t *Tracer) begin(ctx context.Context, name string, kind otel.SpanKind) (context.Context, *Span) {
	ctx, span := t.spans.Start(ctx, name, otel.WithSpanKind(kind))
	return ctx, &Span{span}
}

// ID is the trace's, for the log; "": there is none.
func (s *Span) ID() string {
	if s == nil {
		return ""
	}
	return s.SpanContext().TraceID().String()
}

// End ends the span. fault is why it came to nothing, in a word; "": it did not.
func (s *Span) End(fault string, attributes ...attribute.KeyValue) {
	if s == nil {
		return
	}
	end(s.Span, fault, attributes)
	s.Span.End()
}

func end(span otel.Span, fault string, attributes []attribute.KeyValue) {
	span.SetAttributes(attributes...)
	if fault != "" {
		span.SetAttributes(attribute.String("error.type", fault))
		span.SetStatus(codes.Error, fault)
	}
}

// Traced says whether what is done in ctx is part of a trace: what a span would say need not be found out else.
func Traced(ctx context.Context) bool { return otel.SpanFromContext(ctx).IsRecording() }

// Internal and Client are kinds of span: the bridge's own work, and what it asks of another server.
const (
	Internal = otel.SpanKindInternal
	Client   = otel.SpanKindClient
)

// Ended adds a span of what has just ended and began then.
func Ended(ctx context.Context, kind otel.SpanKind, name string, began time.Time, fault string, attributes ...attribute.KeyValue) {
	parent := otel.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return
	}
	_, span := parent.TracerProvider().Tracer(scope).Start(ctx, name, otel.WithTimestamp(began), otel.WithSpanKind(kind))
	end(span, fault, attributes)
	span.End()
}
