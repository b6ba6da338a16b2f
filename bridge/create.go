package bridge

import (
	"context"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
)

// Create makes a resource (RFC 7644 §3.3): one search for the values that it claims, the add, and the read after it, which also shows
// whether another add claimed the same at the same time.
func (b *Bridge) Create(ctx context.Context, c Call, typ string, body []byte, v View) (*Result, error) {
	m, t, server, err := b.typed(ctx, typ)
	if err != nil {
		return nil, err
	}
	p, err := scim.NewProjection(t.Resource, b.dialect, v.Attributes, v.Excluded)
	if err != nil {
		return nil, err
	}
	after, dropped, err := b.resourceIn(c, t.Resource, body)
	if err != nil {
		return nil, err
	}
	if err := scim.CheckRequired(after, t.Resource); err != nil {
		return nil, err
	}
	p.SpecifyAll(after)
	want := draft.Write{After: after, Members: draft.Members{Add: draft.TakeMembers(t, after)}}
	ids := append(draft.ResourceIDs(t, after), want.Members.Add...)
	w := &writing{call: c, operation: "create", typ: t, world: m, server: server}
	done, err := b.run(ctx, w, func() (draft.Write, ldapmap.Refs, error) {
		refs, err := b.refs(ctx, m, ids, nil)
		return want, refs, err
	})
	if err != nil {
		return nil, err
	}
	e, err := b.readBack(ctx, w, want, addOf(done.plan), p)
	if err != nil {
		return nil, err
	}
	return b.show(c, t, e, done.refs, p).dropping(dropped), nil
}

// addOf is the plan's add.
func addOf(p ldif.Plan) ldif.Change {
	for _, s := range p.Steps {
		if s.Change.Kind == ldif.Add {
			return s.Change
		}
	}
	return ldif.Change{}
}

// readBack reads what an add made, by the unique values that it claimed. Where another entry shows the same and is not surely the later one, the add is taken
// back and the client told: two entries of one name would each be found in place of the other.
func (b *Bridge) readBack(ctx context.Context, w *writing, want draft.Write, add ldif.Change, p *scim.Projection) (*ldif.Entry, error) {
	t := w.typ
	d, err := draft.New(t, want)
	if err != nil {
		return nil, err
	}
	search := directory.Search{Base: t.Base, Filter: d.ClaimFilter(), Attributes: read.Attributes(t, p.Wants)}
	if search.Filter == "" {
		search.Base, search.Scope, search.Filter = add.DN, directory.BaseObject, t.Scope()
	}
	found, err := b.directory.Search(ctx, search)
	if err != nil {
		return nil, err
	}
	var own *ldif.Entry
	for _, e := range found {
		if ldif.SameDN(e.DN, add.DN) {
			own = e
		}
	}
	if own == nil {
		return nil, &directory.Error{Reason: directory.LostRace} // gone, or moved, before it could be read
	}
	for _, e := range found {
		if e == own || !t.Holds(e) || read.Created(t, e).After(read.Created(t, own)) {
			continue
		}
		if rival := d.Rival(e); rival != nil {
			back := ldif.Plan{Before: own, Steps: []ldif.Step{{
				Before: own, Change: ldif.Change{Kind: ldif.Delete, DN: own.DN, If: ldif.Condition{ID: t.ID(own)}},
			}}}
			if _, err := b.execute(ctx, w, back); err != nil && reasonOf(err) != directory.NotFound {
				return nil, err
			}
			return nil, rival
		}
	}
	return own, nil
}
