package inspect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	filters "scimbridge/ldapmap/search"
	"scimbridge/scim/filter"
	scimschema "scimbridge/scim/schema"
)

// want is an attribute by which the bridge searches, and for what.
type want struct {
	key       string
	base      string
	attribute string // canonical
	by        ldif.Index
	why       string // "": a client may, and none is known that does
}

// wants gathers them.
type wants struct {
	m   *ldapmap.Map
	all []want
}

func (w *wants) add(t *ldapmap.Type, key string, by ldif.Index, bases []string, attribute, why string) {
	attribute, _, _ = strings.Cut(w.m.Server.Schema.Canonical(attribute), ";")
	equality, substrings := w.m.Server.Schema.Rules(attribute)
	rule := map[ldif.Index]string{ldif.ByEquality: equality, ldif.BySubstrings: substrings, ldif.ByPresence: "any"}[by]
	isOwn := t.IsSame(attribute, w.m.Server.IDAttribute) && by == ldif.ByEquality
	if attribute == "" || rule == "" && !isOwn {
		return
	}
	for _, base := range bases {
		same := func(o want) bool { return o.base == base && strings.EqualFold(o.attribute, attribute) && o.by == by }
		if !slices.ContainsFunc(w.all, same) {
			w.all = append(w.all, want{key, base, attribute, by, why})
		}
	}
}

// wanted are the attributes that requests search by, each once for a base and a kind of index. What a filter only denies, as a leaver's
// marker, needs none.
func wanted(m *ldapmap.Map) []want {
	w := &wants{m: m}
	for i, t := range m.Types {
		add := func(key, attribute, why string) { w.add(t, key, ldif.ByEquality, t.Widest(), attribute, why) }
		add(resource(i, "base"), t.Server.IDAttribute, "each request finds its entry by it")
		add(resource(i, "objectClasses"), "objectClass", "a list finds its entries by it")
		if t.Tombstone != "" {
			add(resource(i, "tombstone"), t.Tombstone, "each create asks who had the name")
		}
		for _, r := range t.Rules {
			isKey := func(k ldapmap.Key) bool { return k.In == r }
			why := ""
			switch {
			case r == t.Login || t.IsUnique(r):
				why = "clients look everybody up by it, and each create asks whether it is taken"
			case r == t.ExternalID:
				why = "clients look everybody up by it"
			case slices.ContainsFunc(t.Match, isKey):
				why = "`match` finds entries by it"
			case r.Options.Unique || r.Numbers != nil:
				why = "each create asks whether a value of it is taken"
			}
			if why == "" {
				continue
			}
			add(boundKey(i, r), r.LDAP, why)
			for _, test := range asked(t, r) {
				if test.By != ldif.ByPresence { // by which the most are found
					w.add(t, boundKey(i, r), test.By, t.Widest(), test.Attribute, why)
				}
			}
			if r.Counter != nil {
				w.add(t, boundKey(i, r), ldif.ByEquality, r.Counter.Contexts, r.LDAP, "each number that is taken is looked for by it")
			}
		}
		w.references(i, t)
	}
	for i, t := range m.Types {
		for _, r := range t.Rules {
			for _, test := range asked(t, r) {
				if test.By != ldif.ByPresence {
					w.add(t, boundKey(i, r), test.By, t.Widest(), test.Attribute, "")
				}
			}
		}
	}
	return w.all
}

// references adds those by which an entry's are found.
func (w *wants) references(i int, t *ldapmap.Type) {
	if t.Server.KeepsReferences {
		return
	}
	const why = "each rename and delete asks who refers to the entry by it"
	for _, r := range t.References {
		key := resource(i, "members")
		if !r.IsMembers() {
			if rule := t.Giver(r.Attribute); rule != nil {
				key = boundKey(i, rule)
			}
		}
		w.add(t, key, ldif.ByEquality, t.Bases(), r.Attribute, why)
		w.add(t, key, ldif.ByEquality, w.m.Elsewhere.Bases, r.Attribute, why)
		if r.Suffixes {
			if f, err := ldif.ParseFilter(r.Suspects("cn=sample")); err == nil {
				for _, test := range f.Tests() {
					if t.IsSame(test.Attribute, r.Attribute) {
						w.add(t, key, test.By, t.Bases(), r.Attribute, "members with an identifier behind the DN are looked for by it")
					}
				}
			}
		}
	}
}

// asked is what a client's `eq` asks of LDAP attributes; nothing where the rule is in a form of its own, or no client may ask.
func asked(t *ldapmap.Type, r *ldapmap.Rule) (tests []ldif.Test) {
	if r.Computed() || r.WriteOnly() || r.Form != nil || r.Reference != nil {
		return nil
	}
	c := &filter.Compare{Path: filter.AttrPath{Ref: r.Ref}, Op: filter.Equal}
	switch r.SCIMType() {
	case scimschema.String, scimschema.Reference:
		c.Value = "sample"
	case scimschema.Integer:
		c.Value = json.Number("1")
	default:
		return nil
	}
	text, _ := filters.Filter(t, c, ldapmap.Refs{})
	f, err := ldif.ParseFilter(text)
	if err != nil {
		return nil
	}
	isScope := func(test ldif.Test) bool { return ldif.Named(t.ScopeAttributes(), test.Attribute) }
	return slices.DeleteFunc(f.Tests(), isScope)
}

