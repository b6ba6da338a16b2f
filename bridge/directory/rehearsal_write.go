package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// refusal is what a server would answer.
func refusal(code uint16, format string, args ...any) *ldap.Error {
	return &ldap.Error{ResultCode: code, Err: fmt.Errorf(format, args...)}
}

// write does a change in memory, or says what the server would answer. left is the entry as the change leaves it, with what is to be read.
func (p *Rehearsal) write(ctx context.Context, r *run, change ldif.Change, read []string) (left *ldif.Entry, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	if change, err = p.resolved(ctx, r, change); err != nil {
		return nil, err
	}
	if err = takes(r.server, change); err != nil {
		return nil, err
	}
	if change.Kind == ldif.Add {
		return nil, p.add(ctx, r, change)
	}
	t, err := p.target(ctx, r, change)
	if err != nil {
		return nil, err
	}
	switch change.Kind {
	case ldif.Modify:
		err = p.modifiable(ctx, r, t, change)
	case ldif.ModifyDN:
		err = p.renamable(ctx, r, t, change)
	}
	if err != nil {
		return nil, err
	}
	if p.changed(r.server, t, change); change.Kind != ldif.Modify || len(read) == 0 {
		return nil, nil
	}
	e, err := t.now(ctx, r.client, r.server, listed(r.server, read))
	if err != nil || e == nil {
		return nil, err
	}
	return project(r.server, e, read), nil
}

// takes says what the server would answer to a value that is not of its attribute's syntax.
func takes(server *ldif.Server, change ldif.Change) error {
	if !server.ChecksSyntax {
		return nil
	}
	check := func(name string, values []string) error {
		a := server.Schema.Attribute(name)
		at := slices.IndexFunc(values, func(v string) bool { return a != nil && !change.Secret(name) && !a.Takes(v) })
		if at < 0 {
			return nil
		}
		return refusal(ldap.LDAPResultInvalidAttributeSyntax, "%s: value #%d invalid per syntax", server.Schema.Canonical(name), at)
	}
	for _, a := range change.Entry {
		if err := check(a.Name, a.Values); err != nil {
			return err
		}
	}
	for _, m := range change.Mods {
		if err := check(m.Name, m.Values); m.Op != ldif.DeleteValues && err != nil {
			return err
		}
	}
	return nil
}

// changed takes a change over that is done.
func (p *Rehearsal) changed(server *ldif.Server, t *rehearsed, change ldif.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID[strings.ToLower(t.id)] != t {
		p.touch(server, t)
		p.named(server, t, t.dn)
	}
	t.takes(server, change)
	p.index.stale(t)
	if server.Privilege != nil { // whoever is in which group is asked for by a rule of the server's own
		p.enters(server, change)
	}
	switch change.Kind {
	case ldif.Add:
		p.named(server, t, change.DN)
	case ldif.ModifyDN:
		p.named(server, t, change.NewDN())
	case ldif.Delete:
		p.named(server, t, "")
	case ldif.Modify:
	}
}

// enters notes whom a change makes members.
func (p *Rehearsal) enters(server *ldif.Server, change ldif.Change) {
	all := slices.Clone(change.Entry)
	for _, m := range change.Mods {
		all = append(all, ldif.Attribute{Name: m.Name, Values: m.Values})
	}
	for _, a := range all {
		if !server.Schema.Covers(server.Privilege.Members, a.Name) {
			continue
		}
		for _, v := range a.Values {
			if t := p.byDN[server.NormalDN(v)]; t != nil {
				t.isMember = true
			}
		}
	}
}

// lastDN is the name that the changes of an entry that was made here left it.
func (t *rehearsed) lastDN() (dn string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.changes {
		switch c.Kind {
		case ldif.Add:
			dn = c.DN
		case ldif.ModifyDN:
			dn = c.NewDN()
		case ldif.Modify, ldif.Delete:
		}
	}
	return dn
}

// takes adds a change to those of the entry. One that is up to date stays so: a group may be given members many times.
func (t *rehearsed) takes(server *ldif.Server, change ldif.Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes = append(t.changes, change)
	if t.stale || t.after == nil || change.Kind == ldif.Delete {
		t.stale = true
		return
	}
	t.after = ldif.Apply(t.after, change, server.Schema)
	t.stamp(server, t.after)
}

// there says whether an entry would be there.
func (p *Rehearsal) there(ctx context.Context, r *run, dn string) (bool, error) {
	_, err := r.client.one(ctx, dn, noAttributes)
	if Overtaken(err) {
		return false, nil
	}
	return err == nil, err
}

