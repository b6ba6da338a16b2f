package inspect

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// File is what an administrator loads into the directory, or runs, beside the configuration.
type File struct {
	Name string // what it is, and in which form: access.ldif
	Text string
	Load string // the command that does, or what becomes of it
}

// MendedByFiles are the codes of the findings that they mend.
var MendedByFiles = []string{"base-missing", "may-not-create", "may-not-write", "index", "size-limit"}

// Files are what an administrator loads for the configuration to stand in the directory: places that are missing, the rights of the
// bridge's account and no others, and indexes that are missing; nothing where the map does not fit.
func Files(s Subject, v Survey) (all []File) {
	if !v.fits() {
		return nil
	}
	places := ""
	for _, p := range v.Places {
		if p.Exists || p.Role >= Protected || v.Server.Context(p.DN) == "" {
			continue
		}
		for _, dn := range p.Lacks {
			if text := unit(v.Server, dn) + "\n"; !strings.Contains(places, text) {
				places += text
			}
		}
	}
	if places != "" {
		const head = "# Places that the configuration names and the directory has not got, or does not show.\n\n"
		all = append(all, File{"places.ldif", head + places, load(v, "ldapadd", "places.ldif")})
	}
	access := map[ldif.Settings]func(Survey, []Grant) []File{
		ldif.SlapdSettings: Survey.slapdAccess, ldif.DirsrvSettings: Survey.dirsrvAccess, ldif.DomainSettings: Survey.domainAccess,
	}[v.Server.Settings]
	if access != nil {
		all = append(all, access(v, Grants(s, v.Map))...)
	}
	all = append(all, v.indexFiles()...)
	for i := range all {
		all[i].Load = s.reaching(all[i].Load)
	}
	return all
}

const slapdConf = "or, where the server has a slapd.conf: into that"

// slapdAccess has the rights, and what else slapd's rules must see to: that who is blocked does not bind, and nobody unblocks himself.
func (v Survey) slapdAccess(grants []Grant) []File {
	head := "# The rights of " + v.Account + ", and no others.\n" +
		"# The rules go ahead of those that are there, which hold for everybody else as before.\n"
	limits := "dn.exact=" + inQuotes(v.Account) + " size=unlimited size.prtotal=unlimited time=unlimited"
	const limitless = "# Lists are read to their end; others keep the server's limits."
	online, conf, note := "", "", ""
	for _, section := range v.slapdSections(grants) {
		blocks, own := v.keepingOut(section)
		groups := []struct {
			why   string
			rules []string
		}{
			{"Nobody may try the password of who is blocked: this keeps him from binding.", blocks},
			{"What the bridge writes.", section.Written},
			{"By these the bridge tells who is who, and who is blocked: nobody writes his own.", own},
			{"What it reads.", section.Read},
		}
		var all []string
		conf += fmt.Sprintf("# In the section of the database that holds %s, ahead of its access rules.\n", section.Suffix)
		for _, g := range groups {
			all = append(all, g.rules...)
			for i, rule := range g.rules {
				if i == 0 {
					conf += "# " + g.why + "\n"
				}
				conf += "access " + strings.ReplaceAll(inSlapdConf(rule), " by ", "\n  by ") + "\n"
			}
		}
		if section.Access == open {
			conf += "# So far there is no rule, and everybody reads: with the first one that ends.\naccess to * by * read\n"
		}
		conf += fmt.Sprintf("%s\nlimits %s\n\n", limitless, inSlapdConf(limits))
		text := addRules(&note, section.DN, section.Access, all...)
		for _, g := range groups {
			if len(g.rules) > 0 {
				at := fmt.Sprintf("olcAccess: {%d}", slices.Index(all, g.rules[0]))
				text = strings.Replace(text, "\n"+at, "\n# "+g.why+"\n"+at, 1)
			}
		}
		text = strings.ReplaceAll(text, " by ", "\n  by ")
		online += fmt.Sprintf("%s-\n%s\nadd: olcLimits\nolcLimits: {0}%s\n\n", text, limitless, limits)
	}
	of := head // of a slapd.conf, which nobody asks for by LDAP
	if v.Settings.Hidden != "" {
		head += "# The server's configuration was not shown. It is this database if this says so:\n#   " + v.Settings.Show + "\n"
		of += "# Where the section has no access rules yet, add `access to * by * read` behind these, " +
			"or nobody else reads or binds any more.\n"
	}
	if note != "" {
		head += "# " + strings.ToUpper(note[:1]) + note[1:] + ".\n"
	}
	return []File{
		{"access.ldif", head + "\n" + online, slapdLoad("access.ldif")},
		{"access.conf", of + "\n" + conf, slapdConf},
	}
}

// keepingOut are the rules of a database that keep out who is blocked, and those that have nobody write of himself what the bridge decides
// by.
func (v Survey) keepingOut(section *slapdSection) (blocks, own []string) {
	for _, t := range v.Map.Types {
		if t.Name != "User" || len(t.Unproven()) == 0 {
			continue
		}
		for _, base := range t.Bases() {
			if v.Server.Context(base) != section.Suffix {
				continue
			}
			for _, a := range t.Active {
				if filter, _ := blockedBy(t, a); filter != "" {
					blocks = append(blocks, fmt.Sprintf("to dn.subtree=%s attrs=userPassword filter=%s by dn.exact=%s =w by * none",
						inQuotes(base), inQuotes(filter), inQuotes(v.Account)))
				}
			}
			if names := decisive(t); len(names) > 0 {
				own = append(own, "to dn.subtree="+inQuotes(base)+" attrs="+strings.Join(names, ",")+" by self read by * break")
			}
		}
	}
	return blocks, own
}