// lookups finds what everybody is looked up by and no index can find.
func lookups(_ Subject, v Survey) (all []Finding) {
	if !v.fits() {
		return nil
	}
	for i, t := range v.Map.Types {
		for _, r := range t.Rules {
			isAll := func(test ldif.Test) bool { return test.By == ldif.ByPresence && t.IsSame(test.Attribute, r.LDAP) }
			if r != t.Login && !t.IsUnique(r) && r != t.ExternalID || !slices.ContainsFunc(asked(t, r), isAll) {
				continue
			}
			all = append(all, Finding{
				Severity: Warning, Code: "case", Key: boundKey(i, r),
				What: fmt.Sprintf("%s is compared whatever its case, and %s only as it is written", r.Path(), r.LDAP),
				Why:  "clients look everybody up by it, and each time the server gives every entry that has a value, whatever is indexed",
				Mend: "name an attribute whose equality rule ignores case, as uid or mail",
			})
		}
	}
	return all
}

// indexes finds attributes that are searched by and have no index.
func indexes(_ Subject, v Survey) (all []Finding) {
	if !v.fits() || !v.met() {
		return nil
	}
	if v.Settings.Hidden != "" {
		return []Finding{{
			Severity: Hint, Code: "unseen-indexes", Key: "directory.urls",
			What: "whether there are indexes could not be seen: " + v.Settings.Hidden,
			Why:  "without one a request reads every entry",
			Mend: "look whether these are indexed by equality: " + strings.Join(names(wanted(v.Map)), ", "), Command: v.Settings.Show,
		}}
	}
	severity := Hint
	if v.isLarge() {
		severity = Warning
	}
	might := map[string][]want{} // by the number of the type
	told := map[string]bool{}    // by database, attribute and kind
	for _, w := range wanted(v.Map) {
		d := v.database(w.base)
		if d == nil || d.has(w.attribute, w.by) {
			continue
		}
		if key := fmt.Sprint(d.Suffix, "\n", w.attribute, w.by); told[key] {
			continue
		} else {
			told[key] = true
		}
		if w.why == "" {
			at, _, _ := strings.Cut(w.key, ".")
			might[at] = append(might[at], w)
			continue
		}
		f := Finding{
			Severity: severity, Code: "index", Key: w.key, What: fmt.Sprintf("%s is not indexed by %s", w.attribute, kindWords[w.by]),
			Why: w.why + ", and without an index that reads every entry", Mend: "have the server index it",
		}
		index(&f, v, []want{w})
		all = append(all, f)
	}
	for i := range v.Map.Types {
		if wanted := might[resource(i, "")]; len(wanted) > 0 {
			f := Finding{
				Severity: Hint, Code: "filter-index", Key: resource(i, "attributes"),
				What: "these are indexed by nothing that a filter on them needs: " + strings.Join(attributesOf(wanted), ", "),
				Why:  "a client that filters by one has the server read every entry; Entra's own requests do not",
				Mend: "if yours does, have the server index it",
			}
			index(&f, v, wanted)
			all = append(all, f)
		}
	}
	return all
}

var kindWords = map[ldif.Index]string{ldif.ByEquality: "equality", ldif.BySubstrings: "substrings", ldif.ByPresence: "presence"}

// names are those of attributes that the bridge itself searches by, or every client.
func names(wanted []want) []string {
	return attributesOf(slices.DeleteFunc(wanted, func(w want) bool { return w.why == "" || w.by != ldif.ByEquality }))
}

func attributesOf(wanted []want) (all []string) {
	for _, w := range wanted {
		if !ldif.Named(all, w.attribute) {
			all = append(all, w.attribute)
		}
	}
	return all
}

