package inspect

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap/ldif"
)

// Settings are what a server shows of its configuration.
type Settings struct {
	Databases []Database // those that hold what the map names
	Hidden    string     // why they are not shown; "": they are
	Show      string     // the command that shows them to an administrator

	Overlays []*ldif.Entry // slapd's, with their settings
	Modules  *ldif.Entry   // what it has loaded
	Keepers  []Keeper
	Above    string      // why no access rule holds for the bridge's account, or it may change them; "": that is not so, or not shown
	Policy   *ldif.Entry // the default password policy, where one is configured and shown
	Domain   Domain

	LDAPPolicy Policy

	LongestRequest int // in octets; 0: it is not shown
}

// Database is what holds entries.
type Database struct {
	DN         string                  // of its configuration
	Suffix     string                  // of what it holds
	Backend    string                  // the name by which tasks know it, on 389 Directory Server
	Indexed    map[string][]ldif.Index // how attributes are indexed, by canonical names in lower case
	IndexLines []string                // slapd's olcDbIndex
	Classes    map[string]Definition
	Access     Access // slapd's
}

// Access is what is shown of a database's access rules.
type Access int

// What may be shown of them.
const (
	unseen Access = iota
	ruled         // there are some
	open          // there are none, and everybody reads
)

// Definition is an attribute's entry in a domain's schema.
type Definition struct {
	DN    string
	Flags int // searchFlags
}

// has says whether an attribute is indexed so.
func (d Database) has(attribute string, by ldif.Index) bool {
	return slices.Contains(d.Indexed[strings.ToLower(attribute)], by)
}

// database is the one that holds a place; nil: it is not shown.
func (v Survey) database(place string) *Database {
	var found *Database
	for i, d := range v.Settings.Databases {
		if v.Server.Under(place, d.Suffix) && (found == nil || len(d.Suffix) > len(found.Suffix)) {
			found = &v.Settings.Databases[i]
		}
	}
	return found
}

// settings reads what the server shows of its configuration.
func (l looker) settings() error {
	if !l.v.fits() {
		return nil
	}
	read := map[ldif.Settings]func() error{
		ldif.SlapdSettings: l.slapd, ldif.DirsrvSettings: l.dirsrv, ldif.DomainSettings: l.domain,
	}[l.v.Server.Settings]
	if read == nil {
		l.v.Settings.Hidden = "how this server shows its indexes is not known"
		return nil
	}
	return read()
}

// slapd reads cn=config of OpenLDAP.
func (l looker) slapd() error {
	set := &l.v.Settings
	set.Show = "ldapsearch -LLL -Q -Y EXTERNAL -H ldapi:/// -b cn=config '(olcSuffix=*)' olcSuffix olcDbIndex"
	found, err := l.client.Look(l.ctx, directory.Search{
		Base:   "cn=config",
		Filter: "(|(olcSuffix=*)(objectClass=olcDatabaseConfig)(objectClass=olcOverlayConfig)(objectClass=olcModuleList))",
		Attributes: append([]string{
			"olcSuffix", "olcDbIndex", "olcOverlay", "olcPPolicyDefault", "olcPPolicyHashCleartext", "olcDatabase", "olcAccess",
			"objectClass", "olcRootDN",
		}, overlaySettings...),
	})
	if err != nil {
		return err
	}
	access := unseen // of a database that shows no rules; that of cn=config has some, so who sees none there sees them nowhere
	for _, e := range found {
		switch name := strings.ToLower(e.Value("olcDatabase")); {
		case e.Value("olcAccess") == "":
		case strings.HasSuffix(name, "frontend"): // which are every database's
			access = ruled
		case strings.HasSuffix(name, "config") && access == unseen:
			access = open
		}
	}
	for _, e := range found {
		if set.Modules == nil && ldif.Named(e.Values("objectClass"), "olcModuleList") {
			set.Modules = e
		}
		if e.Value("olcOverlay") != "" {
			set.Overlays = append(set.Overlays, e)
		}
		own := access
		if e.Value("olcAccess") != "" {
			own = ruled
		}
		if root := e.Value("olcRootDN"); e.Value("olcSuffix") != "" && root != "" && l.v.Server.SameDN(root, l.v.Account) {
			set.Above = "it is the database's rootdn, for whom no access rule and no limit holds"
		}
		for _, suffix := range e.Values("olcSuffix") {
			set.Databases = append(set.Databases, Database{
				DN: e.DN, Suffix: suffix, Indexed: slapdIndexes(l.v.Server.Schema, e.Values("olcDbIndex")),
				IndexLines: e.Values("olcDbIndex"), Access: own,
			})
		}
	}
	if len(set.Databases) == 0 {
		set.Hidden = "cn=config is not shown to the bridge's account"
		return nil
	}
	if err := l.longestRequest(); err != nil {
		return err
	}
	set.Keepers = slapdKeepers(set.Overlays)
	for _, o := range set.Overlays {
		if dn := o.Value("olcPPolicyDefault"); dn != "" {
			policies, err := l.client.Look(l.ctx, directory.Search{
				Base: dn, Scope: directory.BaseObject, Attributes: []string{"pwdLockout", "pwdAttribute"},
			})
			if err != nil {
				return err
			}
			if len(policies) > 0 {
				set.Policy = policies[0]
			}
		}
	}
	return nil
}

