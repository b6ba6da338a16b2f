package bridge

import (
	"context"
	"fmt"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// fit is what came of holding the map against a directory.
type fit struct {
	server *ldif.Server
	bound  *ldapmap.Map
	err    error    // the map does not fit, or the directory does not show what it names
	lacks  []string // problems of the map, each with its key's place
	at     time.Time
}

// fitAgain is the time from one look at a directory that the map does not fit to the next.
const fitAgain = 10 * time.Second

// world is the map as it stands in the directory at hand. Nothing is served where it does not fit, or where the directory does not show
// what it names: a search that finds nobody, because nobody can be seen, has clients make every account a second time.
func (b *Bridge) world(ctx context.Context) (*ldapmap.Map, *ldif.Server, error) {
	server, err := b.directory.Server(ctx)
	if err != nil {
		return nil, nil, err
	}
	f, known := b.fitted(server)
	if !known {
		if f, err = b.fitTo(ctx, server); err != nil {
			return nil, nil, err
		}
	}
	if f.err != nil {
		if b.now().Sub(f.at) > fitAgain {
			b.directory.Refresh() // it will be another server then
		}
		if err := b.directory.Away(); err != nil { // what was wrong with it before is not what is wrong now
			return nil, nil, err
		}
	}
	return f.bound, server, f.err
}

// Away says that the directory is known to be out of reach: what needs it is refused at once.
func (b *Bridge) Away() bool { return b.directory.BreakerOpen() }

// Ready says what keeps the bridge from its work, for a health check: the directory is out of reach, does not fit the map, does not show
// what it names, or takes no changes, or the store cannot be written. Where writes go on without the store, that is in lack. It asks the
// directory and the store on first contact alone, and the directory where no connection to it is open.
func (b *Bridge) Ready(ctx context.Context) (lack, err error) {
	if err := b.directory.Reach(ctx); err != nil {
		return nil, err
	}
	_, _, err = b.world(ctx)
	switch {
	case err != nil:
		return nil, err
	case !b.directory.Writable():
		return nil, &reason.Error{Reason: reason.Unwritable}
	}
	switch {
	case b.store == nil:
		return nil, nil
	case b.ledger != nil && b.ledger.GoesOn():
		return b.store.Ready(ctx), nil
	}
	return nil, b.store.Ready(ctx)
}

// Standing is Ready for whoever wants to know apart what is wrong with the directory, and what between it and the map: the errors, and the
// map's problems. While the directory is away nothing is known of the map.
func (b *Bridge) Standing(ctx context.Context) (problems []string, away, misfit error) {
	if away = b.directory.Reach(ctx); away != nil {
		return nil, away, nil
	}
	_, _, err := b.world(ctx)
	switch reasonOf(err) {
	case reason.MapMismatch, reason.Hidden:
		b.mu.Lock()
		misfit, problems = err, b.fit.lacks
		b.mu.Unlock()
	default:
		away = err
	}
	if away == nil && !b.directory.Writable() {
		away = &reason.Error{Reason: reason.Unwritable}
	}
	return problems, away, misfit
}

func (b *Bridge) fitted(server *ldif.Server) (f fit, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fit, b.fit.server == server
}

// fitTo holds the map against the directory: once for all that wait, who are told the same. Who leaves does not end it.
func (b *Bridge) fitTo(ctx context.Context, server *ldif.Server) (fit, error) {
	result := b.fits.DoChan(fmt.Sprintf("%p", server), func() (any, error) {
		if f, known := b.fitted(server); known {
			return f, nil
		}
		var f fit
		err := caught(func() (err error) {
			f, err = b.fitAnew(context.Background(), server)
			return err
		})
		return f, err
	})
	select {
	case r := <-result:
		f, _ := r.Val.(fit)
		return f, r.Err
	case <-ctx.Done():
		return fit{}, ctx.Err()
	}
}

func (b *Bridge) fitAnew(ctx context.Context, server *ldif.Server) (fit, error) {
	f := fit{server: server, at: b.now()}
	bound, problems := ldapmap.For(b.compiled, server)
	for _, p := range problems {
		key := p.Key()
		b.log.Error("the map does not fit the directory", "place", b.place(key), "key", key, "problem", p.Problem)
		f.lacks = append(f.lacks, b.place(key)+": "+key+": "+p.Problem)
		f.err = mismatch(f.lacks)
	}
	if f.err == nil {
		err := b.sees(ctx, bound)
		if err == nil {
			err = b.guard.Sees(ctx, bound, server)
		}
		switch reasonOf(err) {
		case reason.None:
			f.bound = bound
			b.directory.Compare(bound.Bases())
			if _, err := b.mark(ctx, bound); err != nil { // which must be seen to change before it counts
				return fit{}, err
			}
		case reason.Hidden:
			b.log.Error("the directory does not show what the configuration names", "error", err)
			f.err = err
		default:
			return fit{}, cutShort(err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if f.err == nil && b.fit.err != nil {
		b.log.Info("the directory fits the map again, and shows what it names")
	}
	b.fit = f
	return f, nil
}

// sees looks whether the directory shows the places that the map names, and of each an entry with its id, and by its DN where there are
// references. An empty place is judged by itself.
func (b *Bridge) sees(ctx context.Context, m *ldapmap.Map) error {
	for _, base := range m.Bases() {
		if _, err := b.sample(ctx, directory.Search{Base: base, Scope: directory.BaseObject, Attributes: []string{"1.1"}}); err != nil {
			return err
		}
	}
	for _, t := range m.Types {
		for _, base := range t.Bases() {
			err := b.seesBelow(ctx, m, t, base)
			for n := 1; n < samples && reasonOf(err) == reason.Hidden; n++ { // the entry may have been renamed or deleted between the looks
				err = b.seesBelow(ctx, m, t, base)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// samples is how many entries are looked at before the directory is said to show none.
const samples = 5

// seesBelow looks whether the directory shows an entry of the type below the base.
func (b *Bridge) seesBelow(ctx context.Context, m *ldapmap.Map, t *ldapmap.Type, base string) error {
	id, name := m.Server.IDAttribute, m.Server.DNAttribute
	e, err := b.sample(ctx, directory.Search{
		Base: base, Filter: ldif.Equality("objectClass", t.ObjectClasses[0]), Attributes: []string{id},
	})
	if err != nil {
		return err
	}
	empty := e == nil
	if empty {
		e = &ldif.Entry{DN: base}
	}
	search := directory.Search{Base: e.DN, Scope: directory.BaseObject, Attributes: []string{id}}
	if m.HasReferences() {
		search.Filter = ldif.Equality(name, e.DN)
	}
	found, err := b.sample(ctx, search)
	switch {
	case err != nil:
		return err
	case found == nil && m.HasReferences():
		return hidden(e.DN, name+
			" finds nothing, and references would lead nowhere: it is missing, or hidden from the bridge's account")
	case found != nil && empty && m.Server.Tells("id"): // which need not be on every entry
	case found == nil || m.Server.ID(found) == "":
		return hidden(e.DN, id+" is missing, or hidden from the bridge's account")
	}
	return nil
}

// sample is one of the entries that a search finds, nil where there is none.
func (b *Bridge) sample(ctx context.Context, s directory.Search) (*ldif.Entry, error) {
	e, err := b.directory.Sample(ctx, s)
	if reasonOf(err) == reason.NoSuchObject {
		return nil, hidden(s.Base, "the place is missing, or hidden from the bridge's account")
	}
	return e, err
}

func hidden(dn, problem string) error {
	return &reason.Error{Reason: reason.Hidden, Cause: fmt.Errorf("%s: %s", dn, problem)}
}

// Contact asks the directory what it is and holds the map against it, unless that has been done.
func (b *Bridge) Contact(ctx context.Context) error {
	_, _, err := b.world(ctx)
	return err
}
