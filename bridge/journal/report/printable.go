package report

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain is a text on one line of a terminal: what would move the cursor, change colours or turn the direction of writing is shown as
// \u001b.
func Plain(text string) string { return visible(text, false) }

// Lines is Plain of a text of several lines.
func Lines(text string) string { return visible(text, true) }

func visible(text string, several bool) string {
	hidden := func(r rune) bool { return !unicode.IsPrint(r) && (r != '\n' || !several) }
	if utf8.ValidString(text) && !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		_, width := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && width == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case !hidden(r):
			b.WriteRune(r)
		default:
			escape(&b, r)
		}
	}
	return b.String()
}

func escape(b *strings.Builder, r rune) {
	if r > 0xFFFF {
		fmt.Fprintf(b, `\u{%x}`, r)
		return
	}
	fmt.Fprintf(b, `\u%04x`, r)
}

// VisibleJSON is JSON that says the same without what a terminal would obey: it stands in strings alone.
func VisibleJSON(text []byte) []byte {
	hidden := func(r rune) bool { return r != '\n' && r <= 0xFFFF && !unicode.IsPrint(r) }
	if !bytes.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, r := range string(text) {
		if hidden(r) {
			escape(&b, r)
		} else {
			b.WriteRune(r)
		}
	}
	return []byte(b.String())
}
