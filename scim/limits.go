package scim

import "cmp"

// Limits is what a request may hold, so that a hostile one costs little. Where one is 0, the default holds.
type Limits struct {
	Values          int // of an attribute; references have no limit but the body's: a group has as many members as it has
	PatchOperations int // beside those on members
	FilterLength    int // octets
	FilterTerms     int // comparisons
	FilterDepth     int // parentheses in parentheses
}

// The defaults.
const (
	DefaultValues          = 10_000    // no account has so many mails or certificates; each costs the directory a value
	DefaultPatchOperations = 1_000     // each looks at every value of its attribute; clients send a dozen
	DefaultFilterLength    = 256 << 10 // a remove of a thousand members by id takes 60 kB
	DefaultFilterTerms     = 5_000     // the directory looks at as many for each entry that no index leaves out
	DefaultFilterDepth     = 50        // people write three; servers drop a connection from about 1,000 on
)

// WithDefaults has no limit that is 0.
func (l Limits) WithDefaults() Limits {
	return Limits{
		Values:          cmp.Or(l.Values, DefaultValues),
		PatchOperations: cmp.Or(l.PatchOperations, DefaultPatchOperations),
		FilterLength:    cmp.Or(l.FilterLength, DefaultFilterLength),
		FilterTerms:     cmp.Or(l.FilterTerms, DefaultFilterTerms),
		FilterDepth:     cmp.Or(l.FilterDepth, DefaultFilterDepth),
	}
}
