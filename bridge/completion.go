package bridge

import (
	"context"
	"reflect"
	"slices"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
)

// completion is the intent of a POST that is sent again.
type completion struct {
	update
	creation *creation
	left     remnant
}

// complete does what an earlier POST of the same left to do; errNotFound where the entry is no more as that left it.
func (c *creation) complete(ctx context.Context, left remnant) (*Result, error) {
	u := update{request: c.request, id: left.id, ids: c.members}
	return c.write(ctx, &completion{update: u, creation: c, left: left})
}

func (c *completion) look(ctx context.Context, _ history) (s seen, err error) {
	if s.entry, s.refs, err = c.findWith(ctx, c.typ, c.id, c.ids, true); err != nil {
		return s, err
	}
	s.before = read.Resource(c.typ, s.entry, s.refs)
	if !c.isLeft(s.before) {
		return s, errNotFound
	}
	for _, r := range c.typ.Unique {
		if !reflect.DeepEqual(c.typ.SCIMValues(r, s.before), c.typ.SCIMValues(r, c.creation.resource)) {
			return s, errNotFound
		}
	}
	return s, nil
}

// isLeft says that the group has the first members of the request, as many as were confirmed or more, and nobody else. Where somebody has
// taken one out since, he stays out.
func (c *completion) isLeft(group scim.Resource) bool {
	held, _ := group["members"].([]any)
	if len(held) < c.left.members || len(held) > len(c.creation.members) {
		return false
	}
	first := map[any]bool{}
	for _, id := range c.creation.members[:len(held)] {
		first[id] = true
	}
	return !slices.ContainsFunc(held, func(m any) bool { return !first[m.(map[string]any)["value"]] })
}

func (c *completion) want(_ context.Context, s seen) (draft.Write, error) {
	return c.change(s, s.before.Clone(), draft.Members{Add: c.creation.members}, nil), nil
}
