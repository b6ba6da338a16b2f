// Package maptest is a directory as plain values, for tests of the attribute map: what the bridge would ask a server is answered
// from its entries.
package maptest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
	"go.yaml.in/yaml/v3"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
)

// World is a directory with a map of it. Entries may be changed between plans.
type World struct {
	T       Failer
	Map     *ldapmap.Map
	Server  *ldif.Server
	Entries []*ldif.Entry
}

// Failer is what a test and a drawn one have in common.
type Failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// systemSchema is what memdir's schema takes for granted, and what the tests map besides.
const systemSchema = `
attributetype ( 2.5.4.0 NAME 'objectClass' EQUALITY objectIdentifierMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )
attributetype ( 2.5.4.41 NAME 'name' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )
attributetype ( 2.5.4.49 NAME 'distinguishedName' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
attributetype ( 0.9.2342.19200300.100.1.1 NAME ( 'uid' 'userid' ) EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.1.16.4 NAME 'entryUUID' EQUALITY UUIDMatch SYNTAX 1.3.6.1.1.16.1
  SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )
attributetype ( 1.3.6.1.4.1.4203.666.1.7 NAME 'entryCSN' EQUALITY CSNMatch SYNTAX 1.3.6.1.4.1.4203.666.11.2.1
  SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )
attributetype ( 1.3.6.1.1.20 NAME 'entryDN' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12
  SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )
attributetype ( 2.5.18.1 NAME 'createTimestamp' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )
attributetype ( 1.3.6.1.4.1.42.2.27.8.1.17 NAME 'pwdAccountLockedTime' EQUALITY generalizedTimeMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE USAGE directoryOperation )
attributetype ( 1.2.840.113556.1.2.102 NAME 'memberOf' EQUALITY distinguishedNameMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 NO-USER-MODIFICATION USAGE dSAOperation )
attributetype ( 1.3.9.1 NAME 'boss' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE )
attributetype ( 1.3.9.2 NAME 'onSite' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 1.3.9.3 NAME 'deck' EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.9.4 NAME 'hired' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 1.3.9.5 NAME 'nsAccountLock' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 USAGE directoryOperation )
attributetype ( nsuniqueid-oid NAME 'nsUniqueId' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 NO-USER-MODIFICATION USAGE directoryOperation )
objectclass ( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )
objectclass ( 1.3.9.9 NAME 'shipmate' SUP top AUXILIARY MAY ( boss $ onSite $ deck $ hired ) )
`

// activeDirectorySchema is a part of what a domain controller publishes: no rules, only syntaxes.
const activeDirectorySchema = `
attributetype ( 2.5.4.0 NAME 'objectClass' SYNTAX '1.3.6.1.4.1.1466.115.121.1.38' )
attributetype ( 2.5.4.3 NAME 'cn' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )
attributetype ( 2.5.4.4 NAME 'sn' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )
attributetype ( 2.5.4.31 NAME 'member' SYNTAX '1.3.6.1.4.1.1466.115.121.1.12' )
attributetype ( 0.9.2342.19200300.100.1.10 NAME 'manager' SYNTAX '1.3.6.1.4.1.1466.115.121.1.12' SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.13 NAME 'displayName' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' SYNTAX '1.3.6.1.4.1.1466.115.121.1.27' SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.90 NAME 'unicodePwd' SYNTAX '1.3.6.1.4.1.1466.115.121.1.40' SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' SYNTAX '1.3.6.1.4.1.1466.115.121.1.40' SINGLE-VALUE NO-USER-MODIFICATION )
attributetype ( 1.2.840.113556.1.4.146 NAME 'objectSid' SYNTAX '1.3.6.1.4.1.1466.115.121.1.40' SINGLE-VALUE NO-USER-MODIFICATION )
attributetype ( 1.2.840.113556.1.4.98 NAME 'primaryGroupID' SYNTAX '1.3.6.1.4.1.1466.115.121.1.27' SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.782 NAME 'objectCategory' SYNTAX '1.3.6.1.4.1.1466.115.121.1.12' SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.120 NAME 'uSNChanged' SYNTAX '1.2.840.113556.1.4.906' SINGLE-VALUE NO-USER-MODIFICATION )
attributetype ( 1.2.840.113556.1.2.227 NAME 'extensionName' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' )
attributetype ( 2.5.4.11 NAME 'ou' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' )
attributetype ( 2.5.4.49 NAME 'distinguishedName' SYNTAX '1.3.6.1.4.1.1466.115.121.1.12' SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.159 NAME 'accountExpires' SYNTAX '1.2.840.113556.1.4.906' SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.49 NAME 'department' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )
objectclass ( 2.5.6.0 NAME 'top' ABSTRACT MUST ( objectClass $ objectCategory ) )
objectclass ( 2.5.6.6 NAME 'person' SUP top ABSTRACT MUST cn )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP person STRUCTURAL MAY userPrincipalName )
objectclass ( 1.2.840.113556.1.3.30 NAME 'computer' SUP user STRUCTURAL )
objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MAY member )
`

