// Package layout recognises how people and groups stand in a directory, and proposes the configuration for it: init. What a directory
// showed is a Sight; what follows from it is found without one.
package layout

import (
	"context"
	"errors"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// Sight is what a directory shows of itself, and of some of its entries.
type Sight struct {
	Server *ldif.Server
	Bases  []string // below which was looked
	People []*ldif.Entry
	Groups []*ldif.Entry
	Units  []string // DNs of organizational units
	Whole  bool     // there are no other people than these
	Held   []string // attributes for the bridge's own, beside those of these people, that somebody has a value of
	Policy string   // DN of a password policy that locks accounts out; "": none is seen
}

// enough is how many people and groups are looked at.
const enough = 2_000

// Look reads what is to be recognised below a place; "": anywhere. It writes nothing, and reads no password.
func Look(ctx context.Context, c *directory.Client, below string) (s Sight, err error) {
	if s.Server, err = c.Server(ctx); err != nil {
		return s, err
	}
	l := looker{ctx, c, &s}
	s.Bases, s.Whole = contexts(s.Server), true
	if below != "" {
		s.Bases = []string{below}
	}
	for _, base := range s.Bases {
		if err := errors.Join(
			l.some(&s.People, base, personFilter(s.Server), interest(s.Server)),
			l.some(&s.Groups, base, groupFilter(s.Server), groupInterest),
			l.units(base), l.policy(base), l.held(base),
		); err != nil {
			return s, err
		}
	}
	return s, nil
}

// contexts are the naming contexts in which there may be people.
func contexts(server *ldif.Server) []string {
	if server.Default != "" {
		return []string{server.Default}
	}
	isOwn := func(context string) bool { return strings.HasPrefix(strings.ToLower(context), "cn=") } // cn=changelog
	all := slices.DeleteFunc(slices.Clone(server.Contexts), isOwn)
	slices.Sort(all)
	return all
}

// critical is the attribute that is TRUE on what a domain was born with.
const critical = "isCriticalSystemObject"

// ofDNS are groups of a domain's that its DNS service makes, and does not mark so.
var ofDNS = []string{"DnsAdmins", "DnsUpdateProxy"}

func personFilter(server *ldif.Server) string {
	if server.PersonFilter != "" {
		return server.PersonFilter
	}
	return anyClass(server, "person", "posixAccount", "account")
}

// anyClass finds entries of one of the classes that the schema has.
func anyClass(server *ldif.Server, names ...string) string {
	var any []string
	for _, name := range names {
		if server.Schema.Class(name) != nil {
			any = append(any, ldif.Equality("objectClass", name))
		}
	}
	return ldif.AnyOf(any...)
}

func groupFilter(server *ldif.Server) string {
	var names []string
	for _, kind := range groupKinds {
		names = append(names, kind.class)
	}
	return anyClass(server, names...)
}

// looker fills in a sight.
type looker struct {
	ctx context.Context
	*directory.Client
	s *Sight
}

var errEnough = errors.New("enough")

// some reads entries, as many as are enough, or as the server shows.
func (l looker) some(into *[]*ldif.Entry, base, filter string, attributes []string) error {
	err := l.Enumerate(l.ctx, directory.Search{Base: base, Filter: filter, Attributes: attributes}, func(e *ldif.Entry) error {
		if e.Value(critical) == "TRUE" || slices.Contains(ofDNS, e.Value("cn")) {
			return nil
		}
		if *into = append(*into, e); len(*into) >= enough {
			return errEnough
		}
		return nil
	})
	answer, _ := errors.AsType[*directory.Error](err)
	if errors.Is(err, errEnough) || answer != nil && answer.Reason == reason.LimitExceeded {
		l.s.Whole = false
		return nil
	}
	return err
}

// units reads where entries may stand.
func (l looker) units(base string) error {
	var found []*ldif.Entry
	whole := l.s.Whole
	err := l.some(&found, base, ldif.Equality("objectClass", "organizationalUnit"), []string{"1.1"})
	l.s.Whole = whole
	for _, e := range found {
		l.s.Units = append(l.s.Units, e.DN)
	}
	return err
}

// policy looks for a password policy by which pwdAccountLockedTime blocks.
func (l looker) policy(base string) (err error) {
	if l.s.Server.Schema.Attribute("pwdLockout") != nil && l.s.Policy == "" {
		l.s.Policy, _, err = l.one(base, "(pwdLockout=TRUE)")
	}
	return err
}

// held looks who has a value of what could hold the bridge's own, where not everybody was looked at.
func (l looker) held(base string) error {
	if l.s.Whole {
		return nil
	}
	for _, name := range slices.Concat(forExternalID, forTombstone) {
		if l.s.Server.Schema.Attribute(name) == nil || ldif.Named(l.s.Held, name) {
			continue
		}
		dn, untold, err := l.one(base, ldif.AllOf(personFilter(l.s.Server), ldif.Presence(name)))
		if err != nil {
			return err
		}
		if dn != "" || untold { // who cannot tell takes it for held
			l.s.Held = append(l.s.Held, name)
		}
	}
	return nil
}

// one is the DN of an entry that a filter finds, if any; untold: the server gave up looking.
func (l looker) one(base, filter string) (dn string, untold bool, err error) {
	e, err := l.Sample(l.ctx, directory.Search{Base: base, Filter: filter, Attributes: []string{"1.1"}})
	answer, _ := errors.AsType[*directory.Error](err)
	switch {
	case e != nil:
		return e.DN, false, nil
	case answer != nil && answer.Reason == reason.LimitExceeded:
		return "", true, nil
	}
	return "", false, err
}

// interest are the attributes of people that are looked at.
func interest(server *ldif.Server) (names []string) {
	names = []string{
		"objectClass", "uid", "cn", "sn", "displayName", "mail", "proxyAddresses", "mailAlternateAddress", "userPrincipalName",
		"sAMAccountName", "uidNumber", "gidNumber", "homeDirectory", "loginShell", "gecos", "shadowExpire", "userAccountControl",
		"pwdAccountLockedTime", "ou", critical,
	}
	for _, line := range lines {
		names = append(names, line.ldap...)
	}
	names = slices.Concat(names, markers, forExternalID, forTombstone)
	names = slices.DeleteFunc(names, func(name string) bool { return server.Schema.Attribute(name) == nil })
	slices.Sort(names)
	return slices.Compact(names)
}

var groupInterest = append([]string{"objectClass", "cn", "gidNumber", critical}, forGroups...)