// decisive are the attributes by which the bridge decides who somebody is, and whether he is blocked.
func decisive(t *ldapmap.Type) (names []string) {
	for _, a := range t.Active {
		if definition := t.Server.Schema.Attribute(a.Attribute); definition == nil || !definition.Operational {
			names = append(names, a.Attribute)
		}
	}
	names = append(names, t.Tombstone)
	if t.ExternalID != nil && !t.ExternalID.IsPart() {
		names = append(names, t.ExternalID.LDAP)
	}
	return bare(t.Map, names)
}

// dirsrvAccess has the rights, and the limits of the account.
func (v Survey) dirsrvAccess(grants []Grant) []File {
	text := fmt.Sprintf("# The rights of %s, and no others.\n\n%s\n", v.Account, v.granting(grants).LDIF)
	text += fmt.Sprintf("# Lists are read to their end; others keep the server's limits.\ndn: %s\nchangetype: modify\n", v.Account)
	for i, limit := range []string{"nsSizeLimit", "nsPagedSizeLimit", "nsLookThroughLimit", "nsPagedLookThroughLimit"} {
		if i > 0 {
			text += "-\n"
		}
		text += fmt.Sprintf("replace: %s\n%[1]s: -1\n", limit)
	}
	return []File{{"access.ldif", text, load(v, "ldapmodify", "access.ldif")}}
}

// domainAccess has the rights as commands of Windows, and of Samba.
func (v Survey) domainAccess(grants []Grant) []File {
	says := "The rights of " + v.Account + ", and no others. Everybody who may bind reads the rest already."
	windows, samba := v.domainCommands(grants)
	text := "rem " + says + "\n" + strings.Join(windows, "\n") + "\n"
	text = strings.ReplaceAll(text, "%", "%%") // which stands for variables in such a file
	if strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) {
		text = "chcp 65001 >nul\n" + text // UTF-8
	}
	files := []File{{"access.cmd", text, "access.cmd, in a command prompt, as one who may grant the rights"}}
	if len(samba) > 0 {
		text = "#!/bin/sh\n# " + says + "\n" +
			"# At a Samba domain controller, as root; what is said behind the script's name goes to samba-tool.\nset -e\n"
		for _, command := range samba {
			text += command + " \"$@\"\n"
		}
		files = append(files, File{"access.sh", text, "or, at a Samba domain controller: sh access.sh"})
	}
	return files
}

// indexFiles have the indexes that are missing, or all that are needed where nobody sees which there are.
func (v Survey) indexFiles() []File {
	if v.Server.Settings == ldif.SlapdSettings && len(v.Settings.Databases) == 0 {
		for _, context := range v.Server.Contexts {
			v.Settings.Databases = append(v.Settings.Databases, Database{DN: "olcDatabase={1}mdb,cn=config", Suffix: context})
		}
	}
	text, command := "", ""
	var lacking []want
	told := map[string]bool{} // by database and attribute
	for _, w := range wanted(v.Map) {
		d := v.database(w.base)
		if d == nil || w.why == "" || w.by != ldif.ByEquality || d.has(w.attribute, w.by) || told[d.Suffix+"\n"+w.attribute] {
			continue
		}
		told[d.Suffix+"\n"+w.attribute] = true
		var f Finding
		index(&f, v, []want{w})
		change := f.LDIF
		if v.Server.Settings == ldif.DirsrvSettings {
			change = strings.TrimSuffix(change, "\n"+strings.Join(v.tasks([]want{w}), "\n"))
		}
		if change != "" && !strings.Contains(text, change) {
			text += fmt.Sprintf("# %s: %s.\n%s\n", w.attribute, w.why, change)
			command = f.Command
			lacking = append(lacking, w)
		}
	}
	if text == "" {
		return nil
	}
	head := "# Indexes that are missing: without them requests read every entry.\n"
	switch {
	case v.Settings.Hidden != "":
		head = "# Indexes by which requests search. Which there are could not be seen: " + v.Settings.Hidden + ".\n" +
			"# Take out those that this shows, or load the rest past them with ldapmodify -c:\n#   " + v.Settings.Show + "\n"
	case v.Server.Settings == ldif.DirsrvSettings:
		head += "# The task builds them of the entries that are there: until it is done (cn=index,cn=tasks,cn=config says when) the\n" +
			"# database takes no writes. Begin with the bridge after that: what is declared and not built finds nobody.\n"
		text += strings.Join(v.tasks(lacking), "\n") + "\n"
	case v.Server.Settings == ldif.DomainSettings:
		head += "# At the schema master, as a Schema Admin. The domain controllers build them by themselves.\n"
	}
	files := []File{{"indexes.ldif", head + "\n" + text, strings.ReplaceAll(command, "index.ldif", "indexes.ldif")}}
	if v.Server.Settings == ldif.SlapdSettings {
		head := "# The indexes, for a server that has a slapd.conf. Stop it, run slapindex as its user, and start it again.\n"
		if v.Settings.Hidden != "" {
			head += "# Which there are could not be seen. Leave out what has a line: slapd does not start where an attribute has two.\n"
		}
		lines := "index " + strings.Join(attributesOf(lacking), " eq\nindex ") + " eq\n"
		files = append(files, File{"indexes.conf", head + lines, slapdConf})
	}
	return files
}
