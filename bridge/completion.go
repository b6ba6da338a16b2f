package bridge

import (
	"context"
	"reflect"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/read"
)

// completion is the intent of a POST that is sent again.
type completion struct {
	update
	creation *creation
}

// complete does what an earlier POST of the same left to do of the entry with the id; errNotFound where that is no more, or is called
// something else by now.
func (c *creation) complete(ctx context.Context, id string) (*Result, error) {
	u := update{request: c.request, id: id, ids: c.members}
	return c.write(ctx, &completion{update: u, creation: c})
}

func (c *completion) look(ctx context.Context, _ history) (s seen, err error) {
	if s.entry, s.refs, err = c.findWith(ctx, c.typ, c.id, c.ids, false); err != nil {
		return s, err
	}
	s.before = read.Resource(c.typ, s.entry, s.refs)
	for _, r := range c.typ.Unique {
		if !reflect.DeepEqual(c.typ.SCIMValues(r, s.before), c.typ.SCIMValues(r, c.creation.resource)) {
			return s, errNotFound
		}
	}
	return s, nil
}

func (c *completion) want(_ context.Context, s seen) (draft.Write, error) {
	return c.change(s, s.before.Clone(), draft.Members{Add: c.creation.members}, nil), nil
}
