package bridge

import (
	"context"
	"errors"
	"slices"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// linkOrRun links the entry that the map's keys find, or else runs the creation. An entry that is another's by the time it is to be
// written, or gone, is no longer found.
func (c *creation) linkOrRun(ctx context.Context, body []byte) (*Result, error) {
	correlation := draft.Correlate(c.typ, c.resource)
	search := correlation.Search()
	if search == nil {
		return c.runOrComplete(ctx, body)
	}
	ctx, end := directory.OneWay(ctx)
	defer end()
	for n := range attempts {
		if err := pause(ctx, n); err != nil {
			return nil, err
		}
		found, err := c.whole(ctx, *search, c.attributes(c.typ, nil))
		if err != nil {
			return nil, err
		}
		e, err := correlation.One(found)
		switch {
		case err != nil:
			return nil, err
		case e == nil:
			return c.runOrComplete(ctx, body)
		}
		result, err := c.write(ctx, c.linking(correlation, e))
		if !errors.Is(err, errNotFound) {
			return result, err
		}
	}
	return nil, &directory.Error{Reason: reason.LostRace}
}

func (c *creation) linking(correlation draft.Correlation, e *ldif.Entry) *linking {
	l := &linking{
		update:      update{request: c.request, id: c.typ.ID(e), ids: slices.Concat(draft.ResourceIDs(c.typ, c.resource), c.members)},
		correlation: correlation, found: e, resource: c.resource, members: c.members,
	}
	if len(l.members) > 0 { // who of them is there already
		l.found, l.whole = nil, true
	}
	return l
}

// correlated answers a query that found nobody by whoever has the value where the map's keys say so: a client that asks before it creates
// links what a POST would.
func (l *listing) correlated(ctx context.Context, p *part, none *List) (*List, error) {
	correlation := draft.CorrelateQuery(p.t, p.filter)
	s := correlation.Search()
	if s == nil {
		return none, nil
	}
	wants := func(ref schema.Ref) bool { return p.p.Wants(ref) || p.judges(ref) || correlation.Reads(ref) }
	entries, refs, all, err := l.search(ctx, p, wants, s.Filter)
	switch {
	case err != nil:
		return nil, err
	case !all:
		return nil, &scim.Error{Type: scim.TooMany, Detail: "what the map's match finds for the value is more than a page holds"}
	}
	p.remainder = nil // what is found is without the value that is asked for
	return l.listed(p, l.matching(0, correlation.Meant(entries), refs), refs), nil
}
