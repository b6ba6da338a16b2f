package bridge

import (
	"cmp"
	"maps"
	"slices"

	"scimbridge/scim"
)

// Limits is the configuration's `limits` section: what one request may cost, and how many there may be. Where one is 0, the default holds.
type Limits struct {
	LookThrough     int `koanf:"lookThrough"`     // entries that a sort, or a filter beyond LDAP, may look through
	BulkOperations  int `koanf:"bulkOperations"`  // operations of a bulk request; announced
	BulkPayload     int `koanf:"bulkPayload"`     // bytes of a bulk request; announced
	Page            int `koanf:"page"`            // resources on a page; announced
	PatchOperations int `koanf:"patchOperations"` // operations of a PATCH, beside those on members
	Values          int `koanf:"values"`          // of one attribute, other than members
	FilterLength    int `koanf:"filterLength"`    // bytes of a filter
	FilterTerms     int `koanf:"filterTerms"`     // comparisons of a filter
	FilterDepth     int `koanf:"filterDepth"`     // parentheses in parentheses of a filter, 500 at the most
	Requests        int `koanf:"requests"`        // of one caller at a time; of all callers twice as many
	Working         int `koanf:"working"`         // of these, that are worked on at a time, while the others wait; so
	Rate            int `koanf:"rate"`            // requests a second of one caller; 0: any
}

// The defaults.
const (
	DefaultLookThrough    = 100_000 // reading so many entries takes seconds, and a few dozen MiB
	DefaultBulkOperations = 1_000   // each is a write or two: some seconds against a quick directory
	DefaultBulkPayload    = 2 << 20 // a thousand users as Entra sends them
	DefaultMaxPage        = 1_000   // a page of users is a megabyte; more do not come faster
	DefaultWorking        = 64      // more at a time are no faster: they would wait in the directory
	DefaultRequests       = 256     // far more than any client has under way; each holds a few hundred KiB at the most
)

// maxFilterDepth is what servers surely take.
const maxFilterDepth = 500

// Check reports what is wrong with the limits by key path.
func (l *Limits) Check(report func(path, problem string)) {
	of := map[string]int{
		"lookThrough": l.LookThrough, "bulkOperations": l.BulkOperations, "bulkPayload": l.BulkPayload, "page": l.Page,
		"patchOperations": l.PatchOperations, "values": l.Values, "filterLength": l.FilterLength, "filterTerms": l.FilterTerms,
		"filterDepth": l.FilterDepth, "requests": l.Requests, "working": l.Working, "rate": l.Rate,
	}
	for _, path := range slices.Sorted(maps.Keys(of)) {
		if of[path] < 0 {
			report(path, "must be positive")
		}
	}
	if l.FilterDepth > maxFilterDepth {
		report("filterDepth", "must be at most 500: servers drop a connection for what is nested deeper than about 1,000")
	}
}

// WithDefaults are the limits with what holds where one is 0.
func (l Limits) WithDefaults() Limits {
	r := l.ofRequest().WithDefaults()
	l.PatchOperations, l.Values = r.PatchOperations, r.Values
	l.FilterLength, l.FilterTerms, l.FilterDepth = r.FilterLength, r.FilterTerms, r.FilterDepth
	l.LookThrough = cmp.Or(l.LookThrough, DefaultLookThrough)
	l.BulkOperations = cmp.Or(l.BulkOperations, DefaultBulkOperations)
	l.BulkPayload = cmp.Or(l.BulkPayload, DefaultBulkPayload)
	l.Page = cmp.Or(l.Page, DefaultMaxPage)
	l.Requests = cmp.Or(l.Requests, DefaultRequests)
	l.Working = cmp.Or(l.Working, DefaultWorking)
	return l
}

// ofRequest is what of the limits is seen while a request is read.
func (l Limits) ofRequest() scim.Limits {
	return scim.Limits{
		PatchOperations: l.PatchOperations, Values: l.Values,
		FilterLength: l.FilterLength, FilterTerms: l.FilterTerms, FilterDepth: l.FilterDepth,
	}
}
