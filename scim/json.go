package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a JSON body. The deepest that SCIM needs is a complex value in a list in an extension in a PATCH
// operation, about eight.
const maxDepth = 32

// Object is a JSON object as sent: its members in order, repetitions included. Its values are nil, bool, string, json.Number, []any and
// Object.
type Object []Member

// Member is one name and its value in an Object.
type Member struct {
	Name  string
	Value any
}

// Get returns the value under name, ignoring case. Of a repeated name the last counts, as in encoding/json.
func (o Object) Get(name string) (any, bool) {
	for i := len(o) - 1; i >= 0; i-- {
		if strings.EqualFold(o[i].Name, name) {
			return o[i].Value, true
		}
	}
	return nil, false
}

// Decode reads a body that must be one JSON object in UTF-8, nested no deeper than a limit. It returns a *Error (invalidSyntax) with the
// position.
func Decode(body []byte) (Object, error) {
	if at := invalidUTF8(body); at >= 0 {
		return nil, malformed(body, at, "the body is not UTF-8")
	}
	// The token reader below is lenient in places; this is the strict grammar, with the offset of the fault.
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, malformed(body, int(syntax.Offset), "the body is not JSON: "+syntax.Error())
		}
		return nil, malformed(body, len(body), "the body is not JSON")
	}
	if first := bytes.TrimLeft(whole, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return nil, &Error{Type: InvalidSyntax, Detail: "the body is not a JSON object"}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := decodeValue(d, 1)
	if errors.Is(err, errTooDeep) {
		return nil, malformed(body, int(d.InputOffset()), fmt.Sprintf("the body is nested deeper than %d levels", maxDepth))
	}
	if err != nil {
		return nil, malformed(body, int(d.InputOffset()), "the body is not JSON")
	}
	return v.(Object), nil
}

var errTooDeep = errors.New("nested too deep")

func decodeValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := Object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			text, ok := name.(string)
			if !ok {
				return nil, io.ErrUnexpectedEOF
			}
			o = append(o, Member{text, v})
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

func malformed(body []byte, offset int, what string) *Error {
	offset = min(max(offset, 0), len(body))
	before := body[:offset]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := offset - bytes.LastIndexByte(before, '\n') - 1
	return &Error{Type: InvalidSyntax, Detail: fmt.Sprintf("%s (line %d, column %d)", what, line, max(column, 1))}
}

func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i + 1
		}
		i += n
	}
	return len(b)
}