// slapdIndexes reads olcDbIndex: "uid,mail eq,sub"; attributes without types have those of "default".
func slapdIndexes(schema *ldif.Subschema, lines []string) map[string][]ldif.Index {
	indexed, usual := map[string][]ldif.Index{}, ""
	for _, line := range lines {
		if rest, is := strings.CutPrefix(line, "default "); is {
			usual = rest
		}
	}
	for _, line := range lines {
		names, types, _ := strings.Cut(strings.TrimSpace(line), " ")
		if types == "" {
			types = usual
		}
		kinds := indexKinds(strings.FieldsFunc(types, func(r rune) bool { return r == ',' || r == ' ' }))
		for name := range strings.SplitSeq(names, ",") {
			indexed[strings.ToLower(schema.Canonical(name))] = kinds
		}
	}
	return indexed
}

// indexKinds are the kinds of index that slapd and 389 Directory Server call by these names.
func indexKinds(names []string) (kinds []ldif.Index) {
	for _, by := range []ldif.Index{ldif.ByEquality, ldif.BySubstrings, ldif.ByPresence} {
		if ldif.Named(names, slapdKinds[by]) {
			kinds = append(kinds, by)
		}
	}
	return kinds
}

// dirsrv reads cn=config of 389 Directory Server.
func (l looker) dirsrv() error {
	set := &l.v.Settings
	const plugin = "cn=ldbm database,cn=plugins,cn=config"
	set.Show = search(*l.v, plugin, "(objectClass=nsIndex)", "cn", "nsIndexType")
	server, err := l.client.Look(l.ctx, directory.Search{
		Base: "cn=config", Scope: directory.BaseObject, Attributes: []string{"nsslapd-rootdn"},
	})
	if err != nil {
		return err
	}
	if len(server) > 0 && l.v.Server.SameDN(server[0].Value("nsslapd-rootdn"), l.v.Account) {
		set.Above = "it is Directory Manager, for whom no access rule holds"
	}
	trees, err := l.client.Look(l.ctx, directory.Search{
		Base: "cn=mapping tree,cn=config", Filter: "(nsslapd-backend=*)", Attributes: []string{"cn", "nsslapd-backend"},
	})
	if err != nil {
		return err
	}
	indexes, err := l.client.Look(l.ctx, directory.Search{
		Base: plugin, Filter: "(objectClass=nsIndex)", Attributes: []string{"cn", "nsIndexType"},
	})
	if err != nil {
		return err
	}
	for _, tree := range trees {
		d := Database{
			DN: fmt.Sprintf("cn=index,cn=%s,%s", tree.Value("nsslapd-backend"), plugin), Suffix: strings.Trim(tree.Value("cn"), `"`),
			Backend: tree.Value("nsslapd-backend"), Indexed: map[string][]ldif.Index{},
		}
		for _, e := range indexes {
			if l.v.Server.Under(e.DN, d.DN) {
				d.Indexed[strings.ToLower(l.v.Server.Schema.Canonical(e.Value("cn")))] = indexKinds(e.Values("nsIndexType"))
			}
		}
		if len(d.Indexed) > 0 {
			set.Databases = append(set.Databases, d)
		}
	}
	if len(set.Databases) == 0 {
		set.Hidden = "cn=config is not shown to the bridge's account"
		return nil
	}
	if err := l.longestRequest(); err != nil {
		return err
	}
	return l.dirsrvKeepers()
}
