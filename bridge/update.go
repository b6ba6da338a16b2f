package bridge

import (
	"context"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// update is a change of a resource on its way to a Write: what PATCH and PUT have in common.
type update struct {
	b  *Bridge
	c  Call
	m  *ldapmap.Map
	t  *ldapmap.Type
	id string
	p  *scim.Projection

	ids   []string // of other resources, that the change names
	whole bool     // the members must be read to know what is to change
	// apply tells what the change makes of the resource. before holds the members where whole is set.
	apply func(before scim.Resource) (after scim.Resource, members draft.Members, err error)
}

// run carries the update out and shows the resource as it left it. silent answers without a body.
func (u *update) run(ctx context.Context, operation string, server *ldif.Server, silent bool) (*Result, error) {
	w := &writing{call: u.c, operation: operation, typ: u.t, world: u.m, server: server}
	wants := u.p.Wants
	if silent {
		wants = func(schema.Ref) bool { return false }
	}
	w.read = read.Attributes(u.t, wants)
	done, err := u.b.run(ctx, w, func() (draft.Write, ldapmap.Refs, error) { return u.look(ctx, w) })
	if err != nil {
		return nil, err
	}
	e := done.entry
	if silent {
		r := &Result{Location: u.b.location(u.c, u.t.Resource, u.id)}
		if e != nil && !done.plan.Empty() {
			r.Version = etag(u.t, e)
		}
		return r, nil
	}
	if e == nil || u.t.HasMembers() && !u.whole && u.p.Wants(u.t.MemberRef()) {
		if e, err = u.b.find(ctx, u.t, u.id, u.p.Wants); err != nil {
			return nil, err
		}
	}
	if u.t.HasMembers() {
		return u.b.present(ctx, u.c, u.m, u.t, e, u.p)
	}
	return u.b.show(u.c, u.t, e, done.refs, u.p), nil
}

// look reads the entry and tells what the change makes of it.
func (u *update) look(ctx context.Context, w *writing) (want draft.Write, refs ldapmap.Refs, err error) {
	wants := func(schema.Ref) bool { return true }
	if !u.whole {
		wants = nil
	}
	e, err := u.b.find(ctx, u.t, u.id, wants)
	if err != nil {
		return want, refs, err
	}
	if !w.touched {
		if err := checkMatch(u.c.IfMatch, u.t, e); err != nil {
			return want, refs, err
		}
	}
	if refs, err = u.b.refs(ctx, u.m, u.ids, read.References(u.t, e, nil)); err != nil {
		return want, refs, err
	}
	before := read.Resource(u.t, e, refs)
	after, members, err := u.apply(before.Clone())
	if err != nil {
		return want, refs, err
	}
	draft.TakeMembers(u.t, before)
	draft.TakeMembers(u.t, after)
	return draft.Write{Entry: e, Before: before, After: after, Members: members, Exactly: u.c.IfMatch != "" && u.c.IfMatch != "*"}, refs, nil
}
