package scim

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"scimbridge/scim/schema"
)

// simple reads a value that is not complex.
func (rd *Reader) simple(a *schema.Attribute, v any, at string) (any, error) {
	v = rd.ofObject(v)
	if rd.unassigned(v) {
		return nil, nil
	}
	if s, ok := v.(string); ok && strings.ContainsRune(s, 0) {
		return nil, wrongValue(at, " holds a NUL character")
	}
	switch a.Type {
	case schema.Boolean:
		if b, ok := rd.ofBooleanText(v).(bool); ok {
			return b, nil
		}
		return nil, wrongType(at, "true or false")
	case schema.Integer:
		n, ok := rd.ofNumberText(v).(json.Number)
		if _, err := strconv.ParseInt(n.String(), 10, 64); ok && err == nil {
			return n, nil
		}
		return nil, wrongType(at, "an integer")
	case schema.Decimal:
		if n, ok := rd.ofNumberText(v).(json.Number); ok && isNumber(n.String()) {
			return n, nil
		}
		return nil, wrongType(at, "a number")
	}
	s, ok := rd.ofNumber(v).(string)
	if !ok {
		return nil, wrongType(at, "a string")
	}
	if s == "" {
		return nil, wrongType(at, "more than an empty string: null unassigns it")
	}
	switch a.Type {
	case schema.DateTime:
		if _, ok := schema.ParseDateTime(s); !ok {
			return nil, wrongType(at, "a dateTime such as 2026-05-13T04:42:34Z")
		}
	case schema.Binary:
		if !isBase64(s) {
			return nil, wrongType(at, "base64")
		}
	}
	return s, nil
}

func isBase64(s string) bool {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if _, err := encoding.DecodeString(s); err == nil {
			return true
		}
	}
	return false
}
