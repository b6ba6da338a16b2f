package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Who is in a privileged group is asked at each write. Where the server follows memberOf through groups, one search finds what is surely in
// none, so that what cannot be seen is refused too:
//
//	(&(|(objectGUID=the entry's)(objectSid=its primary group's))
//	  (!(|(distinguishedName=a group)(memberOf:1.2.840.113556.1.4.1941:=a group)…)))
//
// Elsewhere each group that the configuration names is asked whether it shows members, but not the entry, nor a DN that the plan gives
// one: a group may hold the DN of nobody.
//
//	(&(|(member=*)(uniqueMember=*))(!(|(member=the entry's DN)(uniqueMember=the entry's DN)…)))

// domain is what a domain shows of its privileged groups.
type domain struct {
	sid    ldif.SID
	groups []string // DNs
	filter string   // of these, what is in them, and the accounts that are privileged by themselves
}

// learnedFor is how long the DNs of the privileged groups are believed: they are renamed about never, and their members are
// asked for each time.
const learnedFor = 5 * time.Minute

// Sees looks for the privileged groups, and for the members of those that are asked for them. What is not shown is an error for Hidden:
// nobody could tell who is in them.
func (g *Guard) Sees(ctx context.Context, m *ldapmap.Map, s *ldif.Server) error {
	if s.Privilege != nil {
		_, err := g.domain(ctx, s)
		return err
	}
	attributes := memberAttributes(m)
	for _, group := range g.privileged {
		switch shown, err := g.matches(ctx, group, anyMember(attributes)); {
		case err != nil:
			return err
		case !shown:
			return noMembers(group, attributes)
		}
	}
	return nil
}

// judgePrivileged refuses to change a privileged group, or what is in one, and to put anything in the place of a member.
func (g *Guard) judgePrivileged(ctx context.Context, m *ldapmap.Map, s *ldif.Server, p ldif.Plan) error {
	var entries []*ldif.Entry
	var dns []string // theirs, and those that the plan gives
	for _, step := range p.Steps {
		same := func(e *ldif.Entry) bool { return e.DN == step.Before.DN }
		if step.Before != nil && !slices.ContainsFunc(entries, same) {
			entries, dns = append(entries, step.Before), append(dns, step.Before.DN)
		}
		switch c := step.Change; c.Kind {
		case ldif.Add:
			dns = append(dns, c.DN)
		case ldif.ModifyDN:
			dns = append(dns, c.NewDN())
		}
	}
	switch {
	case len(dns) == 0:
		return nil
	case s.Privilege != nil: // which lets no group hold the DN of nobody
		return g.judgeInDomain(ctx, s, entries)
	}
	for _, group := range g.privileged {
		if err := g.judgeByGroup(ctx, s, group, memberAttributes(m), dns); err != nil {
			return err
		}
	}
	return nil
}

// memberAttributes are those by which groups hold members by DN: RFC 4519's, as far as the server has them, and the map's.
func memberAttributes(m *ldapmap.Map) []string {
	var names []string
	for _, name := range []string{"member", "uniqueMember"} {
		if m.Server.Schema.Attribute(name) != nil {
			names = append(names, m.Server.Schema.Canonical(name))
		}
	}
	for _, t := range m.Types {
		for _, r := range t.Members {
			if r.Of == "" && !slices.Contains(names, r.Attribute) {
				names = append(names, r.Attribute)
			}
		}
	}
	return names
}

func anyMember(attributes []string) string {
	var filters []string
	for _, name := range attributes {
		filters = append(filters, ldif.Presence(name))
	}
	return ldif.AnyOf(filters...)
}

// judgeByGroup asks the group about all DNs at once, and about each of them only if it surely holds one, or cannot be asked.
func (g *Guard) judgeByGroup(ctx context.Context, s *ldif.Server, group string, attributes, dns []string) error {
	for part := range slices.Chunk(dns, ldapmap.Chunk) {
		var filters []string
		for _, dn := range part {
			if s.SameDN(dn, group) {
				return &Refusal{DN: dn, Why: "the group is privileged"}
			}
			for _, name := range attributes {
				filters = append(filters, ldif.Equality(name, dn))
			}
		}
		holds := ldif.AnyOf(filters...)
		if outside, err := g.matches(ctx, group, ldif.AllOf(anyMember(attributes), "(!"+holds+")")); err != nil || outside {
			if err != nil {
				return err
			}
			continue
		}
		if len(part) > 1 {
			for _, dn := range part {
				if err := g.judgeByGroup(ctx, s, group, attributes, []string{dn}); err != nil {
					return err
				}
			}
			continue
		}
		switch inside, err := g.matches(ctx, group, holds); {
		case err != nil:
			return err
		case inside:
			return &Refusal{DN: part[0], Why: "the privileged group " + group + " holds it as a member"}
		}
		return noMembers(group, attributes)
	}
	return nil
}

