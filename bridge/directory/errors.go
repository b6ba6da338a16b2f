package directory

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// Error is what went wrong. Its text is for the operator; Attribute, Diagnostic and Advice may go to the client.
type Error struct {
	Reason     reason.Reason // one of the directory's
	Code       uint16        // LDAP result code; 0 where the server gave no answer
	adCode     uint32        // Active Directory's own code, which its diagnostic begins with (MS-ERREF §2.2); 0 elsewhere
	Diagnostic string        // the server's diagnostic message
	Advice     string        // what the code means and what to do; "": the reason and the diagnostic tell
	Attribute  string        // the attribute at fault where the diagnostic or the request tells, or ""
	RetryAfter time.Duration // Unavailable: when the next attempt makes sense
	Cause      error
	late       <-chan struct{} // Unknown, of a server that lives: closed when its answer comes after all; nil: nobody waits for it
	waits      <-chan struct{} // so: closed when nobody waits for it any more
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "directory: %s", e.Reason)
	if told, is := asAnswer(e.Cause); e.Code != 0 && !(is && told.ResultCode == e.Code) { // the cause names it
		fmt.Fprintf(&b, ": result %d (%s)", e.Code, ldap.LDAPResultCodeMap[e.Code])
	}
	if e.Diagnostic != "" {
		fmt.Fprintf(&b, ": %s", e.Diagnostic)
	}
	if e.Advice != "" {
		fmt.Fprintf(&b, "; %s", e.Advice)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// outage is a failure of the way to the directory, or of a server as a whole: what the breaker counts. Everything else is an answer.
type outage struct {
	cause   error
	code    uint16 // where the server said so itself: 10, 51, 52, or the answer to our bind
	sent    bool   // the request may have reached the server
	late    bool   // our own deadline passed, not the caller's
	silent  bool   // so, and the server said nothing at all meanwhile
	refused bool   // our own bind was refused
	wrong   int    // so, and the server calls our password wrong: for how many times
	excused bool   // it says nothing against the server: see excuse

	// Of what was given up:

	answered func() bool     // waits for its end, and says whether that was an answer
	came     <-chan struct{} // of a write to a server that lives: closed when its answer comes; nil: nobody waits for it
	waits    <-chan struct{} // so: closed when nobody waits for it any more
}

func (o *outage) Error() string { return o.cause.Error() }
func (o *outage) Unwrap() error { return o.cause }

// asOutage makes one of any error.
func asOutage(err error) *outage {
	if o, ok := errors.AsType[*outage](err); ok {
		return o
	}
	return &outage{cause: err, code: resultCode(err)}
}

// asAnswer returns the result that a server answered with. go-ldap numbers its own failures from 200 on.
func asAnswer(err error) (*ldap.Error, bool) {
	answer, ok := errors.AsType[*ldap.Error](err)
	if !ok || answer.ResultCode >= ldap.ErrorNetwork {
		return nil, false
	}
	return answer, true
}

// resultCode is the LDAP result in an error, also in one that is explained; 0: the server gave none.
func resultCode(err error) uint16 {
	if answer, ok := asAnswer(err); ok {
		return answer.ResultCode
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

// offlineDiagnostics are found in an operations error (1) of a server that is there and has taken its database away.
var offlineDiagnostics = []string{"disabled node"} // 389 Directory Server, while a database is imported, or made from another server's

// cannotServe says whether the answer means that another server is to be asked. A referral names one (RFC 4511 §4.1.10), and is followed
// where that is configured: the configured URLs are those that we trust with our password.
func cannotServe(err error) bool {
	switch resultCode(err) {
	case ldap.LDAPResultReferral, ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		return true
	case ldap.LDAPResultOperationsError:
		return speaks(err, offlineDiagnostics)
	}
	return false
}

// explain turns the error of a call into an *Error. touched is the change that was sent, nil for a read.
func (c *Client) explain(err error, touched *ldif.Change) error {
	if err == nil {
		return nil
	}
	if done, ok := errors.AsType[*Error](err); ok {
		return done
	}
	if o, ok := errors.AsType[*outage](err); ok {
		e := &Error{Reason: reason.Unavailable, Code: o.code, Cause: o.cause}
		switch {
		case touched != nil && o.sent:
			e.Reason, e.late, e.waits = reason.Unknown, o.came, o.waits
		case !o.excused:
			e.RetryAfter = c.breaker.retryAfter()
		}
		return e
	}
	answer, ok := asAnswer(err)
	if !ok {
		return &Error{Reason: reason.Failed, Cause: err}
	}
	e := judge(answer, touched)
	if c.isElsewhere(err) {
		e.Reason, e.Advice = reason.Refused, "what is there stands on another server, which directory.urls does not name"
	}
	if s := c.learned(); touched != nil && s != nil && e.isOccupied(*touched, s.Schema) {
		e.Reason = reason.Occupied
	}
	if e.Reason == reason.Unwritable {
		c.log.Error("directory: the server takes no changes", "error", e)
		now := time.Now() // with the monotonic clock, which nobody sets
		c.unwritable.Store(&now)
	}
	return e
}
