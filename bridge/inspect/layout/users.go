package layout

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

const enterprise = schema.EnterpriseURN + ":"

// lines are the SCIM attributes that are mapped where the classes have an attribute for them: the first that they allow.
var lines = []struct {
	scim string
	ldap []string
}{
	{"displayName", []string{"displayName"}},
	{"name.formatted", []string{"cn"}},
	{"name.familyName", []string{"sn"}},
	{"name.givenName", []string{"givenName"}},
	{"title", []string{"title"}},
	{"preferredLanguage", []string{"preferredLanguage"}},
	{`emails[type eq "work"].value`, []string{"mail"}},
	{`emails[type eq "other"].value`, []string{"mailAlternateAddress"}},
	{`phoneNumbers[type eq "work"].value`, []string{"telephoneNumber"}},
	{`phoneNumbers[type eq "mobile"].value`, []string{"mobile"}},
	{`phoneNumbers[type eq "fax"].value`, []string{"facsimileTelephoneNumber"}},
	{`addresses[type eq "work"].formatted`, []string{"physicalDeliveryOfficeName"}},
	{`addresses[type eq "work"].streetAddress`, []string{"streetAddress", "street"}},
	{`addresses[type eq "work"].locality`, []string{"l"}},
	{`addresses[type eq "work"].region`, []string{"st"}},
	{`addresses[type eq "work"].postalCode`, []string{"postalCode"}},
	{`addresses[type eq "work"].country`, []string{"co"}},
	{enterprise + "employeeNumber", []string{"employeeID", "employeeNumber"}},
	{enterprise + "department", []string{"department", "departmentNumber"}},
	{enterprise + "organization", []string{"company", "o"}},
	{enterprise + "division", []string{"division", "ou"}},
	{enterprise + "manager", []string{"manager"}},
}

// users proposes the map of users.
func (s Sight) users(c Choices) (*resource, error) {
	if s.Server.Schema == nil {
		return nil, errors.New("the directory shows no schema to whom it was looked at as")
	}
	at, err := s.placeOf("people", s.People, c.UserBase, []string{"people", "users", "staff", "persons", "employees", "accounts"},
		Undecided{Flag: "--user-base", set: func(c *Choices, v string) { c.UserBase = v }})
	if err != nil {
		return nil, err
	}
	r := &resource{kind: "User", base: at.base, baseWhy: at.why}
	s.userClasses(r, at.entries)
	login, err := s.login(r, at.entries, c)
	if err != nil {
		return nil, err
	}
	s.naming(r, at, login)
	r.add(login.line)
	if login.computed.ldap != "" {
		r.add(login.computed)
	}
	external := len(r.lines)
	s.posix(r, at.entries, login)
	s.active(r, at.entries)
	s.password(r)
	s.plain(r, at.entries, login)
	s.own(r, at.entries, external)
	return r, nil
}

// userClasses are those of new entries: what nearly everybody has.
func (s Sight) userClasses(r *resource, people []*ldif.Entry) {
	r.classes = s.classesOf(people)
	known := func(must string) bool {
		if strings.EqualFold(must, "objectClass") || s.Server.IsOwn(must) || s.Server.GivesAtBirth(must) {
			return true
		}
		for _, l := range lines {
			if ldif.Named(l.ldap, must) {
				return true
			}
		}
		return ldif.Named([]string{"uid", "uidNumber", "gidNumber", "homeDirectory"}, must)
	}
	r.classes = slices.DeleteFunc(r.classes, func(class string) bool {
		lacking := slices.DeleteFunc(s.Server.Schema.Must(class), known)
		definition := s.Server.Schema.Class(class)
		leave := definition.Kind == "AUXILIARY" && len(lacking) > 0
		if leave {
			r.note("the class %s is left out of new entries: it demands %s, which nobody sends", class, strings.Join(lacking, ", "))
		}
		return leave
	})
	if len(people) > 0 && len(r.classes) > 0 {
		r.note("they are %s, and so are new ones", strings.Join(r.classes, ", "))
		return
	}
	r.classes = []string{"inetOrgPerson"}
	if birth := s.Server.Birth; birth != nil {
		r.classes = []string{"top", "person", "organizationalPerson", birth.Class}
	}
	r.note("nobody is there: new entries are %s", strings.Join(r.classes, ", "))
}