// matches says whether the group matches the filter.
func (g *Guard) matches(ctx context.Context, group, filter string) (bool, error) {
	found, err := g.directory.Search(ctx, directory.Search{
		Base: group, Scope: directory.BaseObject, Filter: filter, Attributes: []string{"1.1"},
	})
	if answer, _ := errors.AsType[*directory.Error](err); answer != nil && answer.Reason == reason.NoSuchObject {
		return false, hidden(group, missing)
	}
	return len(found) > 0, err
}

func noMembers(group string, attributes []string) error {
	return hidden(group, "it shows no member by DN ("+strings.Join(attributes, ", ")+"): they are hidden from the bridge's account, "+
		"named otherwise (memberUid), or there are none")
}

const missing = "it is missing, or hidden from the bridge's account"

func hidden(what, why string) error {
	problem := what + ", which is privileged: " + why + ", and nobody can tell who is in it"
	return &reason.Error{Reason: reason.Hidden, Cause: errors.New(problem)}
}

// judgeInDomain asks for the entries, and for the primary groups of accounts, that are surely in no privileged group.
func (g *Guard) judgeInDomain(ctx context.Context, s *ldif.Server, entries []*ldif.Entry) error {
	d, err := g.domain(ctx, s)
	if err != nil || len(entries) == 0 {
		return err
	}
	var asked []string
	primary := make([]ldif.SID, len(entries)) // group of each account
	for i, e := range entries {
		if primary[i], err = d.primaryGroup(s, e); err != nil {
			return err
		}
		id, _ := s.IDFilter(s.ID(e))
		if asked = append(asked, id); primary[i] != "" {
			asked = append(asked, primary[i].Equality(s.PrimaryGroup.SID))
		}
	}
	search := directory.Search{
		Base: s.Default, Filter: ldif.AllOf(ldif.AnyOf(asked...), "(!"+d.filter+")"),
		Attributes: []string{s.IDAttribute, s.PrimaryGroup.SID},
	}
	plain, err := g.directory.Search(ctx, search)
	if err != nil {
		return err
	}
	byID := func(of []*ldif.Entry, e *ldif.Entry) *ldif.Entry {
		return find(of, func(o *ldif.Entry) bool { return s.ID(o) == s.ID(e) })
	}
	bySID := func(of []*ldif.Entry, sid ldif.SID) *ldif.Entry {
		return find(of, func(o *ldif.Entry) bool { return o.Value(s.PrimaryGroup.SID) == string(sid) })
	}
	var there []*ldif.Entry // at a second look, for what the first did not find
	for i, e := range entries {
		if byID(plain, e) != nil && (primary[i] == "" || bySID(plain, primary[i]) != nil) {
			continue
		}
		if there == nil {
			search.Filter, search.Attributes = ldif.AnyOf(asked...), append(search.Attributes, s.Backlink)
			if there, err = g.directory.Search(ctx, search); err != nil {
				return err
			}
		}
		now := byID(there, e)
		switch {
		case now == nil: // it has gone: the change will find that out
			continue
		case byID(plain, e) != nil:
			now = bySID(there, primary[i])
		}
		return d.refusal(s, e, now)
	}
	return nil
}

func find(entries []*ldif.Entry, is func(*ldif.Entry) bool) *ldif.Entry {
	if i := slices.IndexFunc(entries, is); i >= 0 {
		return entries[i]
	}
	return nil
}

// primaryGroup is the SID of an account's primary group; "" of what has none.
func (d *domain) primaryGroup(s *ldif.Server, e *ldif.Entry) (ldif.SID, error) {
	p := s.PrimaryGroup
	id, err := strconv.ParseUint(e.Value(p.Attribute), 10, 32)
	isAccount := slices.ContainsFunc(e.Values("objectClass"), func(class string) bool { return s.Schema.IsA(class, p.Class) })
	switch {
	case err == nil:
		return d.sid.Member(uint32(id)), nil
	case isAccount:
		return "", &Refusal{DN: e.DN, Why: "the entry's " + p.Attribute + " cannot be seen, and so not whether it is privileged"}
	}
	return "", nil
}

