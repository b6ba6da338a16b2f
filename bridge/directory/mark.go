package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Mark returns a text that every write below the bases, whoever writes, changes before it is confirmed. It is "" where the server keeps
// none, cannot be asked for it, or has yet to be seen to change it: a naming context's that came with a copy of another server's database
// stands still.
func (c *Client) Mark(ctx context.Context, bases []string) string {
	s, err := c.Server(ctx)
	if err != nil || s.MarkAttribute == "" {
		return ""
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
			return ""
		}
		mark := fmt.Sprint(e.Attributes) // 389 Directory Server has one for each database, by an option
		if first, _ := c.marks.LoadOrStore(at, mark); first == mark && s.MarkInContext {
			still = true
		}
		fmt.Fprintf(&marks, "%s %s\n", at, mark)
	}
	if still {
		return ""
	}
	return marks.String()
}
