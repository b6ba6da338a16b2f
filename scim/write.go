package scim

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// This file writes what is answered as JSON, byte for byte as encoding/json does without escaping HTML, and without its reflection.

// appender is what writes itself.
type appender interface {
	appendJSON(b []byte) ([]byte, error)
}

// AppendJSON appends a value's JSON text.
func AppendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return appendString(b, v)
	case bool:
		return strconv.AppendBool(b, v), nil
	case map[string]any:
		if v == nil {
			return append(b, "null"...), nil
		}
		var room [16]string
		return appendObject(b, v, sorted(room[:0], v, strings.Compare))
	case []any:
		return appendArray(b, v)
	case appender:
		return v.appendJSON(b)
	}
	return appendReflected(b, v)
}

// appendReflected is for what is rarely answered.
func appendReflected(b []byte, v any) ([]byte, error) {
	text := bytes.NewBuffer(b)
	encoder := json.NewEncoder(text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// sorted appends the names of an object in an order.
func sorted(names []string, object map[string]any, order func(a, b string) int) []string {
	for name := range object {
		names = append(names, name)
	}
	slices.SortFunc(names, order)
	return names
}

func appendObject(b []byte, object map[string]any, names []string) (_ []byte, err error) {
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendString(b, name); err != nil {
			return b, err
		}
		if b, err = AppendJSON(append(b, ':'), object[name]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func appendArray[T any](b []byte, items []T) (_ []byte, err error) {
	if items == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = AppendJSON(b, item); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func appendString(b []byte, s string) ([]byte, error) {
	ascii := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return appendReflected(b, s)
		} else if c >= utf8.RuneSelf {
			ascii = false
		}
	}
	if !ascii && (!utf8.ValidString(s) || strings.ContainsAny(s, "\u2028\u2029")) {
		return appendReflected(b, s)
	}
	return append(append(append(b, '"'), s...), '"'), nil
}

// appendJSON puts the names in the order that people expect: schemas, id, externalId, the core attributes, the extensions, meta.
func (r Resource) appendJSON(b []byte) ([]byte, error) {
	var room [32]string
	return appendObject(b, r, sorted(room[:0], r, func(a, b string) int {
		if a, b := rank(a), rank(b); a != b {
			return a - b
		}
		return strings.Compare(a, b)
	}))
}

// MarshalJSON is for a Resource in what is not written here.
func (r Resource) MarshalJSON() ([]byte, error) { return r.appendJSON(nil) }

func rank(name string) int {
	switch {
	case name == "schemas":
		return 0
	case name == "id":
		return 1
	case name == "externalId":
		return 2
	case name == "userName", name == "displayName":
		return 3
	case name == "meta":
		return 6
	case strings.Contains(name, ":"):
		return 5
	}
	return 4
}

func (l ListResponse[T]) appendJSON(b []byte) ([]byte, error) {
	b = append(b, `{"schemas":`...)
	b, err := appendArray(b, l.Schemas)
	if err != nil {
		return b, err
	}
	b = strconv.AppendInt(append(b, `,"totalResults":`...), int64(l.TotalResults), 10)
	if l.StartIndex != 0 {
		b = strconv.AppendInt(append(b, `,"startIndex":`...), int64(l.StartIndex), 10)
	}
	b = strconv.AppendInt(append(b, `,"itemsPerPage":`...), int64(l.ItemsPerPage), 10)
	if l.NextCursor != "" {
		if b, err = appendString(append(b, `,"nextCursor":`...), l.NextCursor); err != nil {
			return b, err
		}
	}
	b, err = appendArray(append(b, `,"Resources":`...), l.Resources)
	return append(b, '}'), err
}
