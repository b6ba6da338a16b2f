package directory

import (
	"context"
	"fmt"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// complete reads the rest of attributes of which Active Directory hands out a range at a time: `member;range=0-1499` becomes `member` with
// every value (MS-ADTS §3.1.1.3.1.3.3).
func (c *Client) complete(ctx context.Context, entries []*ldif.Entry) error {
	for _, e := range entries {
		for _, a := range ranged(e) {
			name, last, _ := rangeOf(a.Name)
			values := a.Values
			for last >= 0 {
				rest, err := c.one(ctx, e.DN, fmt.Sprintf("%s;range=%d-*", name, last+1))
				if err != nil {
					return err
				}
				last = -1
				for _, more := range rest.Attributes {
					if base, end, ok := rangeOf(more.Name); ok && strings.EqualFold(base, name) && len(more.Values) > 0 {
						values, last = append(values, more.Values...), end
					}
				}
			}
			e.Set(a.Name)
			e.Set(name)
			e.Set(name, values...)
		}
	}
	return nil
}

// ranged are the attributes of which the entry holds a range.
func ranged(e *ldif.Entry) (found []ldif.Attribute) {
	for _, a := range e.Attributes {
		if _, _, ok := rangeOf(a.Name); ok {
			found = append(found, a)
		}
	}
	return found
}

// rangeOf splits `member;range=0-1499`. last is -1 for `*`, the end.
func rangeOf(description string) (name string, last int, ranged bool) {
	name, option, options := strings.Cut(description, ";")
	if !options {
		return description, -1, false
	}
	first := 0
	if n, _ := fmt.Sscanf(strings.ToLower(option), "range=%d-%d", &first, &last); n == 2 {
		return name, last, true
	}
	if n, _ := fmt.Sscanf(strings.ToLower(option), "range=%d-", &first); n == 1 {
		return name, -1, true
	}
	return description, -1, false
}
