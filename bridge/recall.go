package bridge

import (
	"cmp"
	"context"
	"slices"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Recall has what is foreseen begin as it was when a record of the journal was planned, as far as the record holds it: with the entries as
// they were read, and without the one that it made.
func (b *Bridge) Recall(ctx context.Context, f *Foresight, a journal.Account) error {
	_, server, err := b.world(ctx)
	if err != nil {
		return err
	}
	recalled := map[string]bool{}
	recall := func(id, dn string, e *ldif.Entry) error {
		if id == "" || recalled[id] {
			return nil
		}
		recalled[id] = true
		return f.rehearsal.Recall(ctx, b.directory, id, dn, e)
	}
	if made := idOf(&a); made != "" && a.Intent.ID == "" {
		if err := recall(made, a.Plan.DN(), nil); err != nil {
			return err
		}
	}
	if own := cmp.Or(a.Whole, a.Plan.Before); own != nil {
		if err := recall(server.ID(own), "", before(a, server.ID(own), own)); err != nil {
			return err
		}
	}
	for _, s := range a.Plan.Steps {
		if s.Before == nil {
			continue
		}
		id := server.ID(s.Before)
		if err := recall(id, "", before(a, id, s.Before)); err != nil {
			return err
		}
	}
	return nil
}

// before is an entry of a record as it was read, with the members besides that were taken out of it: a group is not read with those.
func before(a journal.Account, id string, e *ldif.Entry) *ldif.Entry {
	e = e.Clone()
	if a.Done == nil {
		return e
	}
	for _, s := range a.Done.Receipt.Steps {
		for _, m := range s.Sent.Mods {
			if s.Sent.If.ID == id && s.State == ldif.Done && m.Settled && m.Op == ldif.DeleteValues {
				e.Set(m.Name, append(e.Values(m.Name), m.Values...)...)
			}
		}
	}
	return e
}

// HangsOnOthers says of an attribute of a type that what a new entry gets there hangs on what other entries have: a reference, a number, a
// value that no two have.
func (b *Bridge) HangsOnOthers(ctx context.Context, typ, attribute string) bool {
	m, _, err := b.world(ctx)
	if err != nil || m.Type(typ) == nil {
		return false
	}
	t := m.Type(typ)
	a := t.Attribute(attribute)
	made := func(r *ldapmap.Rule) bool {
		return r.Counter != nil || r.Numbers != nil || r.Computed() && r.Options.Unique
	}
	refers := func(r *ldapmap.Reference) bool { return t.IsSame(r.Attribute, attribute) }
	return slices.ContainsFunc(a.Rules, made) || slices.ContainsFunc(t.References, refers)
}
