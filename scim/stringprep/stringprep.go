// Package stringprep prepares texts to be compared (RFC 4518, RFC 7644 §7.8): what a reader takes for one text is one, however it is
// composed, as wide as it is, in whichever case, with as many spaces. Nothing is stored prepared.
package stringprep

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Equal says whether SCIM takes two texts for equal where case does not count.
func Equal(a, b string) bool { return a == b || Key(a) == Key(b) }

// Key is what texts that are Equal have in common.
func Key(v string) string { return Squeeze(Fold(v), true, true) }

// Fold takes texts for one that differ in a letter's case, in composition, in width or in another form of compatibility: all that a
// directory does (Lower), all that simple case folding does (strings.EqualFold), and a dot above an i, with which İ is written in two ways.
func Fold(v string) string {
	if isASCII(v) {
		return strings.ToLower(v)
	}
	var b strings.Builder
	dotted := false // behind an i, with no other mark above it
	for _, r := range norm.NFKD.String(v) {
		r = letter(r)
		switch {
		case dotted && r == dotAbove:
			continue
		case r == 'i':
			dotted = true
		case dotted:
			class := norm.NFD.PropertiesString(string(r)).CCC()
			dotted = class > 0 && class < above
		}
		b.WriteRune(r)
	}
	return norm.NFKC.String(b.String())
}

const (
	dotAbove = '\u0307'
	above    = 230 // the combining class of marks above a letter
)

// letter stands for all letters that simple folding takes for one: the first of them in lower case, so that the order is the alphabet's.
func letter(r rune) rune {
	if unicode.IsMark(r) { // ᾳ is not αι
		return r
	}
	first, lower := r, rune(unicode.MaxRune+1)
	for next := unicode.SimpleFold(r); ; next = unicode.SimpleFold(next) {
		first = min(first, next)
		if unicode.IsLower(next) {
			lower = min(lower, next)
		}
		if next == r {
			break
		}
	}
	if lower > unicode.MaxRune {
		return unicode.ToLower(first)
	}
	return lower
}

// Lower prepares a text for caseIgnoreMatch as OpenLDAP does: every letter by itself in lower case, and then Exact. The case folding of
// RFC 4518 §2.2, which takes ß for ss, is no server's.
func Lower(v string) string {
	if isASCII(v) {
		return strings.ToLower(v)
	}
	return norm.NFKC.String(strings.Map(unicode.ToLower, v))
}

// Exact prepares a text for caseExactMatch (RFC 4518 §2.3).
func Exact(v string) string { return norm.NFKC.String(v) }

// Squeeze drops the spaces of a part of a text that do not count (RFC 4518 §2.6.1): of several in a row all but one, at the text's
// beginning and end all.
func Squeeze(part string, first, last bool) string {
	if first {
		part = strings.TrimLeft(part, " ")
	}
	if last {
		part = strings.TrimRight(part, " ")
	}
	for strings.Contains(part, "  ") {
		part = strings.ReplaceAll(part, "  ", " ")
	}
	return part
}

// Spellings are the forms of a text in which a directory may hold it that compares letters as they are: as it is, composed, decomposed, and
// without what stands for compatibility alone; each with the sigma at the end of words as it is, final, or like every other, for the
// capital stands for both; and with a plain i.
func Spellings(v string) []string {
	if isASCII(v) {
		return []string{v}
	}
	all := []string{v, norm.NFC.String(v), norm.NFD.String(v), norm.NFKC.String(v)}
	for _, spelling := range all[:len(all):len(all)] {
		all = append(all, strings.ReplaceAll(spelling, "ς", "σ"), withFinalSigmas(spelling))
	}
	for _, spelling := range all[:len(all):len(all)] {
		all = append(all, strings.NewReplacer("İ", "i", "I\u0307", "i").Replace(spelling))
	}
	var different []string
	for _, spelling := range all {
		if !slices.Contains(different, spelling) {
			different = append(different, spelling)
		}
	}
	return different
}

// withFinalSigmas gives each sigma the form of its place in the word.
func withFinalSigmas(v string) string {
	letters := []rune(v)
	isLetter := func(i int) bool {
		return i >= 0 && i < len(letters) && (unicode.IsLetter(letters[i]) || unicode.IsMark(letters[i]))
	}
	for i, r := range letters {
		switch isSigma := r == 'σ' || r == 'ς' || r == 'Σ'; {
		case isSigma && isLetter(i-1) && !isLetter(i+1):
			letters[i] = 'ς'
		case r == 'ς':
			letters[i] = 'σ'
		}
	}
	return string(letters)
}

func isASCII(v string) bool {
	for i := range len(v) {
		if v[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
