// Package guard judges plans: the fence around what the bridge may write, the entries that it must never touch, and how much may be done
// within a time.
package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Options is the configuration's `guard` section.
type Options struct {
	Protected        []string `koanf:"protected" is:"dn"`        // entries that are never written, with everything below them
	PrivilegedGroups []string `koanf:"privilegedGroups" is:"dn"` // groups that are never written, nor who is in them
	// adminCount is no sign of privilege: Active Directory leaves it on who was privileged once
	IgnoreAdminCount bool    `koanf:"ignoreAdminCount"`
	Limits           []Limit `koanf:"limits"` // how much may come about in a time, before writes of the kind are held
}

// Check reports what is wrong with the options by key path. bases are those of the map.
func (o *Options) Check(report func(path, problem string), bases []string) {
	for key, dns := range map[string][]string{"protected": o.Protected, "privilegedGroups": o.PrivilegedGroups} {
		for i, dn := range dns {
			parsed, err := ldap.ParseDN(dn)
			covers := func(base string) bool { return ldif.Under(base, dn) }
			problem := ""
			switch at := slices.IndexFunc(bases, covers); {
			case err != nil || dn == "":
				problem = fmt.Sprintf("%q is not a DN", dn)
			case len(parsed.RDNs) == 1:
				problem = fmt.Sprintf("%q is a DN of one part: if it is a piece of one that was cut at its commas, quote the DN in "+
					"brackets, and give it a variable of its own in the environment (…_%s_0)", dn, strings.ToUpper(key))
			case key == "protected" && at >= 0:
				problem = fmt.Sprintf("%q would protect everything under %q, of which then nothing can be written", dn, bases[at])
			default:
				continue
			}
			report(fmt.Sprintf("%s[%d]", key, i), problem)
		}
	}
}

// Refusal says why a plan may not run: which entry is not to be changed, and why. Its text may go to the client.
type Refusal struct {
	DN, Why string
	Outside bool   // the entry is, or would be, none of the map's: it is no protected one
	For     string // what cannot be done as long as the entry is not changed; "": the change of the entry itself
}

func (r *Refusal) Error() string {
	if r.For != "" {
		return fmt.Sprintf("%s while %s refers to it, which may not be written: %s", r.For, r.DN, r.Why)
	}
	return fmt.Sprintf("%s: %s", r.DN, r.Why)
}

// Guard judges plans. It is safe for concurrent use.
type Guard struct {
	protected   []string
	privileged  []string // groups that the configuration names
	ignoresMark bool
	own         func() []string // the bridge's own names, see directory.Client.Self
	directory   *directory.Client

	mu       sync.Mutex
	known    *domain // nil: nothing yet
	learned  time.Time
	learning bool // somebody asks for it again; what is known does meanwhile
}

// New makes a guard. own are the names of the account that the bridge is, see directory.Client.Self.
func New(o Options, own func() []string, d *directory.Client) *Guard {
	return &Guard{protected: o.Protected, privileged: o.PrivilegedGroups, ignoresMark: o.IgnoreAdminCount, own: own, directory: d}
}

// Needs are the attributes that an entry must have been read with for Judge to tell whether it may be written: what says of which type it
// is, whose account, and whether it is privileged.
func (g *Guard) Needs(m *ldapmap.Map) []string {
	needs := slices.Clone(m.Server.BindNames)
	if p := m.Server.Privilege; p != nil && !g.ignoresMark {
		needs = append(needs, p.Mark)
	}
	if p := m.Server.PrimaryGroup; p != nil {
		needs = append(needs, p.Attribute)
	}
	for _, t := range m.Types {
		needs = append(needs, t.ScopeAttributes()...)
	}
	return needs
}

// Judge says whether the plan may run: every change inside a mapped base, on entries that belong to a mapped type before and after, of
// attributes that the map names, or elsewhere of references, and of the map's counters, alone; and of no protected entry. It returns a
// *Refusal, a *directory.Error where the directory could not be asked who is privileged, or a *reason.Error where it does not show the
// groups that say so.
func (g *Guard) Judge(ctx context.Context, m *ldapmap.Map, s *ldif.Server, p ldif.Plan) error {
	err := g.judge(ctx, m, s, p)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		refusal.For = neededFor(s, p, refusal.DN)
	}
	return err
}

// neededFor says what the plan changes the entry for, where it is only to keep its references true; "": for itself.
func neededFor(server *ldif.Server, p ldif.Plan, dn string) string {
	cannot := map[ldif.Kind]string{ldif.Add: "made", ldif.Delete: "deleted", ldif.ModifyDN: "renamed", ldif.Modify: "deleted"}
	for _, step := range p.Steps {
		if step.Change.Kind != ldif.Modify || !server.SameDN(step.Change.DN, dn) {
			continue
		}
		for _, mod := range step.Change.Mods {
			for _, value := range mod.Values {
				if s := named(server, p, value); s != nil && !server.SameDN(s.Change.DN, dn) {
					return fmt.Sprintf("%s cannot be %s", s.Change.DN, cannot[s.Change.Kind])
				}
			}
		}
	}
	return ""
}