// naming finds what names entries, and where below the base they stand.
func (s Sight) naming(r *resource, at place, l login) {
	times, departments, deeper := tally{}, 0, 0
	for _, e := range at.entries {
		text, parent := ldif.SplitDN(e.DN)
		if rdn, err := ldif.ParseRDN(text); err == nil && len(rdn) == 1 {
			times[s.Server.Schema.Canonical(rdn[0].Type)]++
		}
		if s.Server.SameDN(parent, at.base) {
			continue
		}
		deeper++
		unit, _ := ldif.ParseRDN(parent)
		isDepartment := func(name string) bool { return len(unit) == 1 && strings.EqualFold(unit[0].Value, e.Value(name)) }
		if slices.ContainsFunc([]string{"department", "departmentNumber", "ou"}, isDepartment) {
			departments++
		}
	}
	name, n := times.top()
	why := fmt.Sprintf("%d of %d are named by it", n, len(at.entries))
	if len(at.entries) == 0 {
		if name, why = "uid", "nobody is there to tell otherwise"; s.Server.AccountName != "" || !s.allows(r, "uid") {
			name = "cn"
		}
	}
	value, isMapped := "", false // isMapped: a line holds it besides
	switch {
	case strings.EqualFold(name, l.attribute) && l.line.more == "":
		value = "userName"
	case strings.EqualFold(name, "uid"):
		value = l.local
	case strings.EqualFold(name, "cn"):
		isUID := func(e *ldif.Entry) bool {
			return e.Value("uid") != "" && strings.EqualFold(e.Value("cn"), e.Value("uid"))
		}
		value = `displayName ?? before(userName, "@")`
		if !s.allows(r, "displayName") || isMost(count(at.entries, isUID), len(at.entries)) {
			value = l.local
		}
	default:
		value = "userName"
		for _, line := range lines {
			if ldif.Named(line.ldap, name) && strings.HasPrefix(line.scim, enterprise) {
				value, isMapped = "enterprise."+strings.TrimPrefix(line.scim, enterprise)+" ?? userName", true
			}
		}
		why += "; is this what it is to be made of?"
	}
	attribute := name
	if strings.HasPrefix(at.base, "OU=") || strings.HasPrefix(at.base, "CN=") {
		attribute = strings.ToUpper(name)
	}
	r.dn, r.dnWhy = fmt.Sprintf(`"%s=" + rdn(%s) + "," + base`, attribute, value), why
	if !isMapped {
		r.taken = append(r.taken, name)
	}
	r.note("entries are named by %s: %s", name, why)
	switch {
	case deeper == 0:
	case isMost(departments, deeper):
		unit := "ou="
		if attribute != name {
			unit = "OU="
		}
		r.dn = fmt.Sprintf(`"%s=" + rdn(%s) + "," + (enterprise.department != nil ? "%s" + rdn(enterprise.department) + "," : "") + base`,
			attribute, value, unit)
		r.parents = true
		r.note("%d stand in the unit of their department: new ones do too", deeper)
	default:
		r.dnWhy += fmt.Sprintf("; %d stand in units below the base for which no rule was found: new ones stand in the base itself", deeper)
		r.note("%d stand in units below the base for which no rule was found: new ones are put into the base itself", deeper)
	}
}

