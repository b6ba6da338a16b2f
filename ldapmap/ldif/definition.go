package ldif

import (
	"errors"
	"fmt"
	"strings"
)

// definition is the common form of RFC 4512 §4.1: an OID, then keywords, each with one value, a list of values, or none.
type definition struct {
	oid    string
	values map[string][]string // by keyword in capitals
}

func (d definition) has(keyword string) bool { _, ok := d.values[keyword]; return ok }

func (d definition) first(keyword string) string {
	if v := d.values[keyword]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// arity says how many values the keywords of RFC 4512 take. Others are extensions: they take what stands there.
var arity = map[string]int{
	"OBSOLETE": 0, "SINGLE-VALUE": 0, "COLLECTIVE": 0, "NO-USER-MODIFICATION": 0, "ABSTRACT": 0, "STRUCTURAL": 0, "AUXILIARY": 0,
	"NAME": 1, "DESC": 1, "SUP": 1, "EQUALITY": 1, "ORDERING": 1, "SUBSTR": 1, "SYNTAX": 1, "USAGE": 1,
	"MUST": 1, "MAY": 1, "AUX": 1, "NOT": 1,
}

// parseDefinition reads a definition as servers write it: an OID that is a name (389-ds: `nsuniqueid-oid`), quotes around OIDs
// (Active Directory), extensions with a bare word, and a list without the spaces that the RFC asks for.
func parseDefinition(text string) (definition, error) {
	tokens, err := definitionTokens(text)
	if err != nil {
		return definition{}, err
	}
	if len(tokens) < 3 || !tokens[0].is("(") || !tokens[len(tokens)-1].is(")") {
		return definition{}, errors.New("not enclosed in parentheses")
	}
	tokens = tokens[1 : len(tokens)-1]
	if tokens[0].punctuation() || tokens[0].text == "" {
		return definition{}, errors.New("no object identifier")
	}
	d := definition{oid: tokens[0].text, values: make(map[string][]string)}
	for tokens = tokens[1:]; len(tokens) > 0; {
		if tokens[0].quoted || tokens[0].punctuation() {
			return definition{}, fmt.Errorf("%q where a keyword should stand", tokens[0].text)
		}
		keyword := strings.ToUpper(tokens[0].text)
		tokens = tokens[1:]
		count, known := arity[keyword]
		if !known && len(tokens) > 0 && (tokens[0].quoted || tokens[0].is("(") || !tokens[0].keyword()) {
			count = 1
		}
		var values []string
		if count == 1 {
			if values, tokens, err = definitionValues(tokens); err != nil {
				return definition{}, fmt.Errorf("%s: %w", keyword, err)
			}
		}
		if !d.has(keyword) {
			d.values[keyword] = values
		}
	}
	return d, nil
}

// definitionValues takes one value or a list in parentheses off the tokens.
func definitionValues(tokens []token) ([]string, []token, error) {
	if len(tokens) == 0 {
		return nil, nil, errors.New("no value")
	}
	if !tokens[0].is("(") {
		if tokens[0].punctuation() {
			return nil, nil, fmt.Errorf("%q where a value should stand", tokens[0].text)
		}
		return []string{tokens[0].text}, tokens[1:], nil
	}
	values := []string{}
	for i, t := range tokens[1:] {
		switch {
		case t.is(")"):
			return values, tokens[i+2:], nil
		case t.is("("):
			return nil, nil, errors.New("a list within a list")
		case !t.is("$"):
			values = append(values, t.text)
		}
	}
	return nil, nil, errors.New("a list that does not end")
}

type token struct {
	text   string
	quoted bool
}

func (t token) is(mark string) bool { return !t.quoted && t.text == mark }

func (t token) punctuation() bool { return t.is("(") || t.is(")") || t.is("$") }

func (t token) keyword() bool {
	_, known := arity[strings.ToUpper(t.text)]
	return !t.quoted && (known || strings.HasPrefix(strings.ToUpper(t.text), "X-"))
}

func definitionTokens(text string) ([]token, error) {
	var tokens []token
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		switch {
		case text == "":
			return tokens, nil
		case text[0] == '\'':
			end := quoteEnd(text)
			if end < 0 {
				return nil, errors.New("a quote that does not end")
			}
			tokens = append(tokens, token{unquote.Replace(text[1:end]), true})
			text = text[end+1:]
		case strings.ContainsRune("()$", rune(text[0])):
			tokens = append(tokens, token{text: text[:1]})
			text = text[1:]
		default:
			end := strings.IndexAny(text, " \t\r\n()$'")
			if end < 0 {
				end = len(text)
			}
			tokens = append(tokens, token{text: text[:end]})
			text = text[end:]
		}
	}
}

var unquote = strings.NewReplacer(`\27`, `'`, `\5C`, `\`, `\5c`, `\`)

// quoteEnd finds the quote that closes the one at the start. One within a word does not: descriptions hold apostrophes that
// should have been escaped.
func quoteEnd(text string) int {
	for i := 1; i < len(text); i++ {
		if text[i] == '\'' && (i+1 == len(text) || strings.IndexByte(" \t\r\n)$'", text[i+1]) >= 0) {
			return i
		}
	}
	return -1
}