func (p *Rehearsal) add(ctx context.Context, r *run, change ldif.Change) error {
	_, parent := ldif.SplitDN(change.DN)
	taken, err := p.there(ctx, r, change.DN)
	if err == nil && taken {
		return refusal(ldap.LDAPResultEntryAlreadyExists, "")
	}
	if err == nil {
		var above bool
		if above, err = p.there(ctx, r, parent); err == nil && !above {
			return refusal(ldap.LDAPResultNoSuchObject, "")
		}
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.made++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", p.made) // nobody has it: the server is to give one
	p.mu.Unlock()
	p.changed(r.server, &rehearsed{id: id, made: true}, change)
	return nil
}

// target is the entry that a change is about.
func (p *Rehearsal) target(ctx context.Context, r *run, change ldif.Change) (*rehearsed, error) {
	name := r.target(change)
	if change.Kind == ldif.ModifyDN {
		name = change.DN
	}
	e, err := r.client.one(ctx, name, r.server.IDAttribute)
	if Overtaken(err) {
		return nil, refusal(ldap.LDAPResultNoSuchObject, "")
	}
	if err != nil {
		return nil, err
	}
	id := r.server.ID(e)
	if change.If.ID != "" && change.If.ID != id {
		return nil, refusal(ldap.LDAPResultAssertionFailed, "another entry has the name")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.byID[strings.ToLower(id)]; t != nil {
		return t, nil
	}
	return &rehearsed{dn: e.DN, id: id}, nil
}

// resolved is the change with the DNs of the entries that its values name by their ids.
func (p *Rehearsal) resolved(ctx context.Context, r *run, change ldif.Change) (_ ldif.Change, err error) {
	change.Mods, change.Entry = slices.Clone(change.Mods), slices.Clone(change.Entry)
	for i, m := range change.Mods {
		if change.Mods[i].Values, err = p.dns(ctx, r, m.Values); err != nil {
			return change, err
		}
	}
	for i, a := range change.Entry {
		if change.Entry[i].Values, err = p.dns(ctx, r, a.Values); err != nil {
			return change, err
		}
	}
	return change, nil
}

// told is the change as it is told of: what refers to entries that were made here by the ids that they were given names them by DN.
func (p *Rehearsal) told(server *ldif.Server, change ldif.Change) ldif.Change {
	if !server.NamesByID {
		return change
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	named := func(values []string) []string {
		values = slices.Clone(values)
		for i, v := range values {
			id, byID := server.IDNamed(v)
			if t := p.byID[strings.ToLower(id)]; byID && t != nil && t.made && !t.recalled && t.name != "" {
				values[i] = t.lastDN()
			}
		}
		return values
	}
	change.Mods, change.Entry = slices.Clone(change.Mods), slices.Clone(change.Entry)
	for i, m := range change.Mods {
		change.Mods[i].Values = named(m.Values)
	}
	for i, a := range change.Entry {
		change.Entry[i].Values = named(a.Values)
	}
	return change
}

// dns are the values with those that name entries by their ids as the DNs of these.
func (p *Rehearsal) dns(ctx context.Context, r *run, values []string) ([]string, error) {
	values = slices.Clone(values)
	for i, v := range values {
		if _, byID := r.server.IDNamed(v); !byID {
			continue
		}
		e, err := r.client.one(ctx, v, noAttributes)
		if Overtaken(err) {
			return nil, refusal(ldap.LDAPResultNoSuchObject, "")
		}
		if err != nil {
			return nil, err
		}
		values[i] = e.DN
	}
	return values, nil
}

// modifiable is what the server would answer to a Modify: that a value is there already, or is not, or that a class demands one.
func (p *Rehearsal) modifiable(ctx context.Context, r *run, t *rehearsed, change ldif.Change) error {
	var names []string
	for _, m := range change.Mods {
		names = append(names, m.Name)
	}
	e, err := t.now(ctx, r.client, r.server, listed(r.server, names))
	if err != nil {
		return err
	}
	if e == nil { // somebody has just renamed or deleted it
		return refusal(ldap.LDAPResultNoSuchObject, "")
	}
	isKnown := func(name string) bool { return !change.Secret(name) && (!t.recalled || e.Saw(name)) }
	for _, m := range change.Mods {
		among := r.among(m.Name, e.Values(m.Name))
		if isKnown(m.Name) {
			switch {
			case m.Op == ldif.AddValues && slices.ContainsFunc(m.Values, among):
				return refusal(ldap.LDAPResultAttributeOrValueExists, "modify/add: %s: value exists", m.Name)
			case m.Op == ldif.DeleteValues && len(m.Values) == 0 && len(e.Values(m.Name)) == 0:
				return refusal(ldap.LDAPResultNoSuchAttribute, "modify/delete: %s: no such attribute", m.Name)
			case m.Op == ldif.DeleteValues && slices.ContainsFunc(m.Values, func(v string) bool { return !among(v) }):
				return refusal(ldap.LDAPResultNoSuchAttribute, "modify/delete: %s: no such value", m.Name)
			}
		}
		e = ldif.Apply(e, ldif.Change{Kind: ldif.Modify, DN: e.DN, Mods: []ldif.Mod{m}}, r.server.Schema)
	}
	must := r.server.Schema.Must(e.Values("objectClass")...)
	for _, name := range names {
		if len(e.Values(name)) == 0 && ldif.Named(must, r.server.Schema.Canonical(name)) && isKnown(name) {
			return refusal(ldap.LDAPResultObjectClassViolation, "object class requires attribute '%s'", name)
		}
	}
	return nil
}

// renamable is what the server would answer to a ModifyDN.
func (p *Rehearsal) renamable(ctx context.Context, r *run, t *rehearsed, change ldif.Change) error {
	e, err := r.client.one(ctx, change.NewDN(), r.server.IDAttribute)
	switch {
	case err == nil && r.server.ID(e) != t.id:
		return refusal(ldap.LDAPResultEntryAlreadyExists, "")
	case err != nil && !Overtaken(err):
		return err
	}
	if change.NewSuperior == "" {
		return nil
	}
	there, err := p.there(ctx, r, change.NewSuperior)
	if err == nil && !there {
		return refusal(ldap.LDAPResultNoSuchObject, "")
	}
	return err
}
