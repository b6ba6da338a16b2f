package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/ldapmap"
	"scimbridge/scim"
)

// Failure is how an error is told to the client (RFC 7644 §3.12).
type Failure struct {
	Status     int
	ScimType   scim.ScimType // "" where RFC 7644 has none for the status
	Detail     string
	RetryAfter time.Duration // 503: when to come back
	Version    string        // 304: the weak ETag of what the client has
	Reason     string        // label for logs and metrics
}

// errNotFound says that no such resource is served.
var errNotFound = errors.New("not found")

// retrySoon is when a client may come back after a failure that is over in a moment.
const retrySoon = time.Second

// table turns the reasons of the directory into what the client is told.
var table = map[directory.Reason]Failure{
	directory.Unavailable: {Status: http.StatusServiceUnavailable, Detail: "the directory is unavailable", RetryAfter: 5 * time.Second},
	directory.Unknown:     {Status: http.StatusServiceUnavailable, Detail: "the directory did not confirm the change", RetryAfter: 5 * time.Second},
	directory.LostRace:    {Status: http.StatusServiceUnavailable, Detail: "the entry keeps changing; try again", RetryAfter: retrySoon},
	directory.NotFound:    {Status: http.StatusBadRequest, ScimType: scim.InvalidValue, Detail: "the place that the map names in the directory does not exist"},
	directory.Exists:      {Status: http.StatusConflict, ScimType: scim.Uniqueness, Detail: "the directory already holds such an entry or value"},
	directory.Refused:     {Status: http.StatusForbidden, Detail: "the directory does not let the bridge do that"},
	directory.Invalid:     {Status: http.StatusBadRequest, ScimType: scim.InvalidValue, Detail: "the directory refuses the value"},
	directory.TooMany:     {Status: http.StatusBadRequest, ScimType: scim.TooMany, Detail: "the directory returns no more than its limit allows"},
	directory.Failed:      {Status: http.StatusInternalServerError, Detail: "the directory could not do it"},
}

// Explain turns any error of this package's operations into what the client is told. Beyond the table it takes the attribute at fault
// from the error; the cause stays with the operator.
func Explain(err error) Failure {
	var (
		fault   *scim.Error
		refusal *guard.Refusal
		answer  *directory.Error
		half    *directory.HalfDone
		named   *namedError
		payload *ErrPayload
		missing *unresolved
		same    *notModified
	)
	switch {
	case errors.Is(err, errNotFound):
		return Failure{Status: http.StatusNotFound, Detail: "no such resource", Reason: "not-found"}
	case errors.Is(err, errPrecondition):
		return Failure{Status: http.StatusPreconditionFailed, Detail: errPrecondition.Error(), Reason: "precondition"}
	case errors.As(err, &same):
		return Failure{Status: http.StatusNotModified, Version: same.version, Reason: "not-modified"}
	case errors.Is(err, errMismatch):
		return Failure{Status: http.StatusServiceUnavailable, Detail: errMismatch.Error(), RetryAfter: time.Minute, Reason: "map-mismatch"}
	case errors.As(err, &payload):
		return Failure{Status: http.StatusRequestEntityTooLarge, Detail: payload.Detail, Reason: "payload"}
	case errors.As(err, &missing):
		return Failure{Status: http.StatusConflict, Detail: missing.Error(), Reason: "bulk-reference"}
	case errors.As(err, &half):
		return Failure{Status: http.StatusInternalServerError, Detail: "the change is half done and could not be taken back; the log holds both records", Reason: "half-done"}
	case errors.As(err, &fault):
		return Failure{Status: statusOf(fault.Type), ScimType: fault.Type, Detail: fault.Detail, Reason: string(fault.Type)}
	case errors.As(err, &refusal):
		return Failure{Status: http.StatusForbidden, Detail: refusal.Error(), Reason: "guarded"}
	case errors.As(err, &answer):
		f := table[answer.Reason]
		f.Reason = string(answer.Reason)
		if answer.RetryAfter > 0 && f.RetryAfter > 0 {
			f.RetryAfter = answer.RetryAfter
		}
		if errors.As(err, &named) && (f.Status == http.StatusBadRequest || f.Status == http.StatusConflict) {
			f.Detail = named.path + ": " + f.Detail
		}
		if f.Status < http.StatusInternalServerError && answer.Diagnostic != "" {
			f.Detail += ": " + answer.Diagnostic
		}
		return f
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		f := table[directory.Unavailable]
		f.Reason = "deadline"
		return f
	}
	return Failure{Status: http.StatusInternalServerError, Detail: "internal error", Reason: "internal"}
}

// statusOf is the status of each scimType (RFC 7644 table 9).
func statusOf(t scim.ScimType) int {
	switch t {
	case scim.Uniqueness:
		return http.StatusConflict
	case scim.Sensitive:
		return http.StatusForbidden
	default:
		return http.StatusBadRequest
	}
}

// namedError adds to a directory's answer the SCIM attribute that it is about.
type namedError struct {
	path  string
	cause error
}

func (e *namedError) Error() string { return fmt.Sprintf("%s: %v", e.path, e.cause) }
func (e *namedError) Unwrap() error { return e.cause }

// name adds the SCIM attribute at fault to a directory's answer, where it tells the LDAP one.
func name(t *ldapmap.Type, err error) error {
	var answer *directory.Error
	if errors.As(err, &answer) && answer.Attribute != "" {
		if path := t.Path(answer.Attribute); path != "" {
			return &namedError{path, err}
		}
		return &namedError{answer.Attribute, err}
	}
	return err
}

// reasonOf is the directory's reason, or "".
func reasonOf(err error) directory.Reason {
	var answer *directory.Error
	if errors.As(err, &answer) {
		return answer.Reason
	}
	return ""
}
