// Package journal records what the bridge did: one record for each plan that was sent to the directory, and another where one of unknown
// outcome was resumed.
package journal

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// Record is one plan and what became of it.
type Record struct {
	RequestID string
	Activity  string // the client's own name of what it does: Entra's; ""
	Part      *Part  // of a bulk request the operation; nil: the request is no bulk request
	Caller    string
	Client    string // the caller's address
	Operation string // create, patch, replace, delete
	Type      string // resource type
	ID        string // the resource's id; "" for a create
	Receipt   ldif.Receipt
	DryRun    bool // nothing was sent: the receipt is what would have become of the plan
}

// Part is an operation of a bulk request.
type Part struct {
	BulkID string // "": it has none
	Index  int    // in the request, from 0
}

// Attr is the operation as a log shows it: by its bulkId, or where it has none by its index.
func (p *Part) Attr() slog.Attr {
	if p.BulkID == "" {
		return slog.Int("index", p.Index)
	}
	return slog.String("bulkId", Briefly(p.BulkID))
}

// Briefly is a text of a client's, short enough for a log line.
func Briefly(text string) string {
	const longest = 128
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

// Journal takes records. It must not block for long, and is called concurrently.
type Journal func(Record)

// Log writes each record as one line: what was written and what the directory refused at info, what it did not confirm as a warning, and
// as an error what stands half done, with its LDIF. `effects` is what was done, and stands; what was `wanted` is said where that may be
// more. The LDIF of the others is for those who ask for debug. No secret stands in any of it.
func Log(log *slog.Logger) Journal {
	return func(r Record) {
		level, message := verdict(r.Receipt)
		if r.DryRun {
			level, message = slog.LevelInfo, "dry run: nothing is sent"
		}
		ctx := context.Background()
		if !log.Enabled(ctx, level) {
			return
		}
		attributes := make([]slog.Attr, 0, 12)
		add := func(key, value string) {
			if value != "" {
				attributes = append(attributes, slog.String(key, value))
			}
		}
		add("request", r.RequestID)
		add("activity", r.Activity)
		if r.Part != nil {
			attributes = append(attributes, r.Part.Attr())
		}
		add("caller", r.Caller)
		add("client", r.Client)
		add("operation", r.Operation)
		add("type", r.Type)
		add("id", r.ID)
		add("dn", r.Receipt.Plan.DN())
		if !r.DryRun {
			add("effects", r.Receipt.Words())
		}
		if message != "written" {
			add("wanted", r.Receipt.Plan.Words())
		}
		if answer, ok := errors.AsType[*directory.Error](r.Receipt.Err); ok {
			attributes = append(attributes, slog.Any("reason", answer.Reason))
		}
		if r.Receipt.Err != nil {
			add("error", r.Receipt.Err.Error())
		}
		switch {
		case level == slog.LevelError:
			add("ldif", r.Receipt.LDIF())
		case log.Enabled(ctx, slog.LevelDebug):
			add("ldif", r.Receipt.Plan.String())
		}
		log.LogAttrs(ctx, level, message, attributes...)
	}
}

// verdict is what a receipt comes to, and how loud the log says it.
func verdict(r ldif.Receipt) (slog.Level, string) {
	answer, _ := errors.AsType[*directory.Error](r.Err)
	changed := slices.ContainsFunc(r.Steps, ldif.StepReceipt.Changed)
	switch {
	case r.Err == nil && !changed:
		return slog.LevelInfo, "nothing to change"
	case r.Err == nil:
		return slog.LevelInfo, "written"
	case r.PartlyDone():
		return slog.LevelError, "half done"
	case answer == nil, answer.Reason == reason.Unknown, answer.Reason == reason.Unavailable, answer.Reason == reason.Failed:
		return slog.LevelWarn, "not confirmed"
	}
	return slog.LevelInfo, "refused"
}
