package inspect

import (
	"context"

	"scimbridge/bridge/directory"
)

// Reached goes to the configured servers alone, and says why it is not bound, with what stands in the way of the others.
func Reached(ctx context.Context, o directory.Options, c *directory.Client) Findings {
	s := Subject{Directory: o, Place: func(string) string { return "" }}
	v := Survey{Meetings: c.Meet(ctx)}
	return s.located(reach(s, v))
}
