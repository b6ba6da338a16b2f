package read

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Version is a text that changes with each write of the entry: the server's own where it keeps one, else a digest of what was read.
func Version(t *ldapmap.Type, e *ldif.Entry) string {
	if v := t.Server.Version(e); v != "" {
		return v
	}
	var read []byte
	for _, s := range t.Sources {
		read = append(append(read, strings.ToLower(s.Attribute)...), 0)
		values := e.Values(s.Attribute)
		if !slices.IsSorted(values) { // they are a set: a server may give them in one order after a write and in another later
			values = slices.Sorted(slices.Values(values))
		}
		for _, value := range values {
			read = append(append(read, value...), 0)
		}
	}
	digest := sha256.Sum256(read)
	return base64.RawURLEncoding.EncodeToString(digest[:15])
}
