package bridge

import (
	"cmp"
	"context"
	"slices"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

// present looks at what the record is about, as it is now.
func (u *undoing) present(ctx context.Context) (now draft.Present, refs ldapmap.Refs, err error) {
	attributes := withNeeds(u.attributesOfAll(), u.past.Attributes())
	if u.past.Makes() {
		attributes = append(attributes, allUser)
	}
	if now.Entries, err = u.entries(ctx, u.past.Entries(), attributes); err != nil {
		return now, refs, err
	}
	if err = u.since(ctx, &now); err != nil {
		return now, refs, err
	}
	there := now.Entries[u.past.ID]
	u.foreseen.shows(u.server, now.Entries, u.past.Entries(), attributes)
	if now.Found, refs, err = u.called(ctx, u.past.Names(now.Entries[u.past.ID])); err != nil {
		return now, refs, err
	}
	switch own := now.Entries[u.past.ID]; {
	case u.past.Makes() && there != nil && own != nil:
		if now.Known, err = u.referring(ctx, there); u.server.KeepsReferences {
			u.account.referrers = now.Known
		}
		now.Known = u.foreseen.left(u.server, now.Known, own)
	case u.past.Makes() && own != nil:
		now.Known = u.foreseen.given(u.server, own)
	case u.past.Deletes() && own == nil && u.past.Whole != nil:
		err = u.vacancy(ctx, &now)
	}
	return now, refs, err
}

// vacancy looks whether an entry that was deleted can be added again, or brought back.
func (u *undoing) vacancy(ctx context.Context, now *draft.Present) error {
	found, err := u.directory.Search(ctx, directory.Search{
		Base: u.past.Whole.DN, Scope: directory.BaseObject, Attributes: []string{u.server.IDAttribute},
	})
	switch {
	case reasonOf(err) == reason.NoSuchObject:
	case err != nil:
		return err
	case len(found) > 0:
		now.Holder = found[0]
		return nil
	}
	var whole bool
	if !u.anew {
		if now.Deleted, whole, err = u.directory.Deleted(ctx, u.past.ID); err != nil || whole {
			return err
		}
	}
	if attribute, p := u.typ.Initial(); u.typ.BornWith() != "" {
		chosen := u.typ.PasswordFor(u.past.Whole, passwords(p))
		now.Birth = ldif.Attribute{Name: attribute, Values: []string{ldapmap.PasswordValue(attribute, chosen)}}
	}
	return nil
}

// entries are those with the ids, whatever type they are of, by the ids. One that was deleted, and added again by an undo, has another.
func (u *undoing) entries(ctx context.Context, ids, attributes []string) (map[string]*ldif.Entry, error) {
	entries := map[string]*ldif.Entry{}
	for some := range slices.Chunk(ids, ldapmap.SearchChunk) {
		var filters []string
		for _, id := range some {
			if filter, ok := u.server.IDFilter(id); ok {
				filters = append(filters, filter)
			}
		}
		if len(filters) == 0 {
			continue
		}
		for _, base := range u.world.Outermost() {
			found, err := u.directory.Search(ctx, directory.Search{Base: base, Filter: ldif.AnyOf(filters...), Attributes: attributes})
			if err != nil {
				return nil, err
			}
			for _, e := range found {
				entries[u.server.ID(e)] = e
			}
		}
	}
	for _, id := range ids {
		if entries[id] != nil || id == "" {
			continue
		}
		find := u.heir
		if id == u.past.ID && u.past.Deletes() {
			find = u.begun
		}
		heir, err := find(ctx, id)
		if err != nil {
			return nil, err
		}
		if heir == "" {
			continue
		}
		again, err := u.entries(ctx, []string{heir}, attributes)
		if err != nil {
			return nil, err
		}
		if e := again[heir]; e != nil {
			entries[id] = e
		}
	}
	return entries, nil
}

// called looks up what references call.
func (u *undoing) called(ctx context.Context, names []ldapmap.Name) (draft.Finds, ldapmap.Refs, error) {
	finds := draft.Finds{}
	var ids []string
	var others []ldapmap.Name
	for _, name := range names {
		id, byID := u.server.IDNamed(name.Value)
		switch {
		case name.Of != "":
			others = append(others, name)
		case byID:
			ids = append(ids, id)
		case u.world.Covers(name.Value):
			others = append(others, name)
			finds[name] = nil
		}
	}
	if len(ids)+len(others) == 0 {
		return finds, ldapmap.Refs{}, nil
	}
	attributes := append(u.world.LookUpAttributes(), u.server.CreatedAttribute)
	var found []*ldif.Entry
	for _, s := range slices.Concat(u.world.LookUp(ids, others, nil), u.world.LookAt(dns(others))) {
		some, err := u.request.whole(ctx, s, attributes)
		if err != nil {
			return nil, ldapmap.Refs{}, err
		}
		found = append(found, some...)
	}
	refs := u.world.Refs(found, nil)
	byDN, byID := map[string]*ldif.Entry{}, map[string]*ldif.Entry{}
	for _, e := range found {
		byDN[u.server.NormalDN(e.DN)], byID[u.server.ID(e)] = e, e
	}
	for _, name := range names {
		id, named := u.server.IDNamed(name.Value)
		e := byID[id]
		if target, known := refs.ByName(name); known {
			e = byID[target.ID]
		} else if name.Of == "" && !named {
			e = byDN[u.server.NormalDN(name.Value)]
		}
		if named && e == nil {
			heir, err := u.heir(ctx, id)
			if err != nil {
				return nil, refs, err
			}
			finds[name] = nil
			if heir != "" {
				finds[name] = &draft.Find{ID: heir}
			}
			continue
		}
		if e == nil {
			if name.Of == "" && u.world.Covers(name.Value) {
				finds[name] = u.foreseen.find(u.server, name.Value)
			}
			continue
		}
		find := &draft.Find{ID: u.server.ID(e)}
		if finds[name] = find; !named && read.Created(u.typ, e).After(u.record.Time) {
			again, err := u.isAddedAgain(ctx, find.ID)
			if err != nil {
				return nil, refs, err
			}
			find.Since = !again
		}
	}
	return finds, refs, nil
}

func dns(names []ldapmap.Name) (dns []string) {
	for _, name := range names {
		if name.Of == "" {
			dns = append(dns, name.Value)
		}
	}
	return dns
}

// begun is the id of what an undo of the record added again, which stopped before it was done; "": there is none.
func (u *undoing) begun(ctx context.Context, _ string) (id string, err error) {
	of := journal.Query{Subjects: []string{u.record.ID.String()}, Outcome: journal.HalfDone}
	err = journal.Find(ctx, u.store, of, func(a journal.Account) error {
		if a.Of == u.record.ID && a.Why == journal.Undo {
			id = cmp.Or(idOf(&a), id)
		}
		return nil
	})
	return id, err
}

// isAddedAgain says that an undo added the entry with the id: it is the one that was there before.
func (u *undoing) isAddedAgain(ctx context.Context, id string) (again bool, err error) {
	err = journal.Find(ctx, u.store, journal.Query{Subjects: []string{id}, Effect: ldif.Restored}, func(a journal.Account) error {
		again = again || a.Done != nil && a.Done.ID == id
		return nil
	})
	return again, err
}

// contested looks whether another has by now what the entry is to have back and no two share.
func (u *undoing) contested(ctx context.Context) error {
	claims := u.undo.Claims(u.typ)
	if len(claims) == 0 {
		return nil
	}
	var filters []string
	for _, a := range claims {
		for _, v := range a.Values {
			filters = append(filters, ldif.Equality(a.Name, v))
		}
	}
	s := ldapmap.Search{Base: u.typ.Base, More: u.typ.Widest()[1:], Filter: ldif.AnyOf(filters...)}
	if u.server.UniqueEverywhere && u.server.Default != "" {
		s.Base, s.More = u.server.Default, nil
	}
	found, err := u.request.whole(ctx, s, u.attributesOfAll())
	if err != nil {
		return err
	}
	for _, e := range found {
		if u.undo.Entry != nil && u.server.ID(e) == u.server.ID(u.undo.Entry) || !u.server.UniqueEverywhere && !u.typ.Holds(e) {
			continue
		}
		for _, a := range claims {
			shares := func(v string) bool {
				return slices.ContainsFunc(e.Values(a.Name), func(o string) bool { return ldif.Equal(u.server.Schema, a.Name, v, o) })
			}
			if slices.ContainsFunc(a.Values, shares) {
				u.undo.Steps, u.undo.Effects = nil, nil
				dn := u.past.Receipt.Plan.DN()
				u.undo.Changed = append(u.undo.Changed, draft.Difference{DN: dn, Attribute: a.Name, Why: "is another's since: " + e.DN})
			}
		}
	}
	return nil
}

// foresight is what plans would have done to entries: who looks at several records without taking them back sees of each what taking it
// back would come to.
type foresight struct {
	changes map[string][]ldif.Change // by the ids that the entries have
	made    map[string]*ldif.Entry   // by the ids that the journal knows them by: they have none yet
	undone  map[journal.ID]bool
}

// passOver has a record count as undone: there is no more to do for it.
func (f *foresight) passOver(record journal.ID) {
	if f.undone == nil {
		f.undone = map[journal.ID]bool{}
	}
	f.undone[record] = true
}

// note notes a plan that takes a record about the entry with the id back.
func (f *foresight) note(record journal.ID, id string, p ldif.Plan) {
	if f.changes == nil {
		f.changes, f.made = map[string][]ldif.Change{}, map[string]*ldif.Entry{}
	}
	f.passOver(record)
	for _, s := range p.Steps {
		if s.Change.Kind == ldif.Add {
			f.made[id] = &ldif.Entry{DN: s.Change.DN, Attributes: s.Change.Entry}
		} else {
			f.changes[s.Change.If.ID] = append(f.changes[s.Change.If.ID], s.Change)
		}
	}
}

// shows makes the entries what they would be.
func (f *foresight) shows(s *ldif.Server, entries map[string]*ldif.Entry, ids, attributes []string) {
	for _, id := range ids {
		if e := f.made[id]; e != nil && entries[id] == nil {
			e = e.Clone()
			e.Asked = attributes
			e.Set(s.IDAttribute, s.IDValue(id))
			entries[id] = e
		}
	}
	for id, e := range entries {
		for _, c := range f.changes[s.ID(e)] { // one that was added again has another id than the record knows
			e = ldif.Apply(e, c, s.Schema)
		}
		if entries[id] = e; e == nil {
			delete(entries, id)
		}
	}
}

// left are those of the references to an entry that would still be there.
func (f *foresight) left(s *ldif.Server, all []ldif.Reference, to *ldif.Entry) (left []ldif.Reference) {
	for _, r := range all {
		names := []string{r.Value, s.ByID(s.ID(to), r.Value)}
		e := &ldif.Entry{DN: r.DN, Attributes: []ldif.Attribute{{Name: r.Attribute, Values: names}}}
		for _, c := range f.changes[r.ID] {
			e = ldif.Apply(e, c, s.Schema)
		}
		if !slices.ContainsFunc(names, func(v string) bool { return !slices.Contains(e.Values(r.Attribute), v) }) {
			left = append(left, r)
		}
	}
	return left
}

// given are the references to an entry that what is planned gives others.
func (f *foresight) given(s *ldif.Server, to *ldif.Entry) (given []ldif.Reference) {
	name := s.ByID(s.ID(to), to.DN)
	isOther := func(v string) bool { return v != name && !s.SameDN(v, to.DN) }
	for id, changes := range f.changes {
		var e *ldif.Entry
		for _, c := range changes {
			if e == nil {
				e = &ldif.Entry{DN: c.DN}
			}
			e = ldif.Apply(e, c, s.Schema)
		}
		if e == nil {
			continue
		}
		for _, a := range e.Attributes {
			for _, v := range slices.DeleteFunc(slices.Clone(a.Values), isOther) {
				given = append(given, ldif.Reference{ID: id, DN: e.DN, Attribute: a.Name, Value: v})
			}
		}
	}
	return given
}

// find is an entry of the DN that a plan would have made, renamed or moved; nil: there is none.
func (f *foresight) find(s *ldif.Server, dn string) *draft.Find {
	for id, e := range f.made {
		if s.SameDN(e.DN, dn) {
			return &draft.Find{ID: id}
		}
	}
	for id, changes := range f.changes {
		named := ""
		for _, c := range changes {
			if c.Kind == ldif.ModifyDN {
				named = c.NewDN()
			}
		}
		if named != "" && s.SameDN(named, dn) {
			return &draft.Find{ID: id}
		}
	}
	return nil
}
