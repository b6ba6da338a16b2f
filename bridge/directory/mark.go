package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"scimbridge/bridge/reason"
)

// Mark returns a text that every write below the bases, whoever writes, changes before it is confirmed. It is "" where the server keeps
// none, does not show it, or has yet to be seen to change it: a naming context's that came with a copy of another server's database stands
// still. Where no server answers, that is the error: what would be asked next was to wait as long once more.
func (c *Client) Mark(ctx context.Context, bases []string) (string, error) {
	s, err := c.Server(ctx)
	if err != nil || s.MarkAttribute == "" {
		return "", unanswered(err)
	}
	var places []string
	for _, base := range bases {
		places = append(places, s.Marked(base))
	}
	slices.Sort(places)
	var marks strings.Builder
	still := false
	for _, place := range slices.Compact(places) {
		at := fmt.Sprintf("%d %s", c.pool.server(), place) // one server's mark is not another's
		e, err := c.one(ctx, place, s.MarkAttribute)
		if err != nil || len(e.Attributes) == 0 {
			return "", unanswered(err)
		}
		mark := fmt.Sprint(e.Attributes) // 389 Directory Server has one for each database, by an option
		if first, _ := c.marks.LoadOrStore(at, mark); first == mark && s.MarkInContext {
			still = true
		}
		fmt.Fprintf(&marks, "%s %s\n", at, mark)
	}
	if still {
		return "", nil
	}
	return marks.String(), nil
}

// unanswered is the error where nothing answered; nil: it is an answer, or none.
func unanswered(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Reason == reason.Unavailable {
		return err
	}
	return nil
}
