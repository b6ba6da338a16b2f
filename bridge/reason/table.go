package reason

import (
	"net/http"
	"time"

	"scimbridge/scim"
)

// Row is what a reason means.
type Row struct {
	Label      string        // in the log; of a scimType, that
	Status     int           // what the client is told, like the three that follow
	ScimType   scim.ScimType // "" where RFC 7644 has none for the status
	Detail     string        // unless the error has one of its own
	InLog      string        // what of it the log says, for the client: what, why; ""
	RetryAfter time.Duration // 503 and 429: when to come back, unless the error says
	Retry      Retry
}

// Told is the Detail as a client is told it.
func (r Row) Told() string {
	if r.InLog == "" {
		return r.Detail
	}
	return r.Detail + "; the log says " + r.InLog
}

// Retry is whether a write that ended so may look and plan again.
type Retry int

// The retry meanings.
const (
	Final      Retry = iota // the same again comes to the same
	Again                   // another client was quicker, or nobody knows what became of it: what is there now decides
	FewTimes                // so, but what stands in the way is likely to stay
	FewTimesOf              // so, of an entry that was read: it moved, or went; of anything else it is Final
)

// soon is when a client may come back after a failure that is over in a moment, later after an outage.
const (
	soon  = time.Second
	later = 5 * time.Second
)

