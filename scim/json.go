package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	if !json.Valid(body) {
		return nil, notJSON(body)
	}
	t := tree{body: string(body)}
	if t.space(); body[t.at] != '{' {
		return nil, &Error{Type: InvalidSyntax, Detail: "the body is not a JSON object"}
	}
	v, err := t.value(1)
	if err != nil {
		return nil, err
	}
	return v.(Object), nil
}

func notJSON(body []byte) error {
	var whole json.RawMessage
	if syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(body, &whole)); ok {
		return malformed(body, int(syntax.Offset), "the body is not JSON: "+syntax.Error())
	}
	return malformed(body, len(body), "the body is not JSON")
}

// tree reads the values of a body that is known to be JSON. The texts in them are parts of it: they cost nothing, and keep it as long as
// they are kept.
type tree struct {
	body string
	at   int
}

// space goes to what comes next, over commas and colons too: their places are known to be right.
func (t *tree) space() {
	for {
		switch t.body[t.at] {
		case ' ', '\t', '\r', '\n', ',', ':':
			t.at++
		default:
			return
		}
	}
}

func (t *tree) value(depth int) (any, error) {
	t.space()
	if depth > maxDepth {
		return nil, malformed([]byte(t.body), t.at, fmt.Sprintf("the body is nested deeper than %d levels", maxDepth))
	}
	switch t.body[t.at] {
	case '{':
		o := Object{}
		t.at++
		for t.space(); t.body[t.at] != '}'; t.space() {
			name, err := t.text()
			if err != nil {
				return nil, err
			}
			v, err := t.value(depth + 1)
			if err != nil {
				return nil, err
			}
			o = append(o, Member{name, v})
		}
		t.at++
		return o, nil
	case '[':
		list := []any{}
		t.at++
		for t.space(); t.body[t.at] != ']'; t.space() {
			v, err := t.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		t.at++
		return list, nil
	case '"':
		return t.text()
	}
	begin := t.at
	t.at += strings.IndexAny(t.body[t.at:], " \t\r\n,]}")
	switch word := t.body[begin:t.at]; word {
	case "null":
		return nil, nil
	case "true", "false":
		return word == "true", nil
	default:
		return json.Number(word), nil
	}
}

// text reads a string.
func (t *tree) text() (string, error) {
	begin, escaped := t.at, false
	for t.at++; t.body[t.at] != '"'; t.at++ {
		if t.body[t.at] == '\\' {
			escaped = true
			t.at++
		}
	}
	t.at++
	if !escaped {
		return t.body[begin+1 : t.at-1], nil
	}
	var text string
	err := json.Unmarshal([]byte(t.body[begin:t.at]), &text)
	return text, err
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
