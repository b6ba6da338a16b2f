package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// complete reads the rest of attributes of which Active Directory hands out a range at a time: `member;range=0-1499` becomes `member` with
// every value (MS-ADTS §3.1.1.3.1.3.3), and says by how many octets the entry grew. What is short never passes for the whole: whoever is
// missing in a list of members would stay in a group that is replaced, or be added once more.
func (c *Client) complete(ctx context.Context, e *ldif.Entry) (grown int, err error) {
	parts := ranged(e)
	if len(parts) == 0 {
		return 0, nil
	}
	before := e.Octets()
	for _, a := range parts {
		part, _ := rangeOf(a.Name)
		values, err := c.rest(ctx, e, part, a.Values)
		for n := 1; n < rangeTries && isMoving(err); n++ {
			values, err = c.list(ctx, e, part.of)
		}
		if err != nil {
			return 0, err
		}
		e.Set(a.Name)
		e.Set(part.of)
		e.Set(part.of, values...)
	}
	return e.Octets() - before, nil
}

// rangeTries is how often a list is read that changes while it is read.
const rangeTries = 3

// isMoving says that a list may have become another one while it was read: a range of it did not come, or not where it was to begin.
func isMoving(err error) bool {
	e, _ := errors.AsType[*Error](err)
	return e != nil && (e.Reason == reason.LostRace || e.Reason == reason.Failed)
}

// list reads an attribute from its first value to the last.
func (c *Client) list(ctx context.Context, e *ldif.Entry, name string) ([]string, error) {
	found, err := c.again(ctx, e, name)
	if err != nil {
		return nil, err
	}
	if part, values := partOf(found, name); part.of != "" {
		return c.rest(ctx, e, part, values)
	}
	return found.Values(name), nil
}

// rest adds to the values of a list's first range those that come behind it. Each further range begins with the last value of the one
// before: where that is another by now, values have come or gone before it, and some would be passed over.
func (c *Client) rest(ctx context.Context, e *ldif.Entry, at span, values []string) ([]string, error) {
	for at.last >= 0 {
		found, err := c.again(ctx, e, fmt.Sprintf("%s;range=%d-*", at.of, at.last))
		if err != nil {
			return nil, err
		}
		next, more := partOf(found, at.of)
		follows := next.first == at.last && len(more) > 0 && len(values) > 0 && more[0] == values[len(values)-1]
		if !follows || next.last >= 0 && next.last <= at.last {
			return nil, &Error{Reason: reason.LostRace, Cause: fmt.Errorf(
				"%s: %s: what the server hands out from value %d on does not continue what it handed out before", e.DN, at.of, at.last)}
		}
		values, at = append(values, more[1:]...), next
	}
	return values, nil
}

// again reads an attribute of an entry, wherever that is by now.
func (c *Client) again(ctx context.Context, e *ldif.Entry, attribute string) (*ldif.Entry, error) {
	dn := e.DN
	if server := c.learned(); server != nil && server.ID(e) != "" {
		dn = server.ByID(server.ID(e), dn)
	}
	return c.one(ctx, dn, attribute)
}

// span is which values of an attribute an answer holds.
type span struct {
	of    string // the attribute
	first int
	last  int // -1: to the end
}

// ranged are the attributes of which the entry holds a range.
func ranged(e *ldif.Entry) (found []ldif.Attribute) {
	for _, a := range e.Attributes {
		if _, ok := rangeOf(a.Name); ok {
			found = append(found, a)
		}
	}
	return found
}

// partOf is the range of an attribute that the entry holds; of nothing: none.
func partOf(e *ldif.Entry, name string) (span, []string) {
	for _, a := range ranged(e) {
		if at, _ := rangeOf(a.Name); strings.EqualFold(at.of, name) {
			return at, a.Values
		}
	}
	return span{}, nil
}

// rangeOf splits `member;range=0-1499`.
func rangeOf(description string) (at span, ranged bool) {
	name, option, options := strings.Cut(description, ";")
	if !options {
		return span{}, false
	}
	at = span{of: name, last: -1}
	option = strings.ToLower(option)
	if n, _ := fmt.Sscanf(option, "range=%d-%d", &at.first, &at.last); n == 2 {
		return at, true
	}
	n, _ := fmt.Sscanf(option, "range=%d-", &at.first)
	return at, n == 1
}
