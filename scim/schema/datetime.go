package schema

import (
	"strings"
	"time"
)

// ParseDateTime reads a dateTime (RFC 7643 §2.3.5, the xsd:dateTime of XML Schema): any offset, any number of fraction digits, case
// ignored. Without an offset, which XML Schema allows, it is UTC.
func ParseDateTime(s string) (time.Time, bool) {
	if strings.ContainsRune(s, ',') { // time.Parse takes a comma for the fraction; XML Schema does not.
		return time.Time{}, false
	}
	s = strings.ToUpper(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
