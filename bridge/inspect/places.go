package inspect

import (
	"fmt"
	"net/url"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap/ldif"
)

// places looks whether what the configuration names is there.
func (l looker) places() error {
	for _, p := range l.named() {
		e, err := l.at(p.DN)
		if p.Refers = directory.ReferredTo(err); err != nil && p.Refers == nil {
			return err
		}
		there := e != nil
		if p.Exists = there; there && ldif.Named(e.Values("objectClass"), "alias") {
			p.Alias = e.Value("aliasedObjectName")
		}
		if p.Refers != nil {
			l.v.Places = append(l.v.Places, p)
			continue
		}
		for at := p.DN; !there && at != "" && p.Role < Protected; {
			p.Lacks = append([]string{at}, p.Lacks...)
			if _, at = ldif.SplitDN(at); l.v.Server.Context(at) == "" {
				break
			}
			if there, err = l.there(at); err != nil {
				return err
			}
		}
		l.v.Places = append(l.v.Places, p)
	}
	return nil
}

// named are the places that the configuration names.
func (l looker) named() (all []Place) {
	for i, t := range l.Map.Types {
		for j, base := range t.Options.Base {
			all = append(all, Place{Key: resource(i, fmt.Sprintf("base[%d]", j)), DN: base, Role: Base})
		}
		if to := t.Options.Delete.To; to != "" {
			all = append(all, Place{Key: resource(i, "delete.to"), DN: to, Role: Leavers})
		}
	}
	for i, base := range l.Map.Elsewhere.Bases {
		all = append(all, Place{Key: fmt.Sprintf("references.bases[%d]", i), DN: base, Role: Elsewhere})
	}
	for i, dn := range l.Guard.Protected {
		all = append(all, Place{Key: fmt.Sprintf("guard.protected[%d]", i), DN: dn, Role: Protected})
	}
	for i, dn := range l.Guard.PrivilegedGroups {
		all = append(all, Place{Key: fmt.Sprintf("guard.privilegedGroups[%d]", i), DN: dn, Role: Group})
	}
	return all
}

// missingPlaces finds those that are not there, or not shown.
func missingPlaces(_ Subject, v Survey) (all []Finding) {
	for _, p := range v.Places {
		if p.Alias != "" || p.Refers != nil {
			all = append(all, otherPlace(p))
		}
		if p.Exists || p.Refers != nil {
			continue
		}
		f := Finding{Severity: Error, Key: p.Key, Code: "base-missing", What: p.DN + " is missing, or hidden from the bridge's account"}
		switch p.Role {
		case Base, Leavers:
			f.Why = "nothing is served: nobody can be told from somebody who is not there, and clients would make everybody a second time"
			if p.Role == Leavers {
				f.Code, f.Why = "leavers-missing", "whoever is deleted goes there, and no delete can be done"
			}
			makeIt(&f, v, p)
		case Elsewhere:
			f.Severity, f.Code = Warning, "references-missing"
			f.Why, f.Mend = "what refers to whom is renamed or deleted does not follow there", "is it misspelt? Else take the line out"
		case Protected:
			f.Severity, f.Code = Warning, "protected-missing"
			f.Why, f.Mend = "a misspelt DN protects nothing", "is it misspelt? What is there now shows the search"
			f.Command = search(v, above(p.DN), "(objectClass=*)")
		case Group:
			f.Code = "privileged-missing"
			f.Why = "who is privileged cannot be told, and every write is refused"
			f.Mend = "is it misspelt, or has the bridge's account no right to read it?"
			f.Command = search(v, above(p.DN), "(objectClass=*)")
		}
		all = append(all, f)
	}
	return all
}

// otherPlace is the finding that a place is not where it is named.
func otherPlace(p Place) Finding {
	key := p.Key[strings.LastIndex(p.Key, ".")+1:]
	key, _, _ = strings.Cut(key, "[")
	if p.Alias != "" {
		return Finding{
			Severity: Error, Code: "alias", Key: p.Key, What: fmt.Sprintf("%s is an alias, of %s", p.DN, p.Alias),
			Why:  "the bridge follows none: below it there is nothing, and nothing can be made",
			Mend: "name the place itself", Line: fmt.Sprintf("%s: %s", key, p.Alias),
		}
	}
	f := Finding{
		Severity: Error, Code: "referral", Key: p.Key,
		What: fmt.Sprintf("%s is not at this server, which refers to %s", p.DN, strings.Join(p.Refers, ", ")),
		Why:  "the bridge shows its password to servers that the configuration names, and to no other",
		Mend: "connect to that server",
	}
	server, dn, _ := strings.Cut(strings.TrimPrefix(p.Refers[0], "ldap://"), "/")
	if !strings.Contains(server, ":/") {
		f.Line = fmt.Sprintf("urls: [ldap://%s]", server)
	}
	if to, err := url.PathUnescape(strings.TrimSuffix(dn, "??base")); err == nil && to != "" && !strings.EqualFold(to, p.DN) {
		f.Mend += ", and name the place as it is called there: " + to
	}
	return f
}

// makeIt says how a place is made, or what there is where no server has a place for it.
func makeIt(f *Finding, v Survey, p Place) {
	if v.Server.Context(p.DN) == "" {
		f.Why = "the server holds " + strings.Join(v.Server.Contexts, ", ") + ", and nothing of this DN"
		f.Mend = "name a place below one of these"
		return
	}
	f.Mend = "is it misspelt? Else make it, or grant the bridge's account the right to read it"
	for _, dn := range p.Lacks {
		f.LDIF += unit(v.Server, dn) + "\n"
	}
	f.LDIF = strings.TrimSuffix(f.LDIF, "\n")
	f.Command = load(v, "ldapadd", "base.ldif")
}

// unitClasses are those of entries that hold others, by what names them.
var unitClasses = map[string]string{"ou": "organizationalUnit", "o": "organization", "dc": "domain", "l": "locality"}

// unit is the LDIF of an entry that holds others.
func unit(s *ldif.Server, dn string) string {
	e := &ldif.Entry{DN: dn}
	text, _ := ldif.SplitDN(dn)
	rdn, err := ldif.ParseRDN(text)
	if err != nil || len(rdn) == 0 {
		return ""
	}
	class := unitClasses[strings.ToLower(rdn[0].Type)]
	for _, candidate := range []string{"container", "nsContainer", "applicationProcess"} { // named by cn
		if class == "" && s.Schema.Class(candidate) != nil {
			class = candidate
		}
	}
	e.Set("objectClass", class)
	for _, a := range rdn {
		e.Set(a.Type, a.Value)
	}
	return e.String()
}

// above is the DN of the entry above one.
func above(dn string) string {
	_, up := ldif.SplitDN(dn)
	return up
}

// url is that of the server in use.
func (v Survey) url() string {
	for _, m := range v.Meetings {
		if m.Err == nil {
			return m.URL
		}
	}
	return "ldap://…"
}

// load is the command by which an administrator loads LDIF.
func load(v Survey, command, file string) string {
	return fmt.Sprintf("%s -x -H %s -D ADMINISTRATOR -W -f %s", command, v.url(), file)
}

// search is the command of a search by an administrator.
func search(v Survey, base, filter string, attributes ...string) string {
	text := fmt.Sprintf("ldapsearch -x -LLL -H %s -D ADMINISTRATOR -W -b %s %s", v.url(), shell(base), shell(filter))
	return strings.Join(append([]string{text}, attributes...), " ")
}
