package read

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Version is a text that changes with each write of the entry: the server's own where it keeps one, else a digest of what was read.
func Version(t *ldapmap.Type, e *ldif.Entry) string {
	if v := t.Server.Version(e); v != "" {
		return v
	}
	digest := sha256.New()
	for _, name := range Attributes(t, nil) {
		digest.Write([]byte(strings.ToLower(name) + "\x00"))
		for _, value := range e.Values(name) {
			digest.Write([]byte(value + "\x00"))
		}
	}
	return base64.RawURLEncoding.EncodeToString(digest.Sum(nil)[:15])
}
