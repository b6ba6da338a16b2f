package front

import (
	"github.com/gofiber/fiber/v2"
	"go.opentelemetry.io/otel/attribute"

	"scimbridge/bridge/reason"
	"scimbridge/bridge/tracing"
)

// Trace has requests traced, all but health checks. It is to be called before requests are served; nil: none is.
func (s *Server) Trace(t *tracing.Tracer) { s.tracer = t }

// traced begins the span of a request.
func (s *Server) traced(c *fiber.Ctx) *tracing.Span {
	if s.tracer == nil {
		return nil
	}
	if path := c.Path(); path == healthPath || path == readyPath {
		return nil
	}
	header := &c.Request().Header
	ctx, span := s.tracer.Request(c.UserContext(), sole(header, "Traceparent"), sole(header, "Tracestate"))
	c.SetUserContext(ctx)
	return span
}

// endSpan says what came of a request, by OpenTelemetry's names where it has one.
func (r *record) endSpan(method, typ, operation string, status int, why reason.Reason) {
	if r.span == nil {
		return
	}
	r.span.SetName(method + " " + r.route)
	attributes := []attribute.KeyValue{
		attribute.String("http.request.method", method),
		attribute.String("http.route", r.route),
		attribute.Int("http.response.status_code", status),
		attribute.String("scim.operation", operation),
		attribute.String("scimbridge.request", r.requestID),
	}
	for name, value := range map[string]string{
		"scim.type": typ, "scimbridge.reason": why.String(), "scimbridge.activity": r.activityID,
	} {
		if value != "" {
			attributes = append(attributes, attribute.String(name, value))
		}
	}
	if r.foresight != nil {
		attributes = append(attributes, attribute.Bool("scimbridge.dry_run", true))
	}
	fault := ""
	if status >= fiber.StatusInternalServerError {
		fault = why.String()
	}
	r.span.End(fault, attributes...)
}
