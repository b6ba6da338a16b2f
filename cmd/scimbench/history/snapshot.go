package history

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"scimbridge/ldapmap/ldif"
)

// Snapshot is what the directory holds while nobody writes. Users and groups are by the numbers of the operations that made them, which
// stand in their externalId.
type Snapshot struct {
	At     time.Duration
	Users  map[int]*Account
	Groups map[int]*Team
}

// Account is a user's entry.
type Account struct {
	ID, DN, Login, Name, Title string // Name: as SCIM shows it: what Entra renamed it to, or the login
	Active                     bool
}

// Team is a group's entry.
type Team struct {
	ID, DN, Name string
	Members      []int
}

// Violation is what must never be.
type Violation struct {
	What    string
	Stray   bool     // it is about a reference to nobody, at which a bridge may owe a look yet
	Overlay bool     // it is about what slapo-memberof writes: a user's memberOf of groups, or of what is none
	Of      []int    // the users and groups that it is about
	Initial string   // what it was when the round began
	Events  []*Event // that bear on it
}

// String is a violation with its history.
func (v Violation) String() string {
	text := v.What
	if v.Initial != "" {
		text += "\n  at first: " + v.Initial
	}
	for _, e := range v.Events {
		text += "\n  " + e.String()
	}
	return text
}

// ExternalID is what a user or group is found by whose making had no answer.
func ExternalID(n int) string { return "made-" + strconv.Itoa(n) }

func number(externalID string) (int, bool) {
	text, ours := strings.CutPrefix(externalID, "made-")
	n, err := strconv.Atoi(text)
	return n, ours && err == nil
}

const accountDisabled = 2

// slapd is the server, as far as it says how names are compared.
var slapd = &ldif.Server{Traits: ldif.OpenLDAP.Traits()}

// Look makes a snapshot of entries as the map of examples/openldap writes them, and says what is wrong with them whatever was sent.
func Look(at time.Duration, people, teams []*ldif.Entry) (s Snapshot, wrong []Violation) {
	s = Snapshot{At: at, Users: map[int]*Account{}, Groups: map[int]*Team{}}
	amiss := func(of []int, format string, values ...any) {
		wrong = append(wrong, Violation{What: fmt.Sprintf(format, values...), Of: of})
	}
	users, groups := map[string]int{}, map[string]int{} // by DN
	for _, e := range people {
		if e.Value("uid") == "" {
			continue // the container
		}
		n, ours := number(e.Value("scimExternalId"))
		if !ours {
			amiss(nil, "%s was made by nobody", e.DN)
			continue
		}
		control, _ := strconv.Atoi(e.Value("userAccountControl"))
		a := &Account{
			ID: e.Value("entryUUID"), DN: e.DN, Login: strings.ToLower(e.Value("uid")), Title: e.Value("title"),
			Name: strings.ToLower(cmp.Or(e.Value("scimUserName"), e.Value("uid"))), Active: control&accountDisabled == 0,
		}
		if other := s.Users[n]; other != nil {
			amiss([]int{n}, "user %d is there twice: %s and %s", n, other.DN, a.DN)
		}
		s.Users[n], users[slapd.NormalDN(e.DN)] = a, n
	}
	for _, e := range teams {
		if e.Value("cn") == "" {
			continue
		}
		n, ours := number(e.Value("scimExternalId"))
		if !ours {
			amiss(nil, "%s was made by nobody", e.DN)
			continue
		}
		if other := s.Groups[n]; other != nil {
			amiss([]int{n}, "group %d is there twice: %s and %s", n, other.DN, e.DN)
		}
		t := &Team{ID: e.Value("entryUUID"), DN: e.DN, Name: strings.ToLower(e.Value("cn"))}
		for _, dn := range e.Values("member") {
			if dn == "" || slapd.SameDN(dn, Placeholder) {
				continue
			}
			if user, there := users[slapd.NormalDN(dn)]; there {
				t.Members = append(t.Members, user)
			} else {
				amiss([]int{n}, "group %d (%s) has a member that is nobody: %s", n, e.DN, dn)
				wrong[len(wrong)-1].Stray = true
			}
		}
		s.Groups[n], groups[slapd.NormalDN(e.DN)] = t, n
	}
	overlaid := func(of []int, format string, values ...any) {
		amiss(of, format, values...)
		wrong[len(wrong)-1].Overlay = true
	}
	for _, e := range people {
		n, there := users[slapd.NormalDN(e.DN)]
		if !there {
			continue
		}
		var shown, is []int
		for _, dn := range e.Values("memberOf") {
			group, there := groups[slapd.NormalDN(dn)]
			if !there {
				overlaid([]int{n}, "user %d (%s) is memberOf what is no group: %s", n, e.DN, dn)
				continue
			}
			shown = append(shown, group)
		}
		for group, t := range s.Groups {
			if slices.Contains(t.Members, n) {
				is = append(is, group)
			}
		}
		slices.Sort(shown)
		slices.Sort(is)
		if !slices.Equal(shown, is) {
			of := []int{n}
			for group := range s.Groups {
				if slices.Contains(shown, group) != slices.Contains(is, group) {
					of = append(of, group)
				}
			}
			overlaid(of, "user %d (%s) is memberOf the groups %v and a member of %v", n, e.DN, shown, is)
		}
	}
	twice := func(what string, of func(*Account) string) {
		holders := map[string][]int{}
		for _, n := range slices.Sorted(maps.Keys(s.Users)) {
			holders[of(s.Users[n])] = append(holders[of(s.Users[n])], n)
		}
		for _, name := range slices.Sorted(maps.Keys(holders)) {
			if len(holders[name]) > 1 {
				amiss(holders[name], "users %v have one %s, %s", holders[name], what, name)
			}
		}
	}
	twice("userName", func(a *Account) string { return a.Name })
	twice("login", func(a *Account) string { return a.Login })
	return s, wrong
}

// Placeholder is the member of a group that has none.
const Placeholder = "cn=no-member"
