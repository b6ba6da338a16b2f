package bridge

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
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
	Reason     reason.Reason // label for logs and metrics

	// For the log of a write.
	Attribute string // at fault, as the client knows it, where that is known; ""
	DN        string // of the entry that it is about, where there is one; ""
	Name      string // of the resource, where it was looked at; ""

	recorded bool // the journal knows of it
}

// Log is what a log says of a refusal. The detail may hold what the client sent, but no secret; reads keep it out, for theirs holds whom
// they look for.
func (f Failure) Log(write bool) []slog.Attr {
	var attributes []slog.Attr
	add := func(key, value string) {
		if value != "" {
			attributes = append(attributes, slog.String(key, value))
		}
	}
	add("reason", f.Reason.String())
	add("scim_type", string(f.ScimType))
	if write {
		add("dn", f.DN)
		add("name", journal.Briefly(f.Name))
		add("attribute", f.Attribute)
		add("detail", f.Detail)
	}
	return attributes
}

// concerning adds to an error the entry that it is about.
type concerning struct {
	error
	dn   string
	name string // of the resource; "": it is not known
}

func (c *concerning) Unwrap() error { return c.error }

// about adds the DN, and the resource's name, to an error that does not say yet what it is about.
func about(err error, dn, name string) error {
	c, _ := errors.AsType[*concerning](err)
	switch {
	case err == nil, dn == "" && name == "", c != nil && c.dn != "" && (c.name != "" || name == ""):
		return err
	case c != nil:
		return &concerning{err, cmp.Or(c.dn, dn), cmp.Or(c.name, name)}
	}
	return &concerning{err, dn, name}
}

// foretold adds to an error what is to be told before it.
type foretold struct {
	error
	first string
}

func (f *foretold) Unwrap() error { return f.error }

func prefixed(err error, first string) error { return &foretold{err, first} }

var (
	errNotFound     error = &reason.Error{Reason: reason.NotFound}
	errPrecondition error = &reason.Error{Reason: reason.Precondition}
)

// mismatch: a filter on an unknown attribute finds nothing, and a bridge that finds nothing makes every account a second time: nothing is
// served until map and schema agree.
func mismatch(problems []string) error {
	return &reason.Error{Reason: reason.MapMismatch, Cause: errors.New(strings.Join(problems, "; "))}
}

// Explain turns any error of this package's operations into what the client is told: the row of its reason, and what the error itself
// says beyond it. The cause stays with the operator.
func Explain(err error) Failure {
	why := reasonOf(err)
	row := why.Row()
	f := Failure{Status: row.Status, ScimType: row.ScimType, Detail: row.Told(), RetryAfter: row.RetryAfter, Reason: why}
	var (
		own     *reason.Error
		fault   *scim.Error
		refusal *guard.Refusal
		answer  *directory.Error
		kept    *store.Error
		told    []string
	)
	if c, ok := errors.AsType[*concerning](err); ok {
		f.DN, f.Name = c.dn, c.name
	}
	_, f.recorded = errors.AsType[*recorded](err)
	if errors.As(err, &own) {
		f.Version, f.Attribute = own.Version, own.Attribute
		if own.RetryAfter > 0 {
			f.RetryAfter = own.RetryAfter
		}
		if own.Detail != "" {
			f.Detail = own.Detail
		}
		if own.Attribute != "" && (f.Status == http.StatusBadRequest || f.Status == http.StatusConflict) {
			f.Detail = own.Attribute + ": " + f.Detail
		}
	}
	switch {
	case errors.As(err, &fault):
		f.Detail, f.Attribute = fault.Detail, cmp.Or(f.Attribute, fault.Attribute)
	case errors.As(err, &refusal):
		f.Detail = refusal.Error()
	case errors.As(err, &answer):
		if answer.RetryAfter > 0 && f.RetryAfter > 0 {
			f.RetryAfter = answer.RetryAfter
		}
		if f.Status < http.StatusInternalServerError && answer.Diagnostic != "" {
			f.Detail += ": " + answer.Diagnostic
		}
		if f.Status < http.StatusInternalServerError && answer.Advice != "" {
			f.Detail += "; " + answer.Advice
		}
	case errors.As(err, &kept):
		if kept.RetryAfter > 0 && f.RetryAfter > 0 {
			f.RetryAfter = kept.RetryAfter
		}
	}
	for first, is := errors.AsType[*foretold](err); is; first, is = errors.AsType[*foretold](first.error) {
		told = append(told, first.first)
	}
	f.Detail = strings.Join(append(told, f.Detail), "; ")
	return f
}

// reasonOf is the reason of any error of this package's operations.
func reasonOf(err error) reason.Reason {
	var (
		own     *reason.Error
		fault   *scim.Error
		refusal *guard.Refusal
		answer  *directory.Error
		kept    *store.Error
	)
	switch {
	case err == nil:
		return reason.None
	case errors.As(err, &own):
		return own.Reason
	case errors.As(err, &fault):
		return reason.Of(fault.Type)
	case errors.As(err, &refusal):
		return reason.Guarded
	case errors.As(err, &answer):
		return answer.Reason
	case errors.As(err, &kept):
		return kept.Reason()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return reason.Deadline
	}
	return reason.Internal
}

// cutShort is the error of what is no list, where a limit of the directory's ended a search: nobody knows what is behind it, and nothing is
// taken for all there is.
func cutShort(err error) error {
	answer, _ := errors.AsType[*directory.Error](err)
	if answer == nil || reasonOf(err) != reason.LimitExceeded {
		return err
	}
	return &reason.Error{Reason: reason.CutShort, Detail: reason.CutShort.Row().Detail + ": " + answer.Advice, Cause: err}
}

// name adds the SCIM attribute at fault to a directory's answer, where it tells the LDAP one.
func name(t *ldapmap.Type, err error) error {
	answer, ok := errors.AsType[*directory.Error](err)
	own, said := errors.AsType[*reason.Error](err)
	if !ok || answer.Attribute == "" || said && own.Detail != "" {
		return err
	}
	attribute := t.Path(answer.Attribute)
	if attribute == "" {
		attribute = answer.Attribute
	}
	return &reason.Error{Reason: reasonOf(err), Attribute: attribute, Cause: err}
}
