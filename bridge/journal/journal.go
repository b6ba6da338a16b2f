// Package journal records what the bridge did: one record for each plan that was sent to the directory.
package journal

import (
	"context"
	"log/slog"

	"scimbridge/ldapmap/ldif"
)

// Record is one plan and how it ended.
type Record struct {
	RequestID string
	Caller    string
	Operation string // create, patch, delete
	Type      string // resource type
	ID        string // the resource's id; "" for a create
	Plan      ldif.Plan
	Err       error // nil: the directory confirmed every step
}

// Journal takes records. It must not block for long, and is called concurrently.
type Journal func(Record)

// Log writes each record as one line: failures as errors, with the LDIF (which holds no secrets); the rest for those who ask for debug.
func Log(log *slog.Logger) Journal {
	return func(r Record) {
		attributes := []any{
			"request", r.RequestID, "caller", r.Caller, "operation", r.Operation, "type", r.Type, "id", r.ID, "ldif", r.Plan.String(),
		}
		if r.Err != nil {
			log.Error("write failed", append(attributes, "error", r.Err)...)
			return
		}
		log.Log(context.Background(), slog.LevelDebug, "written", attributes...)
	}
}
