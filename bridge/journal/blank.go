package journal

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"scimbridge/scim"
)

// notShown stands in the place of a secret.
const notShown = "(not shown)"

// Blank is a request's body without the values of secret attributes, which are named in lower case: as members of any object, with an URN
// or a dotted path before them, and as the value of a PATCH operation whose path mentions one. What cannot be read is left out whole: nil.
func Blank(body []byte, secrets []string) []byte {
	if !json.Valid(body) {
		return nil
	}
	lower := bytes.ReplaceAll(bytes.ToLower(body), []byte(longS), []byte("s"))
	mentions := func(name string) bool { return bytes.Contains(lower, []byte(name)) }
	if !bytes.ContainsRune(body, '\\') && !slices.ContainsFunc(secrets, mentions) { // an escaped letter hides a name
		return body
	}
	object, err := scim.Decode(body)
	if err != nil {
		return nil
	}
	return appendBlanked(nil, object, secrets)
}

// longS is an s to who compares names without case (strings.EqualFold), as the protocol does, and none to who lowers them. There is no
// other such letter of ASCII's.
const longS = "\u017f"

// fold is the name as those of secrets are written.
func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), longS, "s") }

func appendBlanked(b []byte, v any, secrets []string) []byte {
	switch v := v.(type) {
	case scim.Object:
		path, _ := v.Get("path")
		text, _ := path.(string)
		folded := fold(text)
		hidden := slices.ContainsFunc(secrets, func(name string) bool { return strings.Contains(folded, name) })
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, m.Name), ':')
			switch {
			case isSecretName(m.Name, secrets), hidden && strings.EqualFold(m.Name, "value"):
				b = appendText(b, notShown)
			case hidden && strings.EqualFold(m.Name, "path"):
				path, _, _ := strings.Cut(text, "[")
				b = appendText(b, path)
			default:
				b = appendBlanked(b, m.Value, secrets)
			}
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendBlanked(b, item, secrets)
		}
		return append(b, ']')
	case string:
		return appendText(b, v)
	}
	text, _ := json.Marshal(v) // nil, bool and json.Number do not fail
	return append(b, text...)
}

func appendText(b []byte, text string) []byte {
	b, _ = scim.AppendJSON(b, text) // a string does not fail
	return b
}

// isSecretName says whether the name of a member, or a part of it, is that of a secret.
func isSecretName(name string, secrets []string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(fold(name), func(r rune) bool { return r == ':' || r == '.' }),
		func(part string) bool { return slices.Contains(secrets, part) })
}
