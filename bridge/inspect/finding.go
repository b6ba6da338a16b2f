// Package inspect is what the map and a live directory say of one another: the findings of check. A check is a function over what was read,
// in a file of its own: a Subject, which is configured, and a Survey, which a directory showed.
package inspect

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Severity is how much a finding stands in the way.
type Severity string

// The severities, the worst first.
const (
	Error   Severity = "error"   // something cannot be done
	Warning Severity = "warning" // something will go wrong that need not
	Hint    Severity = "hint"    // something could be better, or could not be seen
)

var severities = []Severity{Error, Warning, Hint}

// AtLeast says whether it is as bad as another, or worse.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(severities, s) <= slices.Index(severities, other)
}

// Finding is one thing that was found.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`            // what kind of finding it is, the same in every version
	Place    string   `json:"place,omitempty"` // file:line:column, or an environment variable
	Key      string   `json:"key,omitempty"`   // of the configuration: resources[0].base[0]
	What     string   `json:"what"`
	Why      string   `json:"why,omitempty"`     // it matters
	Mend     string   `json:"mend,omitempty"`    // what to do, in words
	Line     string   `json:"line,omitempty"`    // of the configuration, that would mend it
	LDIF     string   `json:"ldif,omitempty"`    // that would mend it
	Command  string   `json:"command,omitempty"` // that would mend it, or show more; what loads the LDIF where there is one

	OfSchema bool `json:"-"` // it is what ldapmap found when the map was bound to the schema
}

// Log is what a log says of it.
func (f Finding) Log() []slog.Attr {
	attributes := []slog.Attr{slog.String("code", f.Code)}
	for _, part := range []struct{ name, text string }{
		{"place", f.Place},
		{"key", f.Key},
		{"problem", f.What},
		{"why", f.Why},
		{"mend", f.Mend},
		{"line", f.Line},
		{"ldif", f.LDIF},
		{"command", f.Command},
	} {
		if part.text != "" {
			attributes = append(attributes, slog.String(part.name, part.text))
		}
	}
	return attributes
}

// Findings are what was found.
type Findings []Finding

// Count is how many there are of a severity.
func (all Findings) Count(s Severity) (n int) {
	for _, f := range all {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Reach says whether one is as bad as a severity, or worse.
func (all Findings) Reach(s Severity) bool {
	return slices.ContainsFunc(all, func(f Finding) bool { return f.Severity.AtLeast(s) })
}

// Sums are their counts in words: 1 error, 2 hints; "" where there are none.
func (all Findings) Sums() string {
	var sums []string
	for _, s := range severities {
		switch n := all.Count(s); {
		case n == 1:
			sums = append(sums, "1 "+string(s))
		case n > 1:
			sums = append(sums, fmt.Sprintf("%d %ss", n, s))
		}
	}
	return strings.Join(sums, ", ")
}

// InOrder sorts them, the worst first, and those of one severity as they were found; what was found twice is left once.
func (all Findings) InOrder() Findings {
	once := Findings{}
	for _, f := range all {
		if !slices.Contains(once, f) {
			once = append(once, f)
		}
	}
	slices.SortStableFunc(once, func(a, b Finding) int {
		return cmp.Compare(slices.Index(severities, a.Severity), slices.Index(severities, b.Severity))
	})
	return once
}
