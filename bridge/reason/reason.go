// Package reason is the closed set of why a request was not done as asked. A reason is the log's word for it, the metric's label, what
// the client is told, and whether a write may look and plan again: all of that stands in one table.
package reason

import "time"

// Reason is one of them. Its text is the log's word.
type Reason int

// The reasons.
const (
	None Reason = iota // nothing went wrong

	// What the directory answered, or did not.

	Unavailable   // an outage: nothing reachable, the breaker is open, our own bind failed; nothing was written
	Unknown       // a write was sent and no answer came
	LostRace      // the entry is not as it was read: 122, or 16 on a value that was read
	NoSuchObject  // 32: the target or the parent is not there
	Exists        // 68, or 19 for a value that the server holds unique
	Refused       // 50, 53, 66, 8, 13: the directory does not let the bridge do that
	Invalid       // 17, 18, 19, 21, 34, 64, 65, 67, 69, 71: the directory's schema or rules refuse the value
	Occupied      // 20: a value is there already, or 19, 65: another one, of an attribute that takes one
	LimitExceeded // 3, 4, 11: a limit of the server
	CutShort      // so, of a search that a write depends on
	TooLarge      // no answer to a request that is longer than a server takes
	Failed        // any other answer
	Unwritable    // no server takes changes: read-only, its disk or database is full, or it leaves them without an answer
	Hidden        // a place that the map names, or what every entry must show, is missing or not shown to the bridge's account
	PrimaryMember // a member that is one by its primary group alone was to be taken out of the group
	Kept          // the directory took a change of active, and shows the account as it was
	NoNumber      // a range of numbers is used up, or its counter is none
	PartlyDone    // a plan stopped between two steps, and what it had done could not be taken back

	// What became of the store.

	StoreAway     // it cannot be reached, or is held by others
	StoreFull     // no space is left
	StoreReadOnly // it takes no writes
	StoreFailed   // anything else

	// What the bridge found.

	NotFound      // no such resource is served
	Precondition  // If-Match names another version (RFC 9110 §13.1.1)
	NotModified   // If-None-Match names this version (RFC 9110 §13.1.2): an answer rather than a fault
	MapMismatch   // the directory's schema lacks what the map names
	BulkReference // a bulkId names no resource (RFC 7644 §3.7.2)
	Guarded       // the guard does not let the plan run
	Held          // so much is done at once that an operator is to decide
	HoldRefused   // an operator has decided against it
	Deadline      // the request's time is over, or the client left
	Internal      // a fault of the bridge
	Panic         // one that ended the request
	Ending        // the program ends: of a health check
	Untaken       // the configuration was changed, and the one before holds: of a health check

	// What is wrong with the request: the scimTypes of RFC 7644 table 9 and RFC 9865 §2.1.

	InvalidFilter
	TooMany
	Uniqueness
	Mutability
	InvalidSyntax
	InvalidPath
	NoTarget
	InvalidValue
	InvalidVers
	Sensitive
	InvalidCursor
	ExpiredCursor
	InvalidCount

	// What HTTP has a status for, and SCIM no word.

	Unreadable       // the request is no HTTP request that can be read
	Unauthenticated  // no token, or one that nobody has
	Role             // the caller's role does not allow it
	Attempts         // too many of them failed from the caller's address
	KeysUnavailable  // the keys cannot be had by which a token is signed
	TokensFaulty     // no token that is known, while those of the configuration cannot be read
	NoPath           // nothing is served there
	DiscoveryFilter  // a filter on a discovery endpoint (RFC 7644 §4)
	MethodNotAllowed // not at this path
	Slow             // the request did not arrive in time
	Busy             // other requests took all of its time
	Crowded          // too many requests of the caller are under way
	Full             // too many of all callers
	Late             // its turn would not come, or did not, before its time is over
	BreakerOpen      // it came while nothing was asked of the directory, which is Unavailable
	TooFast          // the caller sends more requests in a second than it may
	Payload          // the body is too large (RFC 7644 §3.7.3)
	MediaType        // the body is no JSON, or encoded
	LongURL          // the URL is too long
	LargeHeader      // the request line and headers are too large
	NotImplemented   // a method, or an endpoint, that the bridge does not serve

	count // no reason: how many there are
)

// String is the reason as it stands in the log; None has no text.
func (r Reason) String() string { return r.Row().Label }

// MarshalText is String, for what writes a record of it.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Row is what the table says of the reason.
func (r Reason) Row() Row { return table[r] }

// Error is an error that the bridge makes itself, or what it adds to another: the reason decides the answer.
type Error struct {
	Reason    Reason
	Detail    string // for the client, in place of the table's
	Attribute string // at fault, as the client knows it; ""
	Version   string // NotModified: the weak ETag of what the client has
	Cause     error  // for the operator

	RetryAfter time.Duration // when to come back, in place of the table's
}

func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Reason.Row().Detail
	}
	if e.Attribute != "" {
		text = e.Attribute + ": " + text
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Cause }
