package layout

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// markers are attributes in which directories are known to note who is not active any more.
var markers = []string{
	"employeeType", "accountStatus", "inetUserStatus", "employeeStatus", "status", "shadowExpire", "loginShell", "nsAccountLock",
	"userAccountControl", "pwdAccountLockedTime",
}

// off are the values that say so.
var off = []string{
	"inactive", "disabled", "blocked", "locked", "suspended", "deactivated", "terminated", "former", "left", "leaver", "gone", "expired",
	"deleted",
}

// isOff says that a value of a marker is of who is not active.
func isOff(name, value string) bool {
	switch {
	case strings.EqualFold(name, "loginShell"):
		return slices.Contains([]string{"nologin", "false"}, path.Base(value))
	case strings.EqualFold(name, "shadowExpire"):
		return value == "0" || value == "1"
	}
	return slices.ContainsFunc(off, func(word string) bool { return strings.EqualFold(word, value) })
}

// active finds how it is told who is blocked: by the server's own attribute; else as the entries show it; else by one that is free.
func (s Sight) active(r *resource, people []*ldif.Entry) {
	choose := func(yaml, why string, attributes ...string) {
		r.active, r.activeWhy = yaml, why
		r.taken = append(r.taken, attributes...)
		r.note("active is %s: %s", yaml, why)
	}
	if s.Server.Blocks != "" {
		choose("{by: "+s.Server.Blocks+"}", "no bind gets past it", s.Server.Blocks)
		return
	}
	held := func(name string) int { return count(people, has(name)) }
	if s.Server.Schema.Attribute("userAccountControl") != nil && held("userAccountControl") > 0 {
		choose("{by: userAccountControl}", "entries have it; by itself it keeps nobody out: see the access rules", "userAccountControl")
		return
	}
	if name, blocked, n := s.marker(r, people); name != "" {
		other := tally{}
		for _, e := range people {
			if v := e.Value(name); v != "" && !isOff(name, v) {
				other[v]++
			}
		}
		yaml := fmt.Sprintf("{attribute: %s, blocked: %s", name, quoted(blocked))
		why := fmt.Sprintf("%d of %d are so", n, len(people))
		if value, times := other.top(); times > 0 && 2*times >= len(people)-n {
			yaml += ", unblocked: " + quoted(value)
			why += fmt.Sprintf(", and %d are %s", times, value)
		}
		r.lines = slices.DeleteFunc(r.lines, func(l line) bool { return strings.EqualFold(l.ldap, name) })
		choose(yaml+"}", why+"; by itself it keeps nobody out: see the access rules", name)
		return
	}
	zero := func(e *ldif.Entry) bool { return strings.HasPrefix(e.Value("pwdAccountLockedTime"), "000001010000") }
	if n := count(people, zero); n > 0 {
		choose("{by: pwdAccountLockedTime}", fmt.Sprintf("%d are locked so; a password that an administrator resets unlocks them", n))
		return
	}
	if class := s.bringing(r, "userAccountControl"); class != "" {
		if !ldif.Named(r.classes, class) {
			r.classes = append(r.classes, class)
		}
		choose("{by: userAccountControl}", "the class "+class+" is there for it; by itself it keeps nobody out: see the access rules",
			"userAccountControl")
		return
	}
	if ldif.Named(r.classes, "posixAccount") && s.Server.Schema.Class("shadowAccount") != nil {
		if !ldif.Named(r.classes, "shadowAccount") {
			r.classes = append(r.classes, "shadowAccount")
		}
		choose(`{attribute: shadowExpire, blocked: "1"}`,
			"expired since 2 January 1970: PAM looks at it; by itself it keeps nobody from a bind: see the access rules", "shadowExpire")
		return
	}
	if s.allows(r, "employeeType") && !s.Server.Schema.Attribute("employeeType").SingleValue {
		choose("{attribute: employeeType, blocked: blocked}",
			"a value beside others that are there; by itself it keeps nobody out: see the access rules", "employeeType")
		return
	}
	if s.Policy != "" {
		choose("{by: pwdAccountLockedTime}", "if the policy "+s.Policy+" is in force; a password that an administrator resets unlocks them")
		return
	}
	r.note("nothing was found to tell who is blocked by: Entra could disable nobody")
}

// marker is the attribute in which entries note who is not active, the value that says so, and how many have it.
func (s Sight) marker(r *resource, people []*ldif.Entry) (name, value string, n int) {
	for _, candidate := range markers {
		if !s.allows(r, candidate) {
			continue
		}
		times := tally{}
		for _, e := range people {
			for _, v := range e.Values(candidate) {
				if isOff(candidate, v) {
					times[v]++
				}
			}
		}
		if v, most := times.top(); most > n {
			name, value, n = s.Server.Schema.Canonical(candidate), v, most
		}
	}
	return name, value, n
}
