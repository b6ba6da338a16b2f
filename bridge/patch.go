package bridge

import (
	"context"
	"slices"

	"scimbridge/ldapmap/draft"
	"scimbridge/scim/patch"
)

// Patch changes a resource (RFC 7644 §3.5.2): one search, one modify, the read-back where the directory shows no post-read. A change of
// members goes out as added and deleted values and never reads the list, unless the whole list is replaced. A group is answered without a
// body unless attributes are asked for: clients send its members one by one and want no list back.
func (b *Bridge) Patch(ctx context.Context, c Call, typ, id string, body []byte, v View) (*Result, error) {
	r, err := b.begin(ctx, c, "patch", typ, v)
	if err != nil {
		return nil, err
	}
	ops, dropped, err := r.operationsIn(id, body)
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		r.shown.Specify(op.Path.Attr.Ref)
	}
	p := &patching{update: update{request: r, id: id}, ops: ops, said: ops}
	if r.typ.HasMembers() {
		var split bool
		p.ops, p.members, split = patch.SplitMembers(ops, "members")
		p.whole, p.silent = !split || p.members.Replace, !r.shown.Named()
	}
	p.ids = slices.Concat(draft.OperationIDs(r.typ, p.ops), p.members.Add, p.members.Remove)
	r.accounts(body)
	result, err := r.write(ctx, p)
	return r.answered(ctx, result.dropping(dropped), err)
}

// patching is the intent of a PATCH.
type patching struct {
	update
	said    patch.Ops
	ops     patch.Ops     // of them, what is not about members alone
	members patch.Members // what is
}

func (p *patching) want(ctx context.Context, s seen) (draft.Write, error) {
	after, err := p.ops.Apply(ctx, s.before, p.typ.Resource, p.dialect)
	if err != nil {
		return draft.Write{}, err
	}
	members := draft.Members{Add: p.members.Add, Remove: p.members.Remove}
	switch {
	case p.members.Replace:
		members = draft.Replaced(p.typ, s.entry, s.refs, draft.MemberIDs(p.typ, s.before), p.members.Add)
	case p.whole:
		members = draft.Replaced(p.typ, s.entry, s.refs, draft.MemberIDs(p.typ, s.before), draft.TakeMembers(p.typ, after))
	}
	return p.change(s, after, members, p.said), nil
}