// refusal says why an entry is not surely outside the privileged groups. through is what is not: itself, or its primary group.
func (d *domain) refusal(s *ldif.Server, e, through *ldif.Entry) *Refusal {
	isOne := func(dn string) bool {
		return slices.ContainsFunc(d.groups, func(g string) bool { return s.SameDN(g, dn) })
	}
	switch {
	case through == nil:
		return &Refusal{DN: e.DN, Why: "the entry's primary group cannot be seen, and so not whether it is privileged"}
	case isOne(through.DN) && through.DN == e.DN:
		return &Refusal{DN: e.DN, Why: "the group is privileged"}
	case isOne(through.DN):
		return memberOf(e, through.DN)
	}
	for _, group := range through.Values(s.Backlink) {
		if isOne(group) {
			return memberOf(e, group)
		}
	}
	return &Refusal{DN: e.DN, Why: "the entry is a member of a privileged group through others, or that cannot be seen"}
}

func memberOf(e *ldif.Entry, group string) *Refusal {
	return &Refusal{DN: e.DN, Why: "the entry is a member of the privileged group " + group}
}

// domain is what is known of the domain. While one request learns it again, what is known does for the others.
func (g *Guard) domain(ctx context.Context, s *ldif.Server) (*domain, error) {
	g.mu.Lock()
	known := g.known
	does := known != nil && (time.Since(g.learned) < learnedFor || g.learning)
	g.learning = g.learning || !does
	g.mu.Unlock()
	if does {
		return known, nil
	}
	learned, err := g.learn(ctx, s)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.learning = false
	if err == nil {
		g.known, g.learned = learned, time.Now()
	}
	return learned, err
}

// learn looks for the groups: those that the server guards by itself, those with its mark, and those that the configuration names.
func (g *Guard) learn(ctx context.Context, s *ldif.Server) (*domain, error) {
	p, sid := s.Privilege, s.PrimaryGroup.SID
	root, err := g.directory.Search(ctx, directory.Search{Base: s.Default, Scope: directory.BaseObject, Attributes: []string{sid}})
	if err != nil {
		return nil, err
	}
	d := &domain{}
	for _, e := range root {
		d.sid = ldif.SID(e.Value(sid))
	}
	must := append(members(ldif.BuiltinDomain, p.Builtin), members(d.sid, p.Domain)...)
	var filters []string
	for _, group := range append(must, members(d.sid, p.Further)...) {
		filters = append(filters, group.Equality(sid))
	}
	for _, dn := range g.privileged {
		filters = append(filters, ldif.Equality(s.DNAttribute, dn))
	}
	if !g.ignoresMark {
		filters = append(filters, ldif.AllOf(ldif.Equality("objectClass", p.Class), ldif.Equality(p.Mark, "1")))
	}
	found, err := g.directory.Search(ctx, directory.Search{Base: s.Default, Filter: ldif.AnyOf(filters...), Attributes: []string{sid}})
	if err != nil {
		return nil, err
	}
	for _, group := range must {
		if find(found, func(e *ldif.Entry) bool { return e.Value(sid) == string(group) }) == nil {
			return nil, hidden(fmt.Sprintf("the group with the SID %s", group), missing)
		}
	}
	for _, dn := range g.privileged {
		if find(found, func(e *ldif.Entry) bool { return s.SameDN(e.DN, dn) }) == nil {
			return nil, hidden(dn, missing)
		}
	}
	filters = nil
	for _, account := range members(d.sid, p.Accounts) {
		filters = append(filters, account.Equality(sid))
	}
	for _, e := range found {
		d.groups = append(d.groups, e.DN)
		filters = append(filters, ldif.Equality(s.DNAttribute, e.DN), ldif.Equality(s.Backlink+":"+p.MemberOf+":", e.DN))
	}
	d.filter = ldif.AnyOf(filters...)
	return d, nil
}

func members(domain ldif.SID, ids []uint32) []ldif.SID {
	var sids []ldif.SID
	for _, id := range ids {
		sids = append(sids, domain.Member(id))
	}
	return sids
}