// index says how the server is told to index attributes.
func index(f *Finding, v Survey, wanted []want) {
	var changes []string
	add := func(format string, values ...any) {
		text := fmt.Sprintf(format, values...)
		if n := len(changes); n > 0 { // lines that are only added to one entry are one change
			head, line, _ := strings.Cut(text, "\nadd: olcDbIndex\n")
			if strings.HasPrefix(changes[n-1], head+"\nadd: olcDbIndex\n") && line != "" {
				changes[n-1] += line
				return
			}
		}
		changes = append(changes, text)
	}
	isSame := func(a, b want) bool { return a.attribute == b.attribute && v.database(a.base) == v.database(b.base) }
	for i, w := range wanted {
		if slices.ContainsFunc(wanted[:i], func(other want) bool { return isSame(other, w) }) {
			continue
		}
		d := v.database(w.base)
		var more []ldif.Index // one change for all kinds of an attribute's
		for _, other := range wanted[i:] {
			if isSame(other, w) && !slices.Contains(more, other.by) {
				more = append(more, other.by)
			}
		}
		has := d.Indexed[strings.ToLower(w.attribute)]
		switch v.Server.Settings {
		case ldif.SlapdSettings:
			add("%s", slapdIndex(d, v.Server.Schema, w.attribute, slices.Concat(has, more)))
			f.Command = slapdLoad("index.ldif")
		case ldif.DirsrvSettings:
			kinds := ""
			for _, by := range more {
				kinds += "nsIndexType: " + slapdKinds[by] + "\n"
			}
			if len(has) > 0 {
				add("dn: cn=%s,%s\nchangetype: modify\nadd: nsIndexType\n%s", w.attribute, d.DN, kinds)
			} else {
				add("dn: cn=%[1]s,%[2]s\nchangetype: add\nobjectClass: nsIndex\ncn: %[1]s\nnsSystemIndex: false\n%[3]s",
					w.attribute, d.DN, kinds)
			}
			f.Command = load(v, "ldapmodify", "index.ldif")
		case ldif.DomainSettings:
			if c, ok := d.Classes[strings.ToLower(w.attribute)]; ok {
				for _, by := range more {
					c.Flags |= domainKinds[by]
				}
				add("dn: %s\nchangetype: modify\nreplace: searchFlags\nsearchFlags: %d\n", c.DN, c.Flags)
				f.Command = load(v, "ldapmodify", "index.ldif")
			}
		}
	}
	if v.Server.Settings == ldif.DirsrvSettings {
		changes = append(changes, v.tasks(wanted)...)
		f.Mend += "; it takes no writes until that is built (cn=tasks,cn=config says when), and does one such task at a time"
	}
	if v.Server.Settings == ldif.DomainSettings {
		f.Mend += ", at the schema master, as a Schema Admin (on Samba smb.conf says `dsdb:schema update allowed = yes` meanwhile)"
	}
	f.LDIF = strings.Join(changes, "\n")
}

// tasks have 389 Directory Server build indexes of the entries that are there: one task a backend, for while one runs others fail, and what
// is indexed and not built finds nobody.
func (v Survey) tasks(wanted []want) (changes []string) {
	of := map[string][]string{} // attributes, by backend
	var backends []string
	for _, w := range wanted {
		backend := v.database(w.base).Backend
		if of[backend] == nil {
			backends = append(backends, backend)
		}
		if !ldif.Named(of[backend], w.attribute) {
			of[backend] = append(of[backend], w.attribute)
		}
	}
	for _, backend := range backends {
		name := fmt.Sprintf("scimbridge %s %s", backend, strings.Join(of[backend], " "))
		changes = append(changes, fmt.Sprintf("dn: cn=%[1]s,cn=index,cn=tasks,cn=config\nchangetype: add\nobjectClass: extensibleObject\n"+
			"cn: %[1]s\nnsInstance: %[2]s\nnsIndexAttribute: %[3]s\n", name, backend, strings.Join(of[backend], "\nnsIndexAttribute: ")))
	}
	return changes
}

// slapdKinds are the kinds of index as slapd and 389 Directory Server call them; domainKinds the bits of searchFlags ([MS-ADTS] §2.2.9:
// fATTINDEX, fTUPLEINDEX).
var (
	slapdKinds  = map[ldif.Index]string{ldif.ByEquality: "eq", ldif.BySubstrings: "sub", ldif.ByPresence: "pres"}
	domainKinds = map[ldif.Index]int{ldif.ByEquality: 1, ldif.BySubstrings: 0x20, ldif.ByPresence: 1}
)

// slapdIndex is the change that has slapd index an attribute by these kinds. It takes one line for an attribute: the attribute leaves the
// one that it stands in.
func slapdIndex(d *Database, schema *ldif.Subschema, attribute string, types []ldif.Index) string {
	var kinds []string
	for _, by := range types {
		kinds = append(kinds, slapdKinds[by])
	}
	text := fmt.Sprintf("dn: %s\nchangetype: modify\n", d.DN)
	added := ""
	for _, line := range d.IndexLines {
		names, rest, _ := strings.Cut(line, " ")
		is := func(name string) bool { return strings.EqualFold(schema.Canonical(name), attribute) }
		all := strings.Split(names, ",")
		if !slices.ContainsFunc(all, is) {
			continue
		}
		text += fmt.Sprintf("delete: olcDbIndex\nolcDbIndex: %s\n-\n", line)
		if others := slices.DeleteFunc(all, is); len(others) > 0 {
			added += fmt.Sprintf("olcDbIndex: %s %s\n", strings.Join(others, ","), rest)
		}
	}
	return text + "add: olcDbIndex\n" + added + fmt.Sprintf("olcDbIndex: %s %s\n", attribute, strings.Join(kinds, ","))
}

// isLarge says that below some base there are so many entries that a search without an index shows.
func (v Survey) isLarge() bool {
	return slices.ContainsFunc(v.Sizes, func(s Size) bool { return s.Entries >= enough })
}
