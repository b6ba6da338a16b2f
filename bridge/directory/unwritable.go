package directory

import (
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// A server that takes no changes still answers: it is no outage. Another may take them. RFC 4511 has no result code for it but a referral
// (§4.1.10), and servers have words of their own.

// readOnlyDiagnostics are found where a server is unwilling (53) to change anything.
var readOnlyDiagnostics = []string{
	"shadow context", "operation restricted", // slapd: a consumer without updateref; readonly
	"read-only", "read only", // 389 Directory Server, OpenDJ
}

// fullDiagnostics are found in an unspecific failure (80) where there is no room on the server.
var fullDiagnostics = []string{
	"MDB_MAP_FULL", "No space left",
	"entry store failed", "entry update failed", "index generation failed", // slapd's mdb, which copies pages on each write,
	"DN index add failed", "DN index delete failed", "entry delete failed", "entry index delete failed", "commit failed", // to delete too
}

// isReadOnly says whether the answer to a write means that the server takes none.
func isReadOnly(err error) bool {
	switch resultCode(err) {
	case ldap.LDAPResultReferral:
		return true
	case ldap.LDAPResultUnwillingToPerform:
		return speaks(err, readOnlyDiagnostics)
	}
	return false
}

// isFull says whether the answer to a write means that the server has no room for it.
func isFull(err error) bool {
	return resultCode(err) == ldap.LDAPResultOther && speaks(err, fullDiagnostics)
}

// speaks says whether an answer holds any of these words.
func speaks(err error, of []string) bool {
	text := strings.ToLower(err.Error())
	return slices.ContainsFunc(of, func(words string) bool { return strings.Contains(text, strings.ToLower(words)) })
}

// unwritableFor is how long a server that takes no changes, or does not answer them, is said not to be ready: then another change may try.
const unwritableFor = 30 * time.Second

// Writable says whether no change was refused so of late.
func (c *Client) Writable() bool {
	last := c.unwritable.Load()
	return last == nil || time.Since(*last) > unwritableFor
}
