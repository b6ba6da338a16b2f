package bridge

import (
	"context"
	"slices"

	"scimbridge/ldapmap/draft"
	"scimbridge/scim"
	"scimbridge/scim/patch"
)

// Patch changes a resource (RFC 7644 §3.5.2): one search, one modify, the read-back where the directory shows no post-read. A change of
// members goes out as added and deleted values and never reads the list, unless the whole list is replaced. A group is answered without a
// body unless attributes are asked for: clients send its members one by one and want no list back.
func (b *Bridge) Patch(ctx context.Context, c Call, typ, id string, body []byte, v View) (*Result, error) {
	m, t, server, err := b.typed(ctx, typ)
	if err != nil {
		return nil, err
	}
	p, err := scim.NewProjection(t.Resource, b.dialect, v.Attributes, v.Excluded)
	if err != nil {
		return nil, err
	}
	ops, dropped, err := b.operationsIn(c, t.Resource, body)
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		p.Specify(op.Path.Attr.Ref)
	}
	var delta patch.Members
	asDelta := false
	if t.HasMembers() {
		if rest, members, ok := patch.SplitMembers(ops, "members"); ok {
			ops, delta, asDelta = rest, members, true
		}
	}
	u := &update{b: b, c: c, m: m, t: t, id: id, p: p}
	u.whole = t.HasMembers() && (!asDelta || delta.Replace)
	u.ids = slices.Concat(draft.OperationIDs(t, ops), delta.Add, delta.Remove)
	u.apply = func(before scim.Resource) (scim.Resource, draft.Members, error) {
		present := before.Clone()
		after, err := patch.Apply(before, ops, t.Resource, b.dialect)
		switch {
		case err != nil:
			return nil, draft.Members{}, err
		case delta.Replace:
			return after, draft.Delta(draft.TakeMembers(t, present), delta.Add), nil
		case u.whole:
			return after, draft.Delta(draft.TakeMembers(t, present), draft.TakeMembers(t, after)), nil
		}
		return after, draft.Members{Add: delta.Add, Remove: delta.Remove}, nil
	}
	r, err := u.run(ctx, "patch", server, t.HasMembers() && !p.Named())
	return r.dropping(dropped), err
}
