package compile

import (
	"cmp"
	"slices"
	"strings"

	"scimbridge/scim/schema"
)

// DidYouMean is the question behind a name that is not known: "; did you mean title?", or "" where none of the words is near.
func DidYouMean(typed string, words []string) string {
	if meant := Nearest(typed, words); len(meant) > 0 {
		return "; did you mean " + strings.Join(meant, " or ") + "?"
	}
	return ""
}

// Nearest are the words that may have been meant, the nearest first: three at most, and none that is more than a letter further off. One is
// near that is the same but for case, which leaves no doubt, or for about a third of its letters, or for what follows behind one or the
// other. The owner that two paths share does not count.
func Nearest(typed string, words []string) []string {
	const (
		stem = 4 // letters that two words begin with, where one is the other and more: lowercase, lower
		most = 3
	)
	var near []string
	away := map[string]int{}
	for _, word := range words {
		if word == typed { // it is not the name that is wrong
			return nil
		}
		a, b := strings.ToLower(typed), strings.ToLower(word)
		if i := strings.LastIndexAny(a, ".:"); i >= 0 && strings.HasPrefix(b, a[:i+1]) {
			a, b = a[i+1:], b[i+1:]
		}
		d, n := distance(a, b), max(len(a), len(b))
		longer := min(len(a), len(b)) > stem && !strings.ContainsAny(a+b, ".:") && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
		if _, twice := away[word]; !twice && (d <= (n+1)/3 && d < n-1 || longer) {
			near = append(near, word)
			away[word] = d
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(away[a], away[b]) })
	for i, word := range near {
		if least := away[near[0]]; i == most || away[word] > least+min(least, 1) {
			return near[:i]
		}
	}
	return near
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

// distance is how many letters must be put in, taken out, changed, or swapped with the next (Damerau and Levenshtein).
func distance(a, b string) int {
	twoBack, back, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		twoBack, back, row = back, row, twoBack
		row[0] = i + 1
		for j := range len(b) {
			change := back[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, back[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], twoBack[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
