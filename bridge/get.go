package bridge

import (
	"context"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

// Get reads one resource (RFC 7644 §3.4.1): one search, and one more for the references that are shown.
func (b *Bridge) Get(ctx context.Context, c Call, typ, id string, v View) (_ *Result, err error) {
	defer func() { err = cutShort(err) }()
	r, err := b.begin(ctx, c, "get", typ, v)
	if err != nil {
		return nil, err
	}
	r.foresees(id)
	e, err := b.findAs(ctx, r.typ, id, read.Attributes(r.typ, r.shown.Wants))
	if err != nil {
		return nil, err
	}
	if c.IfNoneMatch != "" {
		if version := etag(r.typ, e); named(c.IfNoneMatch, version) {
			return nil, &reason.Error{Reason: reason.NotModified, Version: version}
		}
	}
	return r.present(ctx, e)
}

// present resolves the references that are shown of an entry, and shows it.
func (r *request) present(ctx context.Context, e *ldif.Entry) (*Result, error) {
	wants := r.shown.Wants
	refs, err := r.refs(ctx, r.typ, wants, nil, read.References(r.typ, e, wants), read.PrimaryGroups(r.typ, e, wants))
	if err != nil {
		return nil, err
	}
	return r.presentWith(ctx, e, refs)
}

// presentWith shows an entry of which what it refers to is known.
func (r *request) presentWith(ctx context.Context, e *ldif.Entry, refs ldapmap.Refs) (*Result, error) {
	refs, err := r.withGroups(ctx, r.typ, r.shown.Wants, refs, e)
	if err != nil {
		return nil, err
	}
	return r.show(r.call, r.typ, e, refs, r.shown), nil
}