func (g *Guard) judge(ctx context.Context, m *ldapmap.Map, s *ldif.Server, p ldif.Plan) error {
	states := map[string]*ldif.Entry{} // by DN, as the steps so far leave them, as far as they are judged by it
	needs := g.Needs(m)
	by := append(needs, accountNames...)
	for _, step := range p.Steps {
		at := s.NormalDN(step.Change.DN)
		before := states[at]
		if before == nil {
			before = step.Before
		}
		if why := unseen(needs, step.Before); why != "" {
			return &Refusal{DN: step.Change.DN, Why: why}
		}
		after := apply(m, s, by, before, step.Change)
		if err := g.judgeChange(m, s, p, step, step.Change, before, after); err != nil {
			return err
		}
		for c := step.Change.Else; c != nil && len(c.Mods) > 0; c = c.Else {
			seen := before
			if !s.SameDN(c.DN, step.Change.DN) {
				seen = nil
			}
			if err := g.judgeChange(m, s, p, step, *c, seen, apply(m, s, by, seen, *c)); err != nil {
				return err
			}
		}
		delete(states, at)
		if after != nil {
			states[s.NormalDN(after.DN)] = after
		}
	}
	return g.judgePrivileged(ctx, m, s, p)
}

// apply is the entry as the change leaves it, but for attributes that nothing is judged by: a group may be given many members, a chunk at a
// time. by are those that are judged whatever the scopes say.
func apply(m *ldapmap.Map, s *ldif.Server, by []string, e *ldif.Entry, c ldif.Change) *ldif.Entry {
	if c.Kind == ldif.Modify {
		c.Mods = slices.DeleteFunc(slices.Clone(c.Mods), func(mod ldif.Mod) bool {
			judged := func(t *ldapmap.Type) bool { return t.IsJudgedBy(mod.Name) }
			needed := func(name string) bool { return s.Schema.Covers(name, mod.Name) }
			return !slices.ContainsFunc(m.Types, judged) && !slices.ContainsFunc(by, needed)
		})
	}
	return ldif.Apply(e, c, s.Schema)
}

// judgeChange says whether the change of a step may be made of what is before and after it.
func (g *Guard) judgeChange(m *ldapmap.Map, s *ldif.Server, p ldif.Plan, step ldif.Step, c ldif.Change, before, after *ldif.Entry) error {
	if why := g.untouchable(s, c, before, after); why != "" {
		return &Refusal{DN: c.DN, Why: why}
	}
	if follows(m, p, step, c) || m.IsUnit(c) || m.Counts(c) {
		return nil
	}
	if why := fence(m, c, before, after); why != "" {
		return &Refusal{DN: c.DN, Why: why, Outside: true}
	}
	return nil
}

// unseen says what the entry was not read with, that it must be judged by, or "". Where the guard cannot tell, it refuses.
func unseen(needs []string, e *ldif.Entry) string {
	if e == nil {
		return ""
	}
	for _, name := range needs {
		if !e.Saw(name) {
			return "nobody has looked at the entry's " + name
		}
	}
	return ""
}

// untouchable says why an entry may not be changed at all, or "".
func (g *Guard) untouchable(s *ldif.Server, c ldif.Change, before, after *ldif.Entry) string {
	if (before == nil) != (c.Kind == ldif.Add) {
		return "nobody has looked at the entry that is there"
	}
	for _, e := range []*ldif.Entry{before, after} {
		if e == nil {
			continue
		}
		if why := g.isProtected(s, e); why != "" {
			return why
		}
	}
	return ""
}

// fence says why a change may not be made of an entry by the map, or "".
func fence(m *ldapmap.Map, c ldif.Change, before, after *ldif.Entry) string {
	holds, keeps := false, false // some type holds the entry before; and after
	for _, t := range m.Types {
		if before != nil && !t.Keeps(before) {
			continue
		}
		holds = true
		if after != nil && !t.Keeps(after) {
			continue
		}
		keeps = true
		if c.Restores || writesAll(t, c) {
			return ""
		}
	}
	switch {
	case keeps:
		return "the map does not name every attribute that the change writes"
	case holds:
		return "the change would put the entry outside what the map covers"
	}
	return "the entry is outside what the map covers"
}

// writesAll says whether the map of t names every attribute that the change writes. What names an entry comes from the map's DN expression.
func writesAll(t *ldapmap.Type, c ldif.Change) bool {
	rdn, _ := ldif.ParseRDN(c.DN)
	return !slices.ContainsFunc(c.Mods, func(mod ldif.Mod) bool { return !t.Writes(mod.Name) }) &&
		!slices.ContainsFunc(c.Entry, func(a ldif.Attribute) bool { return !t.Writes(a.Name) && len(rdn.Values(a.Name)) == 0 })
}

func (g *Guard) isProtected(s *ldif.Server, e *ldif.Entry) string {
	if g.isOwn(s, e) {
		return "the bridge does not change its own account"
	}
	for _, dn := range g.protected {
		if s.MayBeUnder(e.DN, dn) {
			return "the entry is protected by the configuration, under guard.protected: " + dn
		}
	}
	if p := s.Privilege; p != nil && !g.ignoresMark && e.Value(p.Mark) == "1" {
		return "the entry is privileged (" + p.Mark + ")"
	}
	return ""
}

// accountNames are the attributes beside its DN by which isOwn knows an account.
var accountNames = []string{"userPrincipalName", "sAMAccountName"}

// isOwn says whether the entry is the account that the bridge binds with. Active Directory takes its DN, its userPrincipalName,
// its sAMAccountName at the domain's DNS name, or the domain's short name, a backslash and the sAMAccountName ([MS-ADTS]
// §5.1.1.1.1).
func (g *Guard) isOwn(s *ldif.Server, e *ldif.Entry) bool {
	return slices.ContainsFunc(g.own(), func(own string) bool {
		if own != "" && (s.SameDN(e.DN, own) || strings.EqualFold(e.Value("userPrincipalName"), own)) {
			return true
		}
		account := e.Value("sAMAccountName")
		_, name, short := strings.Cut(own, `\`)
		if !short {
			name, _, short = strings.Cut(own, "@")
		}
		return short && account != "" && strings.EqualFold(account, name)
	})
}