var statement = regexp.MustCompile(`(?m)^(attributetype|objectclass) (.*(?:\n[ \t].*)*)`)

func parseSchema(t testing.TB, text string) *ldif.Subschema {
	t.Helper()
	var attributes, classes []string
	for _, s := range statement.FindAllStringSubmatch(text, -1) {
		if s[1] == "attributetype" {
			attributes = append(attributes, s[2])
		} else {
			classes = append(classes, s[2])
		}
	}
	s, err := ldif.ParseSubschema(attributes, classes)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var schemas sync.Map // by their text: to read one takes a while

// Server is a server of the kind as it tells about itself.
func Server(t testing.TB, kind ldif.ServerKind) *ldif.Server {
	t.Helper()
	s, text := &ldif.Server{Traits: kind.Traits()}, systemSchema+memdir.DefaultSchema
	if kind == ldif.OpenLDAP {
		s.Extended = map[string]bool{ldif.PasswordModifyOID: true}
	}
	if s.Birth != nil {
		s.Default, text = "DC=shore,DC=example", activeDirectorySchema
	}
	known, ok := schemas.Load(text)
	if !ok {
		known, _ = schemas.LoadOrStore(text, parseSchema(t, text))
	}
	s.Schema = known.(*ldif.Subschema)
	return s
}

// Read reads the configuration's `resources`, as YAML.
func Read(t testing.TB, text string) []compile.Options {
	t.Helper()
	var items []any
	if err := yaml.Unmarshal([]byte(text), &items); err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		classes, _ := item.(map[string]any)["objectClasses"].([]any)
		for i, class := range classes {
			if name, alone := class.(string); alone {
				classes[i] = map[string]any{"class": name}
			}
		}
	}
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(map[string]any{"resources": items}, "."), nil); err != nil {
		t.Fatal(err)
	}
	var all []compile.Options
	if err := k.Unmarshal("resources", &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// New makes a world of a map, as YAML, and entries, as LDIF. Their ids are ID of their numbers.
func New(t testing.TB, kind ldif.ServerKind, mapText, entries string) *World {
	t.Helper()
	compiled, err := compile.Compile(Read(t, mapText))
	if err != nil {
		t.Fatal(err)
	}
	w := &World{T: t, Server: Server(t, kind)}
	var problems compile.Faults
	if w.Map, problems = ldapmap.For(compiled, w.Server); len(problems) > 0 {
		t.Fatal(problems)
	}
	if w.Entries, err = ldif.Parse(entries); err != nil {
		t.Fatal(err)
	}
	for i, e := range w.Entries {
		w.Stamp(e, i)
	}
	return w
}

// Stamp fills in what the server keeps. An id begins with the number of the entry in the file.
func (w *World) Stamp(e *ldif.Entry, i int) {
	e.Set(w.Server.IDAttribute, w.Server.IDValue(ID(i)))
	e.Set(w.Server.DNAttribute, e.DN)
	if w.Server.VersionForm == ldif.VersionInstance {
		e.Set(w.Server.VersionAttribute, "7")
		return
	}
	e.Set("entryCSN", "csn")
	e.Set("createTimestamp", fmt.Sprintf("2026010212000%dZ", i%10))
}

// ID is the id of the entry with the number.
func ID(i int) string { return fmt.Sprintf("%08x-0000-0000-0000-000000000000", i) }

func (w *World) Search(s ldapmap.Search) []*ldif.Entry {
	f, err := ldif.ParseFilter(s.Filter)
	if err != nil {
		w.T.Fatalf("%s: %v", s.Filter, err)
	}
	f = w.Server.Judgeable(f) // which a domain controller does in its own way
	var found []*ldif.Entry
	for _, e := range w.Entries {
		under := func(base string) bool { return w.Server.Under(e.DN, base) }
		if (under(s.Base) || slices.ContainsFunc(s.More, under)) && f.Matches(e, w.Server.Schema) {
			e.Asked = read.AttributesOfAll(w.Map)
			found = append(found, e)
		}
	}
	return found
}

func (w *World) Refs(ids []string, names []ldapmap.Name, groups ...ldif.SID) ldapmap.Refs {
	var found []*ldif.Entry
	for _, s := range w.Map.LookUp(ids, names, groups) {
		found = append(found, w.Search(s)...)
	}
	return w.Map.Refs(found, nil)
}

// See is a resource as the bridge shows it.
func (w *World) See(t *ldapmap.Type, e *ldif.Entry) scim.Resource {
	return read.Resource(t, e, w.Refs(nil, read.References(t, e, nil), read.PrimaryGroups(t, e, nil)...))
}

// Entry finds an entry by its id.
func (w *World) Entry(t *ldapmap.Type, id string) *ldif.Entry {
	w.T.Helper()
	for _, e := range w.Entries {
		if t.ID(e) == id {
			return e
		}
	}
	w.T.Fatalf("no entry %s", id)
	return nil
}

// Draft is the write's draft with the refs that it needs.
func (w *World) Draft(t *ldapmap.Type, write draft.Write) (*draft.Draft, ldapmap.Refs, error) {
	ids := append(draft.ResourceIDs(t, write.After), append(write.Members.Add, write.Members.Remove...)...)
	var names []ldapmap.Name
	if write.Entry != nil {
		names = read.References(t, write.Entry, nil)
	}
	d, err := draft.New(t, write)
	return d, w.Refs(ids, names), err
}

// Plan asks and answers what the bridge would. What makes room for the write comes first in the plan.
func (w *World) Plan(t *ldapmap.Type, write draft.Write, placeholder bool) (ldif.Plan, error) {
	d, refs, err := w.Draft(t, write)
	if err != nil {
		return ldif.Plan{}, err
	}
	p, room, err := w.planDraft(d, refs, placeholder)
	if room == nil {
		return p, err
	}
	first, further, err := w.planDraft(room, ldapmap.Refs{}, placeholder)
	if err != nil || further != nil {
		w.T.Fatalf("making room needs room: %v", err)
	}
	after := w.Clone()
	for _, s := range first.Steps {
		after.Apply(s.Change)
	}
	rest, err := after.Plan(t, write, placeholder)
	rest.Steps, rest.Effects = append(first.Steps, rest.Steps...), append(first.Effects, rest.Effects...)
	return rest, err
}

func (w *World) planDraft(d *draft.Draft, refs ldapmap.Refs, placeholder bool) (p ldif.Plan, room *draft.Draft, err error) {
	facts := draft.Facts{Placeholder: placeholder, Refs: refs, Again: draft.Patience} // nobody else is there
	for {
		p, needs, err := d.Plan(facts)
		if err != nil || needs.None() || needs.Room != nil {
			return p, needs.Room, err
		}
		if needs.Rounds > 0 {
			facts.Rounds = needs.Rounds
		}
		if needs.Search != nil {
			facts.Found = w.Search(*needs.Search)
		}
		for _, n := range needs.Along {
			facts = facts.Told(n, facts.Found)
		}
		if needs.Password != nil {
			facts.Password = "random-password"
		}
		if needs.Chance {
			facts.Chance[0] = 1
		}
		for _, dn := range needs.Places {
			facts = facts.Placed(dn, true)
		}
		if len(needs.Entries) > 0 {
			facts = facts.Seen(w.Server, needs.Entries, w.Entries)
		}
		for _, c := range needs.Numbers {
			facts = facts.Allotted(c, w.take(c))
		}
		for _, n := range needs.Referrers {
			facts = facts.Told(n, w.Search(n.Search))
		}
	}
}

// take takes a number as the bridge would: above all that are in use.
func (w *World) take(c *ldapmap.Counter) int {
	highest := c.From - 1
	for _, e := range w.Entries {
		highest = slices.Max(append(c.Held(e), highest))
	}
	return highest + 1
}

// Apply makes the change, as a server would.
func (w *World) Apply(c ldif.Change) {
	w.T.Helper()
	at := slices.IndexFunc(w.Entries, func(e *ldif.Entry) bool { return w.Server.SameDN(e.DN, c.DN) })
	c = w.resolve(c)
	if c.Kind == ldif.Add {
		if at >= 0 {
			w.T.Fatalf("%s is there already", c.DN)
		}
		added := ldif.Apply(nil, c, w.Server.Schema)
		w.Stamp(added, 100+len(w.Entries))
		w.Entries = append(w.Entries, added)
		return
	}
	if at < 0 {
		w.T.Fatalf("%s %s: no such entry", c.Kind, c.DN)
	}
	for i, m := range c.Mods {
		if m.ByDN {
			c.Mods[i] = m.In(w.Entries[at].Values(m.Name), w.Server.NormalDN)
		}
	}
	w.refuse(w.Entries[at], c)
	after := ldif.Apply(w.Entries[at], c, w.Server.Schema)
	if after == nil {
		w.Entries = slices.Delete(w.Entries, at, at+1)
		return
	}
	if c.Kind == ldif.ModifyDN {
		for i, e := range w.Entries {
			if i != at && w.Server.SameDN(e.DN, after.DN) {
				w.T.Fatalf("%s is there already", after.DN)
			}
		}
		after.Set(w.Server.DNAttribute, after.DN)
	}
	w.Entries[at] = after
}

// resolve puts DNs in the place of `<GUID=…>`, as Active Directory does.
func (w *World) resolve(c ldif.Change) ldif.Change {
	dns := func(values []string) []string {
		values = slices.Clone(values)
		for i, v := range values {
			for _, e := range w.Entries {
				if id, ok := w.Server.IDNamed(v); ok && id == w.Server.ID(e) {
					values[i] = e.DN
				}
			}
		}
		return values
	}
	c.Entry, c.Mods = slices.Clone(c.Entry), slices.Clone(c.Mods)
	for i := range c.Entry {
		c.Entry[i].Values = dns(c.Entry[i].Values)
	}
	for i := range c.Mods {
		c.Mods[i].Values = dns(c.Mods[i].Values)
	}
	return c
}

// refuse fails the test for what a server refuses.
func (w *World) refuse(e *ldif.Entry, c ldif.Change) {
	w.T.Helper()
	after := e.Clone()
	for _, m := range c.Mods {
		definition := w.Server.Schema.Attribute(m.Name)
		among := func(values []string, v string) bool {
			return slices.ContainsFunc(values, func(o string) bool { return ldif.Equal(w.Server.Schema, m.Name, v, o) })
		}
		for _, v := range m.Values {
			switch there := among(after.Values(m.Name), v); {
			case m.Settled:
			case m.Op == ldif.AddValues && there:
				w.T.Fatalf("%s: the value %q of %s is there already\n%s", e.DN, v, m.Name, c)
			case m.Op == ldif.DeleteValues && !there:
				w.T.Fatalf("%s: no value %q of %s\n%s", e.DN, v, m.Name, c)
			}
		}
		if m.Op != ldif.ReplaceValues && w.Server.Schema.Attribute("cn").Equality != "" && definition.Equality == "" {
			w.T.Fatalf("%s has no equality rule\n%s", m.Name, c)
		}
		after = ldif.Apply(after, ldif.Change{Kind: ldif.Modify, DN: e.DN, Mods: []ldif.Mod{m}}, w.Server.Schema)
	}
	if c.Kind == ldif.ModifyDN {
		after = ldif.Apply(e, c, w.Server.Schema)
	}
	if c.Kind == ldif.Delete {
		return
	}
	rdn, err := ldif.ParseRDN(after.DN)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, a := range rdn {
		name := w.Server.Schema.Canonical(a.Type)
		if !slices.ContainsFunc(after.Values(name), func(v string) bool { return ldif.Equal(w.Server.Schema, name, v, a.Value) }) {
			w.T.Fatalf("%s lacks the value of its name\n%s", after.DN, c)
		}
	}
	for _, name := range w.Server.Schema.Must(after.Values("objectClass")...) {
		if len(after.Values(name)) == 0 && len(e.Values(name)) > 0 {
			w.T.Fatalf("%s: %s is demanded\n%s", after.DN, name, c)
		}
	}
	for _, a := range after.Attributes {
		if definition := w.Server.Schema.Attribute(a.Name); definition != nil && definition.SingleValue && len(a.Values) > 1 {
			w.T.Fatalf("%s: %s has one value\n%s", after.DN, a.Name, c)
		}
	}
}

// Text is the entries as LDIF, sorted, each attribute's values sorted: what a directory promises.
func (w *World) Text() string {
	var records []string
	for _, e := range w.Entries {
		e := e.Clone()
		for _, a := range e.Attributes {
			slices.Sort(a.Values)
		}
		slices.SortFunc(e.Attributes, func(a, b ldif.Attribute) int { return strings.Compare(a.Name, b.Name) })
		records = append(records, e.String())
	}
	slices.Sort(records)
	return strings.Join(records, "\n")
}

func (w *World) Clone() *World {
	c := *w
	c.Entries = nil
	for _, e := range w.Entries {
		c.Entries = append(c.Entries, e.Clone())
	}
	return &c
}
