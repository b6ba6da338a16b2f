package inspect

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// Granting is how a server is told what the bridge's account may do.
type Granting struct {
	LDIF    string // access rules: olcAccess, aci; "": the server has none that are loaded as LDIF
	Command string // loads the LDIF, or gives the rights by itself
	Note    string // what is to be looked at first; "": nothing
}

// RightsOf are the least rights that the bridge's account needs for the map, in the server's own form.
func RightsOf(s Subject, v Survey) Granting { return v.granting(Grants(s, v.Map)) }

// granting is how the server is told of the grants.
func (v Survey) granting(grants []Grant) Granting {
	switch v.Server.Settings {
	case ldif.SlapdSettings:
		return v.slapdGranting(grants)
	case ldif.DirsrvSettings:
		return v.dirsrvGranting(grants)
	case ldif.DomainSettings:
		return v.domainGranting(grants)
	}
	return Granting{}
}

// into puts it into a finding.
func (g Granting) into(f *Finding) {
	f.LDIF, f.Command = g.LDIF, g.Command
	if g.Note != "" {
		f.Mend += "; " + g.Note
	}
}

// slapdRules are the access rules of a grant, each to stand ahead of those that are there, and to leave all others to these: what is
// written, and what is read.
func slapdRules(g Grant, account string) (written, read []string) {
	rule := func(scope, base, filter, level string, attributes ...string) string {
		what := fmt.Sprintf("to %s=%s", scope, inQuotes(base))
		if filter != "" {
			what += " filter=" + inQuotes(filter)
		}
		return fmt.Sprintf("%s attrs=%s by dn.exact=%s %s by * break", what, strings.Join(attributes, ","), inQuotes(account), level)
	}
	scope, inner, places, parent := "dn.subtree", "dn.children", "dn.subtree", g.Base
	if g.Alone {
		scope, inner, places, parent = "dn.base", "dn.base", "dn.base", above(g.Base)
	}
	of := ""
	if len(g.Classes) > 0 {
		of = classFilter(g.Classes)
	}
	if len(g.Sets) > 0 {
		written = append(written, rule(inner, g.Base, of, "=w", g.Sets...))
	}
	if len(g.Makes) > 0 {
		written = append(written, rule(places, parent, "", "write", "children"))
		written = append(written, rule(inner, g.Base, classFilter(g.Makes), "write", "entry"))
	}
	if len(g.Writes) > 0 {
		written = append(written, rule(inner, g.Base, of, "write", g.Writes...))
	}
	if len(g.Reads) > 0 {
		besides := slices.DeleteFunc(slices.Clone(g.Reads), func(name string) bool {
			return ldif.Named(g.Writes, name) && !strings.EqualFold(name, "objectClass") // by which the place itself is found
		})
		read = append(read, rule(scope, g.Base, "", "read", append([]string{"entry"}, besides...)...))
	}
	return written, read
}

// inQuotes is a DN or filter in an access rule, of olcAccess or aci: a backslash in it is a backslash, and a quote a hex pair.
func inQuotes(text string) string {
	return `"` + strings.NewReplacer(`\\`, `\5C`, `\"`, `\22`, `"`, `\22`).Replace(text) + `"`
}

