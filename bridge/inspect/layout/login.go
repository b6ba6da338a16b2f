package layout

import (
	"fmt"
	"strconv"
	"strings"

	"scimbridge/ldapmap/ldif"
)

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
