package memdir

import (
	"fmt"

	"github.com/go-ldap/ldap/v3"
)

// result is the outcome of an operation (RFC 4511 §4.1.9). As an error it is any outcome but success.
type result struct {
	code    uint16
	matched string // matchedDN
	text    string // diagnosticMessage
}

func (r *result) Error() string { return fmt.Sprintf("result %d: %s", r.code, r.text) }

func fail(code uint16, format string, args ...any) *result {
	return &result{code: code, text: fmt.Sprintf(format, args...)}
}

var (
	success   = &result{code: ldap.LDAPResultSuccess}
	malformed = fail(ldap.LDAPResultProtocolError, "decoding error")
)
