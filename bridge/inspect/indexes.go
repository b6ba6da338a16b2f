package inspect

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// want is an attribute by which the bridge searches, and for what.
type want struct {
	key       string
	base      string
	attribute string // canonical
	why       string
}

// wanted are the attributes that requests search by, each once for a base.
func wanted(m *ldapmap.Map) (all []want) {
	for i, t := range m.Types {
		add := func(key, attribute, why string) {
			attribute, _, _ = strings.Cut(t.Canonical(attribute), ";")
			for _, base := range t.Bases() {
				same := func(w want) bool { return w.base == base && strings.EqualFold(w.attribute, attribute) }
				seeks := t.Comparable(attribute) || t.IsSame(attribute, t.Server.IDAttribute)
				if attribute != "" && seeks && !slices.ContainsFunc(all, same) {
					all = append(all, want{key, base, attribute, why})
				}
			}
		}
		add(resource(i, "base"), t.Server.IDAttribute, "each request finds its entry by it")
		add(resource(i, "objectClasses"), "objectClass", "a list finds its entries by it")
		for _, r := range t.Rules {
			isKey := func(k ldapmap.Key) bool { return k.In == r }
			switch {
			case r == t.Login || t.IsUnique(r):
				add(boundKey(i, r), r.LDAP, "clients look everybody up by it, and each create asks whether it is taken")
			case r == t.ExternalID:
				add(boundKey(i, r), r.LDAP, "clients look everybody up by it")
			case slices.ContainsFunc(t.Match, isKey):
				add(boundKey(i, r), r.LDAP, "`match` finds entries by it")
			case r.Options.Unique || r.Numbers != nil:
				add(boundKey(i, r), r.LDAP, "each create asks whether a value of it is taken")
			}
		}
		if t.Tombstone != "" {
			add(resource(i, "tombstone"), t.Tombstone, "each create asks who had the name")
		}
		if t.Server.KeepsReferences {
			continue
		}
		for _, r := range t.References {
			key := resource(i, "members")
			if !r.IsMembers() {
				if rule := t.Giver(r.Attribute); rule != nil {
					key = boundKey(i, rule)
				}
			}
			add(key, r.Attribute, "each rename and delete asks who refers to the entry by it")
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
	told := map[string]bool{} // by database and attribute
	for _, w := range wanted(v.Map) {
		d := v.database(w.base)
		if d == nil || d.has(w.attribute) || told[d.Suffix+"\n"+w.attribute] {
			continue
		}
		told[d.Suffix+"\n"+w.attribute] = true
		f := Finding{
			Severity: severity, Code: "index", Key: w.key, What: fmt.Sprintf("%s is not indexed", w.attribute),
			Why: w.why + ", and without an index that reads every entry", Mend: "have the server index it by equality",
		}
		index(&f, v, d, w.attribute)
		all = append(all, f)
	}
	return all
}

func names(wanted []want) (all []string) {
	for _, w := range wanted {
		if !ldif.Named(all, w.attribute) {
			all = append(all, w.attribute)
		}
	}
	return all
}

// index says how the server is told to index an attribute.
func index(f *Finding, v Survey, d *Database, attribute string) {
	switch v.Server.Settings {
	case ldif.SlapdSettings:
		f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\nadd: olcDbIndex\nolcDbIndex: %s eq\n", d.DN, attribute)
		f.Command = "ldapmodify -Q -Y EXTERNAL -H ldapi:/// -f index.ldif"
	case ldif.DirsrvSettings:
		f.LDIF = fmt.Sprintf("dn: cn=%[1]s,%[2]s\nchangetype: add\nobjectClass: nsIndex\ncn: %[1]s\nnsSystemIndex: false\n"+
			"nsIndexType: eq\n", attribute, d.DN)
		f.Mend += ", and build it: dsconf INSTANCE backend index reindex --attr " + attribute + " BACKEND"
		f.Command = load(v, "ldapmodify", "index.ldif")
	case ldif.DomainSettings:
		if c, ok := d.Classes[strings.ToLower(attribute)]; ok {
			f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: searchFlags\nsearchFlags: %d\n", c.DN, c.Flags|isIndexed)
			f.Mend += ", at the schema master, as a Schema Admin"
			f.Command = load(v, "ldapmodify", "index.ldif")
		}
	}
}

// isLarge says that below some base there are so many entries that a search without an index shows.
func (v Survey) isLarge() bool {
	return slices.ContainsFunc(v.Sizes, func(s Size) bool { return s.Entries >= enough })
}