// inSlapdConf is such a rule in slapd.conf, where a backslash keeps what follows it.
func inSlapdConf(rule string) string { return strings.ReplaceAll(rule, `\`, `\\`) }

func classFilter(classes []string) string {
	var filters []string
	for _, class := range classes {
		filters = append(filters, ldif.Equality("objectClass", class))
	}
	return ldif.AnyOf(filters...)
}

// slapdSection are the rules for a database. What is written stands before what is read: of two rules for one attribute the first holds.
type slapdSection struct {
	DN, Suffix    string // of its configuration, and of what it holds
	Access        Access
	Written, Read []string
}

// slapdSections are those of the databases that hold the grants.
func (v Survey) slapdSections(grants []Grant) (all []*slapdSection) {
	of := map[string]*slapdSection{} // by the database's DN
	for _, grant := range grants {
		at, access := "olcDatabase={1}mdb,cn=config", unseen
		if d := v.database(grant.Base); d != nil {
			at, access = cmp.Or(d.DN, at), d.Access
		}
		if of[at] == nil {
			of[at] = &slapdSection{DN: at, Suffix: v.Server.Context(grant.Base), Access: access}
			all = append(all, of[at])
		}
		written, read := slapdRules(grant, v.Account)
		of[at].Written = distinct(append(of[at].Written, written...))
		of[at].Read = distinct(append(of[at].Read, read...))
	}
	return all
}

// slapdGranting is one change for each database.
func (v Survey) slapdGranting(grants []Grant) (g Granting) {
	var changes []string
	for _, section := range v.slapdSections(grants) {
		rules := distinct(slices.Concat(section.Written, section.Read))
		changes = append(changes, addRules(&g.Note, section.DN, section.Access, rules...))
	}
	g.LDIF, g.Command = strings.Join(changes, "\n"), slapdLoad("access.ldif")
	return g
}

func distinct(texts []string) (all []string) {
	for _, text := range texts {
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// slapdLoad is the command by which slapd's root loads LDIF into its configuration.
func slapdLoad(file string) string { return "ldapmodify -Q -Y EXTERNAL -H ldapi:/// -f " + file }

// addRules is the LDIF of access rules ahead of slapd's others. Where there is none everybody reads, which the first rule ends.
func addRules(note *string, database string, access Access, rules ...string) string {
	text := fmt.Sprintf("dn: %s\nchangetype: modify\nadd: olcAccess\n", database)
	for i, rule := range rules {
		text += fmt.Sprintf("olcAccess: {%d}%s\n", i, rule)
	}
	switch access {
	case unseen:
		*note = fmt.Sprintf("where the database has no olcAccess yet, add `{%d}to * by * read` too, or nobody else reads or binds any more",
			len(rules))
	case open:
		text += fmt.Sprintf("olcAccess: {%d}to * by * read\n", len(rules))
	}
	return text
}

var escaped = regexp.MustCompile(`\\([0-9A-Fa-f]{2}|.)`)

// targeted is a DN as the target of an aci, where 389 Directory Server takes what is escaped as a hex pair behind two backslashes alone.
func targeted(dn string) string {
	return escaped.ReplaceAllStringFunc(dn, func(pair string) string {
		if len(pair) == 2 {
			pair = fmt.Sprintf(`\%02X`, pair[1])
		}
		return `\` + pair
	})
}

// dirsrvGranting is one change for each place.
func (v Survey) dirsrvGranting(grants []Grant) Granting {
	rules := map[string]string{} // by place
	var places []string
	for _, g := range grants {
		place, target := g.Base, ""
		if g.Alone { // which may not be there yet
			place, target = above(g.Base), fmt.Sprintf(`(target="ldap:///%s")`, targeted(g.Base))
		}
		if rules[place] == "" {
			places = append(places, place)
		}
		rule := func(attributes, classes []string, what, allow string) {
			text := "aci: " + target
			if len(attributes) > 0 {
				text += fmt.Sprintf("(targetattr=%q)", strings.Join(attributes, " || "))
			}
			if len(classes) > 0 {
				text += "(targetfilter=" + inQuotes(classFilter(classes)) + ")"
			}
			rules[place] += fmt.Sprintf("%s(version 3.0; acl \"scimbridge %s %s\"; allow (%s) userdn=\"ldap:///%s\";)\n",
				text, what, g.What, allow, v.Account)
		}
		if len(g.Makes) > 0 {
			rule(nil, g.Makes, "makes", "add, delete")
		}
		for _, from := range g.From {
			rules[place] += fmt.Sprintf("aci: (target_to=\"ldap:///%s\")(target_from=\"ldap:///%s\")(version 3.0; "+
				"acl \"scimbridge moves %s\"; allow (moddn) userdn=\"ldap:///%s\";)\n", targeted(g.Base), targeted(from), g.What, v.Account)
		}
		if len(g.Makes) > 0 && g.Alone { // else a search for what is not there finds nothing, where it should be told so
			rules[place] += fmt.Sprintf("aci: (targetattr=\"*\")(targetfilter=%s)(version 3.0; acl \"scimbridge misses %s\"; "+
				"allow (read) userdn=\"ldap:///%s\";)\n", inQuotes(ldif.Equality(v.Server.DNAttribute, place)), g.What, v.Account)
		}
		if len(g.Writes) > 0 {
			rule(g.Writes, g.Classes, "writes", "read, search, compare, write")
		}
		if len(g.Sets) > 0 {
			rule(g.Sets, g.Classes, "sets", "write")
		}
		if len(g.Reads) > 0 {
			rule(g.Reads, nil, "reads", "read, search, compare")
		}
	}
	var changes []string
	for _, place := range places {
		changes = append(changes, fmt.Sprintf("dn: %s\nchangetype: modify\nadd: aci\n%s", place, rules[place]))
	}
	return Granting{LDIF: strings.Join(changes, "\n"), Command: load(v, "ldapmodify", "rights.ldif")}
}

// shell is a text as a shell takes it for one word.
func shell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// resetPassword is the right to set an account's password without its old one ([MS-ADTS] §5.1.3.2.1, User-Force-Change-Password).
const resetPassword = "00299570-246d-11d0-a768-00aa006e0529"

// domainGranting are the commands of Windows, and of Samba at the domain controller.
func (v Survey) domainGranting(grants []Grant) Granting {
	windows, samba := v.domainCommands(grants)
	granting := Granting{Command: "# on Windows\n" + strings.Join(windows, "\n")}
	if len(samba) > 0 {
		granting.Command += "\n# on Samba, at the domain controller\n" + strings.Join(samba, "\n")
	}
	return granting
}

// domainCommands are those of each; of Samba none where the schema or the account is not shown.
func (v Survey) domainCommands(grants []Grant) (windows, samba []string) {
	d := v.Settings.Domain
	whole := d.SID != ""
	guid := func(name string) string {
		id := d.GUIDs[strings.ToLower(name)]
		whole = whole && id != ""
		return id
	}
	for _, g := range grants {
		if len(g.Makes)+len(g.Writes)+len(g.Sets) == 0 { // who has an account reads
			continue
		}
		dsacls, flags, ace := fmt.Sprintf(`dsacls %s /I:S /G`, inQuotes(g.Base)), "CIIO", ""
		if g.Alone {
			dsacls, flags = fmt.Sprintf(`dsacls %s /G`, inQuotes(g.Base)), ""
		}
		var makes, writes []string
		for _, class := range g.Makes {
			makes = append(makes, fmt.Sprintf(`"%s:CCDC;%s"`, d.Account, class))
			ace += fmt.Sprintf("(OA;CI;CCDC;%s;;%s)", guid(class), d.SID)
		}
		names := g.Writes
		if len(makes) > 0 && len(names) > 0 && !ldif.Named(names, "name") {
			names = append(slices.Clone(names), "name") // a rename writes it
		}
		for _, class := range orAny(g.Classes) {
			of, id := "", ""
			if class != "" {
				of, id = ";"+class, guid(class)
			}
			for _, name := range names {
				writes = append(writes, fmt.Sprintf(`"%s:RPWP;%s%s"`, d.Account, name, of))
				ace += fmt.Sprintf("(OA;%s;RPWP;%s;%s;%s)", flags, guid(name), id, d.SID)
			}
			if len(g.Sets) > 0 {
				writes = append(writes, fmt.Sprintf(`"%s:CA;Reset Password%s"`, d.Account, of))
				ace += fmt.Sprintf("(OA;%s;CR;%s;%s;%s)", flags, resetPassword, id, d.SID)
			}
		}
		if len(makes) > 0 {
			windows = append(windows, fmt.Sprintf(`dsacls %s /I:T /G %s`, inQuotes(g.Base), strings.Join(makes, " ")))
		}
		if len(writes) > 0 {
			windows = append(windows, dsacls+" "+strings.Join(writes, " "))
		}
		samba = append(samba, fmt.Sprintf(`samba-tool dsacl set --objectdn=%s --sddl='%s'`, shell(g.Base), ace))
	}
	if !whole {
		samba = nil
	}
	return windows, samba
}

// orAny are the classes, or "" for any.
func orAny(classes []string) []string {
	if len(classes) == 0 {
		return []string{""}
	}
	return classes
}
