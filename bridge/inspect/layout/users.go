package layout

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap/ldif"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"

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

// login is what userName stands in.
type login struct {
	line, computed line
	local          string // expression of the name before the @, or the whole, as uid holds it
	attribute      string
}

const localPart = `lower(before(userName, "@"))`

// login finds what userName stands in: what clients look everybody up by.
func (s Sight) login(r *resource, people []*ldif.Entry, c Choices) (l login, err error) {
	attribute, of, _ := strings.Cut(c.UserName, "@")
	why := "as was said"
	withAt := func(name string) int {
		return count(people, func(e *ldif.Entry) bool { return strings.Contains(e.Value(name), "@") })
	}
	names := count(people, has("uid"))
	domain, same := mailDomain(people)
	switch {
	case attribute != "":
	case s.allows(r, "userPrincipalName"):
		attribute, why = "userPrincipalName", "Entra's userName is one"
		if n := count(people, has("userPrincipalName")); !isMost(n, len(people)) && len(people) > 0 {
			why += fmt.Sprintf("; of %d only %d have one: the others do not exist for SCIM until they do", len(people), n)
		}
	case len(people) == 0 || names == 0 && withAt("mail") == 0:
		attribute, why = "uid", "nobody is there to tell otherwise"
	case isMost(withAt("uid"), len(people)):
		attribute, why = "uid", "it holds names with an @, as Entra's userName is"
	case isMost(names, len(people)) && isMost(same, len(people)):
		attribute, why = "uid", fmt.Sprintf("it holds what stands ahead of @%s in mail", domain)
	case isMost(withAt("mail"), len(people)):
		attribute, why = "mail", "nearly everybody has one, and uid holds no names with an @"
	default:
		return l, &Undecided{
			What: fmt.Sprintf("Entra's userName is a name with an @ as a rule: of %d people %d have one in uid, and %d in mail. "+
				"Which is it", len(people), withAt("uid"), withAt("mail")),
			Options: append(ahead(people, same, domain, withAt("uid")),
				Option{"uid", "as it is: have Entra send that"},
				Option{"mail", "who has none does not exist for SCIM, and a change of the mail is one of the userName"}),
			Flag: "--user-name", set: func(c *Choices, v string) { c.UserName = v },
		}
	}
	if !s.allows(r, attribute) {
		const problem = "entries of %s may have no %s, which userName would stand in: say which attribute it is by --user-name"
		return l, fmt.Errorf(problem, strings.Join(r.classes, ", "), attribute)
	}
	l = login{attribute: s.Server.Schema.Canonical(attribute), local: "userName"}
	l.line = line{scim: "userName", ldap: l.attribute, why: why}
	r.note("userName is %s: %s", l.attribute, why)
	if of == "" && c.UserName == "" && isMost(same, len(people)) && withAt("uid") == 0 && strings.EqualFold(attribute, "uid") {
		of = domain
	}
	switch {
	case of != "":
		l.local = localPart
		l.line.more = fmt.Sprintf(`value: 'lower(before(value, "@"))', read: %s, samples: [%s]`,
			quoted("value + "+strconv.Quote("@"+of)), quoted("mara@"+of))
		l.line.why = fmt.Sprintf("mara@%s has the %s mara; a user of another domain is refused", of, l.attribute)
	case strings.EqualFold(attribute, "userPrincipalName"):
		l.local = `before(userName, "@")`
		if name := s.Server.AccountName; name != "" {
			l.computed = line{
				ldap: name, more: `value: 'truncate(lower(before(userName, "@")), 20)', on: create, unique: true`,
				why: "made once, and never again",
			}
		}
	case strings.EqualFold(attribute, "mail"):
		l.local = localPart
		if s.allows(r, "uid") {
			l.computed = line{
				ldap: "uid", more: `value: '` + localPart + `', on: create, unique: true`,
				why: "made once; where it names the entry it follows a new userName",
			}
		}
	}
	return l, nil
}

// ahead is the option that uid is what stands ahead of a domain, where that is so of anybody.
func ahead(people []*ldif.Entry, same int, domain string, whole int) []Option {
	if same == 0 || whole > 0 {
		return nil
	}
	const says = "mara@%s has the uid mara, as %d of %d have it by their mail; a user of another domain is refused"
	return []Option{{"uid@" + domain, fmt.Sprintf(says, domain, same, len(people))}}
}

