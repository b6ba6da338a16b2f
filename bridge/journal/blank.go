package journal

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"scimbridge/scim"
)

// notShown stands in the place of a secret.
const notShown = "(not shown)"

// words tell of a secret in a name that no map knows, wherever they stand in it. `secretary` is none.
var words = []string{"passw", "passphrase", "passcode", "pwd", "secret"}

// Blank is a request's body without the values of secret attributes, which are named in lower case: as members of any object, with an URN
// or a dotted path before them, and as the value of a PATCH operation whose path mentions one; and without what a name says of by itself
// that it is secret. The same text is blanked wherever else it stands as a value. What cannot be read is left out whole: nil.
func Blank(body []byte, secrets []string) []byte {
	if !json.Valid(body) {
		return nil
	}
	lower := bytes.ReplaceAll(bytes.ToLower(body), []byte(longS), []byte("s"))
	mentions := func(name string) bool { return bytes.Contains(lower, []byte(name)) }
	if !bytes.ContainsRune(body, '\\') && !slices.ContainsFunc(secrets, mentions) && // an escaped letter hides a name
		!slices.ContainsFunc(words, mentions) {
		return body
	}
	object, err := scim.Decode(body)
	if err != nil {
		return nil
	}
	k := blanks{secrets: secrets, words: words, texts: map[string]bool{}}
	blanked := k.append(nil, object)
	if len(k.texts) > 0 {
		blanked = k.append(nil, object)
	}
	return blanked
}

// longS is an s to who compares names without case (strings.EqualFold), as the protocol does, and none to who lowers them. There is no
// other such letter of ASCII's.
const longS = "\u017f"

// fold is the name as those of secrets are written.
func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), longS, "s") }

// blanks are what is blanked; the zero value is nothing.
type blanks struct {
	secrets, words []string
	texts          map[string]bool // that were blanked so far
}

func (k blanks) append(b []byte, v any) []byte {
	switch v := v.(type) {
	case scim.Object:
		path, _ := v.Get("path")
		text, _ := path.(string)
		hidden := k.isSecretPath(text)
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, m.Name), ':')
			switch {
			case k.isSecret(m.Name, m.Value), hidden && strings.EqualFold(m.Name, "value"):
				k.note(m.Value)
				b = appendText(b, notShown)
			case hidden && strings.EqualFold(m.Name, "path"):
				attribute, _, _ := strings.Cut(text, "[")
				b = appendText(b, attribute)
			default:
				b = k.append(b, m.Value)
			}
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = k.append(b, item)
		}
		return append(b, ']')
	case string:
		if k.texts[v] {
			v = notShown
		}
		return appendText(b, v)
	case json.Number:
		if k.texts[v.String()] {
			return appendText(b, notShown)
		}
	}
	text, _ := json.Marshal(v) // nil, bool and json.Number do not fail
	return append(b, text...)
}

func appendText(b []byte, text string) []byte {
	b, _ = scim.AppendJSON(b, text) // a string does not fail
	return b
}

// isSecret says whether the name of a member, or a part of it, is that of a secret, or tells of one. Yes and no are none.
func (k blanks) isSecret(name string, v any) bool {
	folded := fold(name)
	if slices.ContainsFunc(strings.FieldsFunc(folded, func(r rune) bool { return r == ':' || r == '.' }),
		func(part string) bool { return slices.Contains(k.secrets, part) }) {
		return true
	}
	_, is := v.(bool)
	return !is && v != nil && k.tells(folded)
}

// tells says whether a name, behind its URN, tells of a secret.
func (k blanks) tells(folded string) bool {
	name := strings.ReplaceAll(folded[strings.LastIndexByte(folded, ':')+1:], "secretar", "")
	return slices.ContainsFunc(k.words, func(word string) bool { return strings.Contains(name, word) })
}

// literal is a text in a path's filter.
var literal = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// isSecretPath says whether an operation's path mentions a secret, or one that was blanked elsewhere. What it compares with is one then.
func (k blanks) isSecretPath(path string) bool {
	folded := fold(path)
	attribute, _, filtered := strings.Cut(folded, "[")
	var texts []string
	if filtered {
		for _, quoted := range literal.FindAllString(path, -1) {
			text := ""
			if json.Unmarshal([]byte(quoted), &text) == nil {
				texts = append(texts, text)
			}
		}
	}
	switch {
	case k.tells(attribute), slices.ContainsFunc(k.secrets, func(name string) bool { return strings.Contains(folded, name) }):
		for _, text := range texts {
			k.note(text)
		}
		return true
	}
	return slices.ContainsFunc(texts, func(text string) bool { return k.texts[text] })
}

// note has what is blanked blanked elsewhere too.
func (k blanks) note(v any) {
	switch v := v.(type) {
	case scim.Object:
		for _, m := range v {
			k.note(m.Value)
		}
	case []any:
		for _, item := range v {
			k.note(item)
		}
	case string:
		if v != "" {
			k.texts[v] = true
		}
	case json.Number:
		k.texts[v.String()] = true
	}
}
