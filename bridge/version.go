package bridge

import (
	"strings"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

// etag is the entity tag of the resource that an entry shows (RFC 7644 §3.14), or "" where there is none to see. It is weak: the
// projection changes the body.
func etag(t *ldapmap.Type, e *ldif.Entry) string {
	if e == nil {
		return ""
	}
	return `W/"` + read.Version(t, e) + `"`
}

// versionAttributes are those that tell an entry's tag, and whose it is.
func versionAttributes(t *ldapmap.Type) []string {
	if t.Server.VersionForm == ldif.VersionDigest {
		return read.Attributes(t, nil)
	}
	return []string{t.Server.IDAttribute, t.Server.VersionAttribute}
}

// versionAlone is etag for an entry that was read with versionAttributes alone: "" where the directory hides its version.
func versionAlone(t *ldapmap.Type, e *ldif.Entry) string {
	if e == nil || t.Server.VersionForm != ldif.VersionDigest && t.Server.Version(e) == "" {
		return ""
	}
	return etag(t, e)
}

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

// checkMatch refuses an entry that If-Match does not name, or that If-None-Match names (RFC 9110 §13.1.2: `*` is any that is there). Naming
// none refuses nothing. What the write itself has left of the entry is no other version than the one that the client named; another
// client's change behind it is.
func (r *request) checkMatch(e *ldif.Entry, past history) error {
	left, changed := past.changed(r.typ.ID(e))
	version := r.server.VersionAttribute
	switch {
	case changed && r.call.exactly() && left != nil && left.Value(version) != e.Value(version):
		return errPrecondition
	case changed:
	case r.call.IfMatch != "" && !named(r.call.IfMatch, etag(r.typ, e)):
		return errPrecondition
	case r.call.IfNoneMatch != "" && named(r.call.IfNoneMatch, etag(r.typ, e)):
		return &reason.Error{Reason: reason.Precondition, Detail: "the resource is in a version that If-None-Match names"}
	}
	return nil
}

// exactly says that the client named the version that it means.
func (c Call) exactly() bool { return c.IfMatch != "" && c.IfMatch != "*" }
