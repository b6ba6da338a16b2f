package compile

import (
	"strings"

	"scimbridge/scim/schema"
)

// DidYouMean is the question behind a name that is not known: "; did you mean title?", or "" where none of the words is near.
func DidYouMean(typed string, words []string) string {
	if meant := Nearest(typed, words); meant != "" {
		return "; did you mean " + meant + "?"
	}
	return ""
}

// Nearest is the word that was probably meant, or "": the same but for case, about a third of its letters, or what follows behind one or
// the other. The owner that two paths share does not count.
func Nearest(typed string, words []string) string {
	const stem = 4 // letters that two words begin with, where one is the other and more: lowercase, lower
	best, least := "", 0
	for _, word := range words {
		if word == typed { // it is not the name that is wrong
			return ""
		}
		a, b := strings.ToLower(typed), strings.ToLower(word)
		if i := strings.LastIndexAny(a, ".:"); i >= 0 && strings.HasPrefix(b, a[:i+1]) {
			a, b = a[i+1:], b[i+1:]
		}
		d, n := distance(a, b), max(len(a), len(b))
		longer := min(len(a), len(b)) > stem && !strings.ContainsAny(a+b, ".:") && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
		near := d <= (n+1)/3 && d < n-1 || longer
		if near && (best == "" || d < least) {
			best, least = word, d
		}
	}
	return best
}

// paths are those of all attributes of a type.
func paths(rt *schema.ResourceType) []string {
	var all []string
	add := func(extension *schema.Schema, attributes []*schema.Attribute) {
		for _, a := range attributes {
			all = append(all, schema.Ref{Extension: extension, Attr: a}.String())
			for _, sub := range a.SubAttributes {
				all = append(all, schema.Ref{Extension: extension, Attr: a, Sub: sub}.String())
			}
		}
	}
	add(nil, rt.Core.Attributes)
	for _, e := range rt.Extensions {
		add(e.Schema, e.Schema.Attributes)
	}
	return all
}

// withoutFilter is a path without what stands in brackets.
func withoutFilter(path string) string {
	head, rest, _ := strings.Cut(path, "[")
	_, tail, _ := strings.Cut(rest, "]")
	return head + tail
}

// distance is Levenshtein's: how many letters must be put in, taken out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
