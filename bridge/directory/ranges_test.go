package directory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// TestRanges: an attribute that Active Directory hands out 1,500 values at a time is read whole, in as many searches as it takes.
func TestRanges(t *testing.T) {
	const handful = 1500
	for _, size := range []int{handful, handful + 1, 2 * handful, 50_000} {
		synctest.Test(t, func(t *testing.T) {
			p := &peer{root: activeDirectory, script: func(s *session, m message) bool {
				if m.op != ldap.ApplicationSearchRequest || m.target() == "" {
					return false
				}
				first := 0
				asked := text(m.request.Children[7].Children[0])
				if _, err := fmt.Sscanf(asked, "member;range=%d-*", &first); err != nil && asked != "member" {
					t.Errorf("asked for %q", asked)
				}
				end := min(first+handful, size)
				part := ldif.Attribute{Name: fmt.Sprintf("member;range=%d-%d", first, end-1)}
				if end == size {
					part.Name = fmt.Sprintf("member;range=%d-*", first)
				}
				for i := first; i < end; i++ {
					part.Values = append(part.Values, fmt.Sprintf("cn=%d", i))
				}
				if size <= handful { // which needs no range
					part.Name = "member"
				}
				s.entry(m, "cn=group", ldif.Attribute{Name: "objectGUID", Values: []string{strings.Repeat("g", 16)}}, part)
				return false
			}}
			c := network{"a": p}.client(t, "a")
			defer c.Close()
			if _, err := c.Server(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := p.count(ldap.ApplicationSearchRequest)
			found, err := c.Search(t.Context(), Search{Base: "cn=group", Scope: BaseObject, Attributes: []string{"member"}})
			if err != nil || len(found) != 1 {
				t.Fatal(found, err)
			}
			values := found[0].Values("member")
			for i, v := range values {
				if v != fmt.Sprintf("cn=%d", i) {
					t.Fatalf("value %d is %q", i, v)
				}
			}
			searches := p.count(ldap.ApplicationSearchRequest) - before
			want := 1
			for got := handful; got < size; got += handful - 1 { // each further one begins with the last value of the one before
				want++
			}
			if len(values) != size || searches != want || len(found[0].Attributes) > 2 {
				t.Errorf("%d of %d values in %d searches, want %d", len(values), size, searches, want)
			}
		})
	}
}

// handful is a list of which a peer hands out three values at a time.
type handful struct {
	values []string
	asked  int                                                        // ranges but the first
	broken func(l *handful, first int) (part ldif.Attribute, is bool) // nil: nothing is
	gone   bool                                                       // after the first range the entry is
}

func (l *handful) answer(s *session, m message) bool {
	if m.op != ldap.ApplicationSearchRequest || m.target() == "" {
		return false
	}
	first := 0
	if n, _ := fmt.Sscanf(text(m.request.Children[7].Children[0]), "member;range=%d-*", &first); n == 1 {
		if l.asked++; l.gone {
			s.result(m, ldap.LDAPResultNoSuchObject, "")
			return true
		}
	}
	end := min(first+3, len(l.values))
	part := ldif.Attribute{Name: fmt.Sprintf("member;range=%d-%d", first, end-1), Values: l.values[first:end]}
	if end == len(l.values) {
		part.Name = fmt.Sprintf("member;range=%d-*", first)
	}
	if l.broken != nil && first > 0 {
		if other, is := l.broken(l, first); is {
			part = other
		}
	}
	id := ldif.Attribute{Name: "objectGUID", Values: []string{strings.Repeat("g", 16)}}
	if strings.HasPrefix(m.target(), "cn=other") || m.target() == "ou=groups" {
		s.entry(m, "cn=other", ldif.Attribute{Name: "objectGUID", Values: []string{strings.Repeat("o", 16)}})
	}
	s.entry(m, "cn=group", id, part)
	return false
}

// read reads the groups below a place.
func (l *handful) read(t *testing.T) ([]*ldif.Entry, error) {
	p := &peer{root: activeDirectory, script: l.answer}
	c := network{"a": p}.client(t, "a")
	defer c.Close()
	if _, err := c.Server(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.Search(t.Context(), Search{Base: "ou=groups", Attributes: []string{"member", "objectGUID"}})
}

var abc = strings.Split("abcdefghij", "")

// TestBrokenRanges: a list of which a further range does not come, or not the one that was asked for, is an error that says so, after few
// attempts: it never passes for the whole, and is not asked for for ever.
func TestBrokenRanges(t *testing.T) {
	for name, part := range map[string]ldif.Attribute{
		"none":          {Name: "description", Values: []string{"x"}},
		"no values":     {Name: "member;range=2-*"},
		"the first":     {Name: "member;range=0-2", Values: abc[:3]},
		"no progress":   {Name: "member;range=2-2", Values: abc[2:3]},
		"another place": {Name: "member;range=5-*", Values: abc[2:]},
		"all at once":   {Name: "member", Values: abc},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &handful{values: abc, broken: func(*handful, int) (ldif.Attribute, bool) { return part, true }}
				found, err := l.read(t)
				e, _ := errors.AsType[*Error](err)
				if e == nil || e.Reason != reason.LostRace || !strings.Contains(e.Error(), "cn=group: member: ") || found != nil {
					t.Errorf("%v, %v", found, err)
				}
				if l.asked > rangeTries {
					t.Errorf("%d ranges", l.asked)
				}
			})
		})
	}
}

// TestMovingRanges: a list of which values come and go while it is read is read again, and nobody who was there all the while is missing.
func TestMovingRanges(t *testing.T) {
	for name, change := range map[string]func(l *handful){
		"one goes":         func(l *handful) { l.values = l.values[1:] },
		"one comes":        func(l *handful) { l.values = append([]string{"0"}, l.values...) },
		"nearly all go":    func(l *handful) { l.values = []string{"j"} },
		"behind the range": func(l *handful) { l.values = slices.Concat(l.values[:8], []string{"8"}, l.values[8:]) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				changed := false
				l := &handful{values: abc}
				l.broken = func(l *handful, first int) (part ldif.Attribute, is bool) {
					if changed {
						return part, false
					}
					changed = true
					if change(l); first >= len(l.values) {
						return ldif.Attribute{Name: "description", Values: []string{"x"}}, true
					}
					end := min(first+3, len(l.values))
					return ldif.Attribute{Name: fmt.Sprintf("member;range=%d-%d", first, end-1), Values: l.values[first:end]}, true
				}
				found, err := l.read(t)
				if err != nil || len(found) != 2 || !slices.Equal(found[1].Values("member"), l.values) {
					t.Errorf("%v, %v, want %v", found, err, l.values)
				}
			})
		})
	}
}

// TestGoneWithinRanges: an entry that is deleted while its list is read is not among those that a search finds, which goes on.
func TestGoneWithinRanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &handful{values: abc, gone: true}
		if found, err := l.read(t); err != nil || len(found) != 1 || found[0].DN != "cn=other" {
			t.Errorf("%v, %v", found, err)
		}
	})
}
