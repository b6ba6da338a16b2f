package ldif

import "strings"

// Modified is when the entry was last written, a GeneralizedTime as fine as the server tells. A version that tells of another second than
// the time beside it, as an import may leave it, does not count: filters ask for that time.
func (t *Traits) Modified(e *Entry) string {
	modified := e.Value(t.ModifiedAttribute)
	if modified == "" && t.ModifiedOnChange {
		modified = e.Value(t.CreatedAttribute)
	}
	if t.VersionForm != VersionCSN {
		return modified
	}
	fine, _, _ := strings.Cut(e.Value(t.VersionAttribute), "#")
	if second, _, _ := strings.Cut(fine, "."); second+"Z" == modified {
		return fine
	}
	return modified
}

// Version is a text that changes with each write of the entry. Where the server keeps none it is "", and a digest of what was
// read has to do.
func (s *Server) Version(e *Entry) string {
	v := e.Value(s.VersionAttribute)
	switch {
	case v == "" || s.VersionForm == VersionDigest:
		return ""
	case s.VersionForm == VersionInstance:
		return s.Instance + "-" + v
	}
	return v
}