// plain are the lines for what the classes have a place for.
func (s Sight) plain(r *resource, people []*ldif.Entry, l login) {
	addresses := count(people, has("proxyAddresses"))
	for _, candidate := range lines {
		var name string
		for _, option := range candidate.ldap {
			if canonical := s.Server.Schema.Canonical(option); s.allows(r, option) && !r.uses(canonical) {
				name = canonical
				break
			}
		}
		made := line{scim: candidate.scim, ldap: name}
		switch {
		case candidate.scim == `emails[type eq "work"].value` && strings.EqualFold(l.attribute, "mail"):
			made.ldap, made.more = "mail", "shares: userName"
			made.why = "a new email alone is a new userName too: have Entra send the same in both, or leave this out"
		case name == "":
			continue
		case candidate.scim == `emails[type eq "work"].value` && addresses > 0:
			const why = "the primary address, as Exchange tells it"
			r.add(line{scim: candidate.scim, ldap: "proxyAddresses", more: "prefix: 'SMTP:'", why: why})
			r.add(line{scim: `emails[type eq "other"].value`, ldap: "proxyAddresses", more: "prefix: 'smtp:'"})
			made = line{ldap: "mail", more: `value: 'find(emails ?? [], .type == "work")?.value'`}
			r.note("%d have proxyAddresses: mail follows the primary one", addresses)
		case candidate.scim == `emails[type eq "other"].value` && count(people, has(name)) == 0:
			continue
		case candidate.scim == enterprise+"manager":
			made.more = "reference: User"
		case s.demands(r, name):
			made.more, made.why = "empty: userName", "the classes demand it, SCIM does not"
		case candidate.scim == `emails[type eq "work"].value`:
			made.why = s.sharedMails(people)
		}
		r.add(made)
	}
}

// sharedMails says whose mails are not theirs alone.
func (s Sight) sharedMails(people []*ldif.Entry) string {
	times, several := tally{}, 0
	for _, e := range people {
		values := e.Values("mail")
		for _, v := range values {
			times[strings.ToLower(v)]++
		}
		if len(values) > 1 {
			several++
		}
	}
	shared := 0
	for _, n := range times {
		if n > 1 {
			shared++
		}
	}
	var says []string
	if several > 0 {
		says = append(says, fmt.Sprintf("%d have several: the others stay", several))
	}
	if shared > 0 {
		says = append(says, fmt.Sprintf("%d are shared: do not make it `unique`", shared))
	}
	return strings.Join(says, "; ")
}

// password is the line by which SCIM sets one, where the server has a place for it.
func (s Sight) password(r *resource) {
	if !s.allows(r, "userPassword") || s.Server.Birth != nil {
		return
	}
	if strings.Contains(r.active, "pwdAccountLockedTime") {
		r.note("password is not mapped: setting one would unlock who is blocked")
		return
	}
	l := line{scim: "password", ldap: "userPassword", why: "Entra sends none, Okta may"}
	if s.Server.Settings == ldif.SlapdSettings && s.Server.Extended[ldif.PasswordModifyOID] {
		l.more, l.why = "by: password-modify", l.why+"; the server makes the hash"
	}
	r.add(l)
}

// own are the attributes for what is the bridge's own; externalId stands behind userName.
func (s Sight) own(r *resource, people []*ldif.Entry, at int) {
	l := s.externalID(r, people, forExternalID, "nobody has a value there; name another that is free, if you prefer")
	if l.ldap != "" {
		r.taken = append(r.taken, l.ldap)
		r.lines = slices.Insert(r.lines, at, l)
		r.note("externalId is kept in %s: %s", l.ldap, l.why)
	} else {
		r.note("no attribute is free for externalId")
	}
	var kept bool
	if r.tombstone, kept = s.place(r, people, forTombstone, ldapmap.IsTombstoneName); r.tombstone == "" {
		r.note("no attribute is free for the name of who is soft-deleted: such a user is renamed")
		return
	}
	if r.tombstoneWhy = "nobody has a value there"; kept {
		r.tombstoneWhy = keptThere
	}
	r.taken = append(r.taken, r.tombstone)
	r.note("the name of who is soft-deleted is kept in %s: %s", r.tombstone, r.tombstoneWhy)
}

// keptThere says why what is the bridge's own goes where others may have it.
const keptThere = "a bridge has kept it there already"

// takesParts says that the attribute may hold values of others beside the bridge's. In a domain descriptions of accounts have one value,
// whatever the schema says ([MS-SAMR] §3.1.1.6).
func (s Sight) takesParts(r *resource, name string) bool {
	return s.Server.AccountName == "" && s.allows(r, name) && !s.Server.Schema.Attribute(name).SingleValue
}
