package drift

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// lost are references of which it cannot be told by their text whether the entry holds them as it was left: whom they named may have
// another name by now, or have gone, which is no change of the entry.
type lost struct {
	k     *known
	e     *ldif.Entry
	r     *ldapmap.Reference
	told  by
	out   bool // it was taken out, and is there
	left  []string
	among map[string]bool // keys of the members that there are
	now   []string        // of an attribute as a whole those that are new
	whole *Difference     // it is about the attribute as a whole; nil: about members
}

// references tells what of the lost ones was changed outside.
func (c *comparison) references() error {
	server := c.Map.Server
	var ids, nameless []string
	for _, l := range c.lost {
		for _, v := range l.left {
			id, err := c.meant(l.r, v, l.told)
			if err != nil {
				return err
			}
			if dn := l.r.Calls(v).Value; id == "" && !slices.Contains(nameless, dn) {
				nameless = append(nameless, dn)
			}
			if id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	now, err := c.Look.now(c.ctx, ids, []string{server.IDAttribute})
	if err != nil {
		return err
	}
	there := map[string]bool{} // by the DN
	var searches []directory.Search
	for _, s := range c.Map.LookAt(nameless) {
		searches = append(searches, directory.Search{Base: s.Base, More: s.More, Filter: s.Filter, Attributes: []string{"1.1"}})
	}
	if len(searches) > 0 {
		found, err := c.Directory.SearchAll(c.ctx, searches)
		if err != nil {
			return err
		}
		for _, e := range found {
			there[server.NormalDN(e.DN)] = true
		}
	}
	for _, l := range c.lost {
		rest := slices.Clone(l.now)
		gone := false
		for _, v := range l.left {
			dn := l.r.Calls(v).Value
			id, err := c.meant(l.r, v, l.told)
			if err != nil {
				return err
			}
			if e := now[id]; e != nil {
				dn = e.DN
			} else if id != "" || !there[server.NormalDN(dn)] {
				continue // it has gone
			}
			names := func(n string) bool { return server.SameDN(l.r.Calls(n).Value, dn) }
			if l.whole != nil {
				gone = gone || !slices.ContainsFunc(rest, names)
				rest = slices.DeleteFunc(rest, names)
				continue
			}
			if l.among[server.NormalDN(dn)] != l.out {
				continue
			}
			otherwise, err := c.otherwise(l, id)
			if err != nil {
				return err
			}
			if !otherwise {
				c.member(l.k, l.e, l.r.Attribute, single{v, !l.out, l.told})
			}
		}
		if l.whole != nil && (gone || len(rest) > 0) {
			c.add(l.k, l.e, *l.whole)
		}
	}
	return nil
}

// otherwise says that a later record tells the opposite of a member under another of its names: where a server takes ids for names, one is
// added by the one and taken out by the other.
func (c *comparison) otherwise(l lost, id string) (bool, error) {
	if !c.Map.Server.NamesByID {
		return false, nil
	}
	at := fmt.Sprint(l.k.id, " ", l.r.Attribute, " ", l.out)
	others, known := c.opposite[at]
	if !known {
		others = map[string]time.Time{}
		for _, of := range l.k.single[strings.ToLower(l.r.Attribute)] {
			if of.in != l.out {
				continue
			}
			other, err := c.meant(l.r, of.value, of.by)
			if err != nil {
				return false, err
			}
			if others[other].Before(of.by.Time) {
				others[other] = of.by.Time
			}
		}
		c.opposite[at] = others
	}
	return id != "" && others[id].After(l.told.Time), nil
}

// meant is the id of the entry that a reference named when a record told of it; "": nobody knows.
func (c *comparison) meant(r *ldapmap.Reference, value string, told by) (id string, err error) {
	if id, named := c.Map.Server.IDNamed(value); named {
		return id, nil
	}
	key := told.Record.String() + " " + value
	id, known := c.holders[key]
	if !known {
		if id, err = c.holder(r.Calls(value).Value, told.Time); err == nil {
			c.holders[key] = id
		}
	}
	return id, err
}

// holder is the id of the entry that had the DN at a time, as the journal tells: by the last record before that tells of it, or the first
// one after; "": none does.
func (c *comparison) holder(dn string, at time.Time) (id string, err error) {
	find := func(q journal.Query, of func(journal.Account) string) error {
		q.Subjects = []string{dn}
		err := journal.Find(c.ctx, c.Store, q, func(a journal.Account) error {
			if a.Kind == journal.KindIntent && a.Done != nil {
				if id = of(a); id != "" {
					return errEnough
				}
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	}
	until := at.Add(time.Microsecond) // which the record itself is before
	err = find(journal.Query{Until: until, Newest: true}, func(a journal.Account) string { return c.leaves(a, dn) })
	if id != "" || err != nil {
		return id, err
	}
	err = find(journal.Query{Since: until}, func(a journal.Account) string { return c.finds(a, dn) })
	return id, err
}

var errEnough = errors.New("enough")

// leaves is the id of the entry that a record left with the DN; "": it tells of none.
func (c *comparison) leaves(a journal.Account, dn string) (id string) {
	server := c.Map.Server
	for i, s := range a.Done.Receipt.Steps {
		planned := a.Plan.Steps[i].Change
		of := cmp.Or(s.Sent.If.ID, planned.If.ID)
		named := s.Sent.DN
		switch {
		case !s.Changed() || s.Sent.Place:
			continue
		case s.Sent.Kind == ldif.Add || planned.If.Made:
			of = a.Done.ID
		case s.Sent.Kind == ldif.ModifyDN:
			named = s.Sent.NewDN()
		}
		if server.SameDN(named, dn) {
			id = of
		}
	}
	return id
}

// finds is the id of the entry that a record found with the DN; "": it tells of none.
func (c *comparison) finds(a journal.Account, dn string) string {
	server := c.Map.Server
	if before := a.Plan.Before; before != nil && server.SameDN(before.DN, dn) {
		return server.ID(before)
	}
	for _, s := range a.Plan.Steps {
		if s.Before != nil && server.SameDN(s.Before.DN, dn) {
			return server.ID(s.Before)
		}
	}
	return ""
}
