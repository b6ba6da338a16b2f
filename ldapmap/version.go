package ldapmap

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// Version is a text that changes with each write of the entry: OpenLDAP's entryCSN; on Active Directory the domain controller's invocationId with
// its uSNChanged, which counts for that controller alone; elsewhere, where times have a grain of a second, a digest of what was read.
func (t *Type) Version(e *ldif.Entry) string {
	v := e.Value(t.server.VersionAttribute)
	switch t.server.Kind {
	case ldif.OpenLDAP:
		if v != "" {
			return v
		}
	case ldif.ActiveDirectory:
		return t.server.Instance + "-" + v
	}
	digest := sha256.New()
	for _, name := range t.Attributes(nil) {
		digest.Write([]byte(strings.ToLower(name) + "\x00"))
		for _, value := range e.Values(name) {
			digest.Write([]byte(value + "\x00"))
		}
	}
	return base64.RawURLEncoding.EncodeToString(digest.Sum(nil)[:15])
}
