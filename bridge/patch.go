package bridge

import (
	"context"

	"scimbridge/ldapmap"
	"scimbridge/scim"
	"scimbridge/scim/patch"
	"scimbridge/scim/schema"
)

// Patch changes a resource (RFC 7644 §3.5.2): one search, one modify, the read-back where the directory shows no post-read. A change of
// members goes out as added and deleted values and never reads the list, unless the whole list is replaced. A group is answered without a
// body unless attributes are asked for: clients send its members one by one and want no list back.
func (b *Bridge) Patch(ctx context.Context, c Call, typ, id string, body []byte, v View) (*Result, error) {
	m, t, server, err := b.typed(ctx, typ)
	if err != nil {
		return nil, err
	}
	p, err := scim.NewProjection(t.ResourceType(), v.Attributes, v.Excluded)
	if err != nil {
		return nil, err
	}
	ops, _, err := patch.Parse(body, t.ResourceType())
	if err != nil {
		return nil, err
	}
	change := &patching{b: b, m: m, t: t, id: id, ops: ops}
	if t.HasMembers() {
		change.split()
	}
	silent := t.HasMembers() && !p.Named()
	w := &writing{call: c, operation: "patch", typ: t, world: m, server: server}
	if !silent {
		w.read = t.Attributes(p.Wants)
	}
	done, err := b.run(ctx, w, func() (ldapmap.Write, ldapmap.Refs, error) { return change.look(ctx) })
	switch {
	case err != nil:
		return nil, err
	case silent:
		return &Result{}, nil
	}
	e := done.entry
	if e == nil || t.HasMembers() && p.Wants(t.MemberRef()) {
		if e, err = b.find(ctx, t, id, p.Wants); err != nil {
			return nil, err
		}
		if t.HasMembers() {
			return b.present(ctx, c, m, t, e, p)
		}
	}
	return b.show(c, t, e, done.refs, p), nil
}

// patching is a PATCH on its way to a Write.
type patching struct {
	b   *Bridge
	m   *ldapmap.Map
	t   *ldapmap.Type
	id  string
	ops []patch.Op // without the member operations, where those are a delta

	members patch.Members
	whole   bool // the members must be read
}

// split takes the member operations out, where they can be said as values to add and to delete.
func (g *patching) split() {
	rest, members, ok := patch.SplitMembers(g.ops, "members")
	if !ok {
		g.whole = true
		return
	}
	g.ops, g.members, g.whole = rest, members, members.Replace
}

// look reads the entry and tells what the operations make of it.
func (g *patching) look(ctx context.Context) (want ldapmap.Write, refs ldapmap.Refs, err error) {
	wants := func(schema.Ref) bool { return true }
	if !g.whole {
		wants = nil
	}
	e, err := g.b.find(ctx, g.t, g.id, wants)
	if err != nil {
		return want, refs, err
	}
	ids := append(g.t.OperationIDs(g.ops), append(g.members.Add, g.members.Remove...)...)
	if refs, err = g.b.refs(ctx, g.m, ids, g.t.References(e, nil)); err != nil {
		return want, refs, err
	}
	before := g.t.Resource(e, refs)
	present := g.t.TakeMembers(before)
	input := before
	if g.whole && !g.members.Replace {
		input = g.t.Resource(e, refs) // the operations see the members
	}
	after, err := patch.Apply(input, g.ops, g.t.ResourceType())
	if err != nil {
		return want, refs, err
	}
	want = ldapmap.Write{Entry: e, Before: before, After: after}
	wanted := g.t.TakeMembers(after)
	switch {
	case g.members.Replace:
		want.Members = ldapmap.Delta(present, g.members.Add)
	case g.whole:
		want.Members = ldapmap.Delta(present, wanted)
	default:
		want.Members = ldapmap.Members{Add: g.members.Add, Remove: g.members.Remove}
	}
	return want, refs, nil
}
