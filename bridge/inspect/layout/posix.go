package layout

import (
	"fmt"
	"strconv"
	"strings"

	"scimbridge/ldapmap/ldif"
)

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
