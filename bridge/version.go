package bridge

import (
	"errors"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

var errPrecondition = errors.New("the resource is not in the version that If-Match names")

// notModified is an answer rather than a fault: the client has the version already (RFC 9110 §13.1.2).
type notModified struct{ version string }

func (e *notModified) Error() string { return "not modified" }

// etag is the entity tag of the resource that an entry shows (RFC 7644 §3.14). It is weak: the projection changes the body.
func etag(t *ldapmap.Type, e *ldif.Entry) string { return `W/"` + read.Version(t, e) + `"` }

// named says whether a list of entity tags, as If-Match and If-None-Match carry it, holds the tag; * is any. The comparison is the weak
// one (RFC 9110 §8.8.3.2), and a tag without its quotes is understood.
func named(list, tag string) bool {
	bare := func(t string) string { return strings.Trim(strings.TrimPrefix(strings.TrimSpace(t), "W/"), `"`) }
	for item := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(item) == "*" || bare(item) == bare(tag) {
			return true
		}
	}
	return false
}

// checkMatch refuses an entry that If-Match does not name. Naming none refuses nothing.
func checkMatch(ifMatch string, t *ldapmap.Type, e *ldif.Entry) error {
	if ifMatch != "" && !named(ifMatch, etag(t, e)) {
		return errPrecondition
	}
	return nil
}