// mailDomain is the one domain of everybody's mail, and how many have their uid ahead of it.
func mailDomain(people []*ldif.Entry) (domain string, same int) {
	domains := tally{}
	for _, e := range people {
		local, of, found := strings.Cut(e.Value("mail"), "@")
		if found && strings.EqualFold(local, e.Value("uid")) {
			domains[strings.ToLower(of)]++
		}
	}
	return domains.top()
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
	name := s.free(r, people, forExternalID)
	l := line{scim: "externalId", ldap: name, why: "nobody has a value there; name another that is free, if you prefer"}
	if name == "" && s.takesParts(r, "description") {
		l.ldap, l.more, l.why = "description", "prefix: 'scim:'", "other descriptions stay"
	}
	if l.ldap != "" {
		r.taken = append(r.taken, l.ldap)
		r.lines = slices.Insert(r.lines, at, l)
		r.note("externalId is kept in %s: %s", l.ldap, l.why)
	} else {
		r.note("no attribute is free for externalId")
	}
	r.tombstone = s.free(r, people, forTombstone)
	if r.tombstone != "" {
		r.taken = append(r.taken, r.tombstone)
		r.note("the name of who is soft-deleted is kept in %s, which nobody has", r.tombstone)
	} else {
		r.note("no attribute is free for the name of who is soft-deleted: such a user is renamed")
	}
}

// takesParts says that the attribute may hold values of others beside the bridge's. In a domain descriptions of accounts have one value,
// whatever the schema says ([MS-SAMR] §3.1.1.6).
func (s Sight) takesParts(r *resource, name string) bool {
	return s.Server.AccountName == "" && s.allows(r, name) && !s.Server.Schema.Attribute(name).SingleValue
}

// posix are the lines of an account that Linux knows.
func (s Sight) posix(r *resource, people []*ldif.Entry, l login) {
	if !ldif.Named(r.classes, "posixAccount") {
		return
	}
	if n := count(people, has("uidNumber")); n > 0 && !isMost(n, len(people)) {
		r.note("%d of %d are POSIX accounts, and new ones are: give the class a `when` if only some are to be", n, len(people))
	}
	low, high := numbersOf(people, "uidNumber")
	numbers := func(counter string) string {
		return fmt.Sprintf("on: create, allocate: {from: %d, to: %d, counter: %s}", low, high, quoted(counter))
	}
	counter := "cn=uidNext," + s.counters(r)
	r.add(line{ldap: "uidNumber", more: numbers(counter), why: "is the range yours alone? It is made of what is in use"})
	groups, private, homes, shells := tally{}, 0, tally{}, tally{}
	for _, e := range people {
		groups[e.Value("gidNumber")]++
		if e.Value("gidNumber") == e.Value("uidNumber") && e.Value("uidNumber") != "" {
			private++
		}
		if home, is := strings.CutSuffix(e.Value("homeDirectory"), "/"+e.Value("uid")); is && e.Value("uid") != "" {
			homes[home]++
		}
		if shell := e.Value("loginShell"); shell != "" && !isOff("loginShell", shell) {
			shells[shell]++
		}
	}
	group, n := groups.top()
	switch {
	case isMost(private, len(people)):
		r.add(line{ldap: "gidNumber", more: numbers(counter), why: "everybody's is his uidNumber"})
	default:
		r.add(line{
			ldap: "gidNumber", more: "on: create, value: " + quoted(strconv.Quote(group)),
			why: fmt.Sprintf("that of %d of %d", n, len(people)),
		})
		for _, g := range s.Groups {
			if g.Value("gidNumber") == group {
				r.protected = append(r.protected, g.DN)
			}
		}
	}
	home, _ := homes.top()
	if len(homes) == 0 {
		home = "/home"
	}
	r.add(line{ldap: "homeDirectory", more: "on: create, unique: true, value: " + quoted(strconv.Quote(home+"/")+" + "+l.local)})
	if shell, _ := shells.top(); shell != "" {
		r.add(line{ldap: "loginShell", more: "on: create, value: " + quoted(strconv.Quote(shell)), why: "what somebody chose since stays"})
	}
	if count(people, has("gecos")) > 0 {
		name := "userName"
		if s.allows(r, "displayName") {
			name = "displayName ?? userName"
		}
		r.add(line{
			ldap: "gecos", more: `value: 'substitute(ascii(` + name + `), "[^ -9;-~]|,", " ")'`, why: "no colon, no comma",
		})
	}
	r.note("new accounts get a number from %d to %d of the counter %s", low, high, counter)
}

// counters is the place for the entries that count.
func (s Sight) counters(r *resource) string {
	context := s.Server.Context(r.base)
	for _, dn := range s.Units {
		for _, name := range []string{"ou=system,", "ou=counters,"} {
			if s.Server.SameDN(dn, name+context) {
				return dn
			}
		}
	}
	return r.base
}

// numbersOf is a range that holds the numbers in use and leaves room: those of people on Linux are 1000 to 60000.
func numbersOf(entries []*ldif.Entry, name string) (from, to int) {
	const first, last = 1_000, 60_000
	low, high := 0, 0
	for _, e := range entries {
		n, err := strconv.Atoi(e.Value(name))
		if err != nil || n < first || n == 65_534 {
			continue
		}
		if low == 0 || n < low {
			low = n
		}
		high = max(high, n)
	}
	switch {
	case low == 0:
		return 10_000, last - 1
	case high < last-1:
		return low / 1_000 * 1_000, last - 1
	}
	return (high/10_000 + 1) * 10_000, (high/10_000+1)*10_000 + 99_999
}
