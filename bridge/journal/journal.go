// Package journal records what the bridge did: one record for each plan that was sent to the directory.
package journal

import (
	"context"
	"errors"
	"log/slog"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap/ldif"
)

// Record is one plan and how it ended.
type Record struct {
	RequestID string
	Caller    string
	Operation string // create, patch, replace, delete
	Type      string // resource type
	ID        string // the resource's id; "" for a create
	Plan      ldif.Plan
	Err       error // nil: the directory confirmed every step
}

// Journal takes records. It must not block for long, and is called concurrently.
type Journal func(Record)

// Log writes each record as one line. What stands half done is an error with its LDIF (which holds no secrets), what the directory did not
// confirm a warning; a refusal, which the client is told, and what was written are for those who ask for debug, with the LDIF.
func Log(log *slog.Logger) Journal {
	return func(r Record) {
		if r.Err == nil && !log.Enabled(context.Background(), slog.LevelDebug) {
			return
		}
		attributes := []any{"request", r.RequestID, "caller", r.Caller, "operation", r.Operation, "type", r.Type, "id", r.ID}
		var half *directory.HalfDone
		var answer *directory.Error
		switch {
		case r.Err == nil:
			log.Debug("written", append(attributes, "ldif", r.Plan.String())...)
		case errors.As(r.Err, &half):
			log.Error("half done", append(attributes, "error", r.Err, "ldif", r.Plan.String())...)
		case errors.As(r.Err, &answer) && answer.Reason != directory.Unknown && answer.Reason != directory.Unavailable && answer.Reason != directory.Failed:
			log.Debug("refused", append(attributes, "error", r.Err, "ldif", r.Plan.String())...)
		default:
			log.Warn("not confirmed", append(attributes, "error", r.Err)...)
		}
	}
}
