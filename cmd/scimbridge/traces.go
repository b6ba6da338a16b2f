package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/tracing"
)

// flushing is how long spans may take to be sent at the end.
const flushing = 5 * time.Second

// exchanged adds a span of an LDAP operation to the trace of the request that it was done for.
func exchanged(ctx context.Context, e directory.Exchange) {
	if !tracing.Traced(ctx) {
		return
	}
	fault := ""
	if e.Code == directory.NoAnswer {
		fault = "no-answer"
	}
	tracing.Ended(ctx, tracing.Client, "LDAP "+e.Operation, time.Now().Add(-e.Took), fault,
		attribute.String("ldap.operation", e.Operation), attribute.Int("ldap.result_code", e.Code))
}
