package ldif

import "strings"

// Everything and Nothing are filters that every server evaluates: one matches every entry, one none.
const (
	Everything = "(objectClass=*)"
	Nothing    = "(!(objectClass=*))"
)

// Equality is the filter for entries that hold the value.
func Equality(attribute, value string) string {
	return "(" + attribute + "=" + EscapeFilter(value) + ")"
}

// Presence is the filter for entries that hold any value.
func Presence(attribute string) string { return "(" + attribute + "=*)" }

// AllOf joins filters that must all match. Empty ones do not count.
func AllOf(filters ...string) string { return combine('&', Everything, Nothing, filters) }

// AnyOf joins filters of which one must match. Empty ones do not count.
func AnyOf(filters ...string) string { return combine('|', Nothing, Everything, filters) }

// combine joins filters, leaving out the neutral ones and giving in to an absorbing one.
func combine(operator byte, neutral, absorbing string, filters []string) string {
	var kept []string
	for _, f := range filters {
		if f == absorbing {
			return absorbing
		}
		if f != neutral && f != "" {
			kept = append(kept, f)
		}
	}
	switch len(kept) {
	case 0:
		return neutral
	case 1:
		return kept[0]
	}
	return "(" + string(operator) + strings.Join(kept, "") + ")"
}
