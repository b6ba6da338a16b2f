package memdir

import (
	"strings"

	"scimbridge/ldapmap/ldif"
)

// Syntaxes (RFC 4517 §3.3) that are treated apart.
const (
	syntaxDN      = "1.3.6.1.4.1.1466.115.121.1.12"
	syntaxNameUID = "1.3.6.1.4.1.1466.115.121.1.34"
	syntaxOID     = "1.3.6.1.4.1.1466.115.121.1.38"
)

// pretty checks a value against its attribute's syntax and returns it as the server stores it: DNs lose their spaces and get
// canonical names, all else stays.
func (s *schema) pretty(a *ldif.AttributeType, value string) (string, bool) {
	switch a.Syntax {
	case syntaxDN:
		n, err := s.parseName(value)
		return n.text, err == nil
	case syntaxNameUID:
		dn, uid := value, ""
		if i := strings.LastIndexByte(value, '#'); i >= 0 && strings.HasSuffix(value, "'B") {
			dn, uid = value[:i], value[i:]
		}
		n, err := s.parseName(dn)
		return n.text + uid, err == nil
	case syntaxOID:
		if s.Attribute("objectClass") == a || s.Attribute("structuralObjectClass") == a {
			return value, s.Class(value) != nil
		}
	}
	return value, a.Takes(value)
}
