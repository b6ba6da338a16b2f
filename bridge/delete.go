package bridge

import (
	"context"
	"errors"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/read"
)

// Delete removes a resource (RFC 7644 §3.6), and first takes it out of what refers to it where the directory does not.
func (b *Bridge) Delete(ctx context.Context, c Call, typ, id string) error {
	m, t, server, err := b.typed(ctx, typ)
	if err != nil {
		return err
	}
	w := &writing{call: c, operation: "delete", typ: t, world: m, server: server}
	tried := false
	_, err = b.run(ctx, w, func() (want draft.Write, refs ldapmap.Refs, err error) {
		want.Entry, err = b.find(ctx, t, id, nil)
		if err == nil && !w.touched {
			err = checkMatch(c.IfMatch, t, want.Entry)
		}
		if err == nil {
			want.Before = read.Resource(t, want.Entry, refs)
			want.Exactly = c.IfMatch != "" && c.IfMatch != "*"
			tried = true
		}
		return want, refs, err
	})
	if tried && errors.Is(err, errNotFound) { // an attempt whose outcome was unknown did it, or another client
		return nil
	}
	return err
}