// table has a row for each reason.
var table = [count]Row{
	None: {},

	Unavailable: {
		Label: "unavailable", Status: http.StatusServiceUnavailable, Detail: "the directory is unavailable", RetryAfter: later,
	},
	Unknown: {
		Label: "unknown", Status: http.StatusServiceUnavailable, Detail: "the directory did not confirm the change", RetryAfter: later,
		Retry: Again,
	},
	LostRace: {
		Label: "lost-race", Status: http.StatusServiceUnavailable, Detail: "the entry keeps changing; try again", RetryAfter: soon,
		Retry: Again,
	},
	NoSuchObject: {
		Label: "no-such-object", Status: http.StatusBadRequest, ScimType: scim.InvalidValue,
		Detail: "the place that the map names in the directory does not exist", Retry: FewTimesOf,
	},
	Exists: { // a race for a name, which the next look will show
		Label: "exists", Status: http.StatusConflict, ScimType: scim.Uniqueness,
		Detail: "the directory already holds such an entry or value", Retry: FewTimes,
	},
	Refused: {Label: "refused", Status: http.StatusForbidden, Detail: "the directory does not let the bridge do that"},
	Invalid: {Label: "invalid", Status: http.StatusBadRequest, ScimType: scim.InvalidValue, Detail: "the directory refuses the value"},
	Occupied: { // by another client that was quicker, which the next look will show, or for a reason in the request
		Label: "occupied", Status: http.StatusBadRequest, ScimType: scim.InvalidValue, Detail: "the directory refuses the value",
		Retry: FewTimesOf,
	},
	LimitExceeded: {
		Label: "limit-exceeded", Status: http.StatusBadRequest, ScimType: scim.TooMany,
		Detail: "the directory returns no more than its limit allows",
	},
	CutShort: { // the client asked for no list that it could ask to be shorter
		Label: "cut-short", Status: http.StatusServiceUnavailable, RetryAfter: time.Minute,
		Detail: "a limit of the directory ended a search that the answer depends on",
	},
	TooLarge: {
		Label: "too-large", Status: http.StatusRequestEntityTooLarge,
		Detail: "the change is larger than the directory takes in one request",
	},
	Failed: {Label: "failed", Status: http.StatusInternalServerError, Detail: "the directory could not do it"},
	Unwritable: {
		Label: "unwritable", Status: http.StatusServiceUnavailable, RetryAfter: time.Minute,
		Detail: "the directory takes no changes at the moment",
	},
	// Nobody is there, or nobody can be seen: to tell the first in the place of the second makes clients create everybody again.
	Hidden: {
		Label: "hidden", Status: http.StatusServiceUnavailable, RetryAfter: time.Minute,
		Detail: "the directory does not show the bridge what the configuration names", InLog: "what",
	},
	PrimaryMember: {
		Label: "primary-member", Status: http.StatusBadRequest, ScimType: scim.Mutability,
		Detail: "a member whose primary group this is cannot be taken out of it before it has another primary group (primaryGroupID)",
	},
	Kept: { // unless another client made it so since
		Label: "kept", Status: http.StatusBadGateway, Detail: "the directory took the change, and keeps the account as it was",
		Retry: FewTimes,
	},
	NoNumber: {
		Label: "no-number", Status: http.StatusServiceUnavailable, RetryAfter: time.Minute,
		Detail: "there is no number for the new entry", InLog: "why",
	},
	PartlyDone: {
		Label: "half-done", Status: http.StatusInternalServerError,
		Detail: "the change is half done and could not be taken back; the log holds both records",
	},

	StoreAway: {
		Label: "store-away", Status: http.StatusServiceUnavailable, RetryAfter: later,
		Detail: "the bridge's own store cannot be reached",
	},
	StoreFull: {
		Label: "store-full", Status: http.StatusServiceUnavailable, RetryAfter: later,
		Detail: "no space is left for the bridge's own store",
	},
	StoreReadOnly: {
		Label: "store-read-only", Status: http.StatusServiceUnavailable, RetryAfter: later,
		Detail: "the bridge's own store takes no writes",
	},
	StoreFailed: {
		Label: "store-failed", Status: http.StatusServiceUnavailable, RetryAfter: time.Minute,
		Detail: "the bridge's own store cannot be used", InLog: "why",
	},

	NotFound: {Label: "not-found", Status: http.StatusNotFound, Detail: "no such resource"},
	Precondition: {
		Label: "precondition", Status: http.StatusPreconditionFailed, Detail: "the resource is not in the version that If-Match names",
	},
	NotModified: {Label: "not-modified", Status: http.StatusNotModified, Detail: "not modified"},
	MapMismatch: {
		Label: "map-mismatch", Status: http.StatusServiceUnavailable, RetryAfter: time.Minute,
		Detail: "the attribute map names what the directory's schema lacks", InLog: "what",
	},
	BulkReference: {Label: "bulk-reference", Status: http.StatusConflict, Detail: "a bulkId names no resource"},
	Guarded:       {Label: "guarded", Status: http.StatusForbidden, Detail: "the guard does not allow it"},
	Held: { // most of it comes back in the next cycle of a provisioning service
		Label: "held", Status: http.StatusServiceUnavailable, RetryAfter: 5 * time.Minute,
		Detail: "such writes are held until an operator decides",
	},
	HoldRefused: {Label: "hold-refused", Status: http.StatusForbidden, Detail: "an operator has refused such writes"},
	Deadline: {
		Label: "deadline", Status: http.StatusServiceUnavailable, RetryAfter: later,
		Detail: "the time that a request may take was over before this one was done",
	},
	Internal: {Label: "internal", Status: http.StatusInternalServerError, Detail: "internal error"},
	Panic:    {Label: "panic", Status: http.StatusInternalServerError, Detail: "internal error"},
	Ending:   {Label: "ending", Status: http.StatusServiceUnavailable, Detail: "the bridge is about to end", RetryAfter: later},
	Untaken: {
		Label: "untaken", Status: http.StatusServiceUnavailable, Detail: "the configuration was changed, and the one before still holds",
		RetryAfter: later,
	},

	InvalidFilter: fault(scim.InvalidFilter, http.StatusBadRequest),
	TooMany:       fault(scim.TooMany, http.StatusBadRequest),
	Uniqueness:    fault(scim.Uniqueness, http.StatusConflict),
	Mutability:    fault(scim.Mutability, http.StatusBadRequest),
	InvalidSyntax: fault(scim.InvalidSyntax, http.StatusBadRequest),
	InvalidPath:   fault(scim.InvalidPath, http.StatusBadRequest),
	NoTarget:      fault(scim.NoTarget, http.StatusBadRequest),
	InvalidValue:  fault(scim.InvalidValue, http.StatusBadRequest),
	InvalidVers:   fault(scim.InvalidVers, http.StatusBadRequest),
	Sensitive:     fault(scim.Sensitive, http.StatusForbidden),
	InvalidCursor: fault(scim.InvalidCursor, http.StatusBadRequest),
	ExpiredCursor: fault(scim.ExpiredCursor, http.StatusBadRequest),
	InvalidCount:  fault(scim.InvalidCount, http.StatusBadRequest),

	Unreadable:      {Label: "unreadable", Status: http.StatusBadRequest, Detail: "the request cannot be read"},
	Unauthenticated: {Label: "unauthenticated", Status: http.StatusUnauthorized, Detail: "a valid bearer token is needed"},
	Role:            {Label: "role", Status: http.StatusForbidden, Detail: "the caller's role does not allow it"},
	Attempts: {
		Label: "attempts", Status: http.StatusTooManyRequests, RetryAfter: later,
		Detail: "too many requests without a valid bearer token came from this address",
	},
	KeysUnavailable: {
		Label: "keys-unavailable", Status: http.StatusServiceUnavailable, RetryAfter: later,
		Detail: "the keys of the bearer token's issuer cannot be had at the moment", InLog: "why",
	},
	TokensFaulty: {
		Label: "tokens-faulty", Status: http.StatusServiceUnavailable, RetryAfter: later,
		Detail: "the bearer token is not known, and not all tokens can be read", InLog: "why",
	},
	NoPath:           {Label: "no-path", Status: http.StatusNotFound, Detail: "there is nothing at this path"},
	DiscoveryFilter:  {Label: "discovery-filter", Status: http.StatusForbidden, Detail: "filter is not supported on discovery endpoints"},
	MethodNotAllowed: {Label: "method-not-allowed", Status: http.StatusMethodNotAllowed, Detail: "this path does not know the method"},
	Slow:             {Label: "slow", Status: http.StatusRequestTimeout, Detail: "the request did not arrive in time"},
	Busy: {
		Label: "busy", Status: http.StatusServiceUnavailable, RetryAfter: later, Detail: "other large requests are under way",
	},
	Crowded: {
		Label: "crowded", Status: http.StatusServiceUnavailable, RetryAfter: soon,
		Detail: "as many requests of the caller are under way as the server takes at a time",
	},
	Full: {
		Label: "full", Status: http.StatusServiceUnavailable, RetryAfter: soon,
		Detail: "as many requests of all callers are under way as the server takes at a time",
	},
	Late: {
		Label: "late", Status: http.StatusServiceUnavailable, RetryAfter: soon,
		Detail: "so many requests are worked on that this one would not be done in its time",
	},
	BreakerOpen: {
		Label: "breaker-open", Status: http.StatusServiceUnavailable, RetryAfter: later, Detail: "the directory is unavailable",
	},
	TooFast: {
		Label: "too-fast", Status: http.StatusTooManyRequests, RetryAfter: soon,
		Detail: "the server takes fewer requests in a second of one caller",
	},
	Payload: {Label: "payload", Status: http.StatusRequestEntityTooLarge, Detail: "the body is larger than the server takes"},
	MediaType: {
		Label: "media-type", Status: http.StatusUnsupportedMediaType,
		Detail: "Content-Type must be application/scim+json or application/json",
	},
	LongURL: {
		Label: "long-url", Status: http.StatusRequestURITooLong,
		Detail: "the URL is longer than the server takes; a long filter goes into a POST to /.search",
	},
	LargeHeader: {
		Label: "large-header", Status: http.StatusRequestHeaderFieldsTooLarge,
		Detail: "the request line and headers are larger than the server takes",
	},
	NotImplemented: {Label: "not-implemented", Status: http.StatusNotImplemented, Detail: "the method is not known"},
}

// fault is the row of a scimType. Its errors have details of their own.
func fault(t scim.ScimType, status int) Row {
	return Row{Label: string(t), Status: status, ScimType: t, Detail: "the request is not valid SCIM"}
}

// Of is the reason of a scimType; of one that is in no table, which is a fault in what the client sent all the same, InvalidValue.
func Of(t scim.ScimType) Reason {
	for r := InvalidFilter; r <= InvalidCount; r++ {
		if table[r].ScimType == t {
			return r
		}
	}
	return InvalidValue
}
