package bridge

import (
	"context"

	"scimbridge/ldapmap/draft"
	"scimbridge/scim"
)

// Create makes a resource (RFC 7644 §3.3): one search for the values that it claims, the add, and the read after it, which also shows
// whether another add claimed the same at the same time. Where the map has keys (`match`), they are searched first, and an entry that they
// find is changed instead.
func (b *Bridge) Create(ctx context.Context, c Call, typ string, body []byte, v View) (*Result, error) {
	r, err := b.begin(ctx, c, "create", typ, v)
	if err != nil {
		return nil, err
	}
	r.foresees("")
	sent, err := scim.Decode(body)
	if err != nil {
		return nil, err
	}
	resource, dropped, err := r.resourceIn(sent)
	if err != nil {
		return nil, err
	}
	if err := scim.CheckRequired(resource, r.typ.Resource); err != nil {
		return nil, err
	}
	r.shown.SpecifyAll(resource)
	r.accounts(body)
	creation := &creation{request: r, members: draft.TakeMembers(r.typ, resource), resource: resource}
	result, err := creation.linkOrRun(ctx, body)
	return r.answered(ctx, result.dropping(dropped), err)
}

// creation is the intent of a POST.
type creation struct {
	*request
	resource scim.Resource // without its members
	members  []string
}

// look resolves what the new resource refers to; whether its values are taken is among the plan's needs.
func (c *creation) look(ctx context.Context, _ history) (s seen, err error) {
	s.refs, err = c.refs(ctx, c.typ, c.shown.Wants, append(draft.ResourceIDs(c.typ, c.resource), c.members...), nil, nil)
	return s, err
}

func (c *creation) want(context.Context, seen) (draft.Write, error) {
	return draft.Write{After: c.resource, Members: draft.Members{Add: c.members}}, nil
}

func (c *creation) reads() []string { return c.readsOfLeavers() } // an add shows nothing

func (c *creation) finish(ctx context.Context, done attempt) (*Result, error) {
	return c.showMade(ctx, done)
}
