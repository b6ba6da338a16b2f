package examples_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// largeGroup is a group that is there before anybody asks, and those who come to it and go.
type largeGroup struct {
	server         func(t *testing.T, write func(*dirtest.Server, io.Writer) error) *dirtest.Server
	env            []string
	attribute      string // that holds the members
	members, crowd int    // at first, and who come and go
}

// largeGroups are groups by the server and what holds their members. SCIMBRIDGE_TEST_MEMBERS is another number of members.
func largeGroups(t *testing.T) map[string]largeGroup {
	members := func(otherwise int) int { return dirtest.Number(t, "SCIMBRIDGE_TEST_MEMBERS", otherwise) }
	inDomain := members(1_600) // more than a domain controller hands out at once
	loaded := func(t *testing.T, write func(*dirtest.Server, io.Writer) error) *dirtest.Server {
		return openLDAP(t, dirtest.Config("limits * size=unlimited"), dirtest.Entries(func(to io.Writer) error {
			return write(&dirtest.Server{
				Traits: ldif.OpenLDAP.Traits(), People: "ou=people," + suffix, Groups: "ou=groups," + suffix,
			}, to)
		}))
	}
	return map[string]largeGroup{
		"openldap":               {loaded, nil, "member", members(10_000), members(20_000) / 10},
		"openldap, by uid alone": {loaded, uidAlone, "memberUid", members(2_000), members(20_000) / 10},
		"active-directory": {
			func(t *testing.T, write func(*dirtest.Server, io.Writer) error) *dirtest.Server {
				server := dirtest.ActiveDirectory(t)
				server.Fill(t, func(to io.Writer) error { return write(server, to) })
				return server
			}, []string{"SCIMBRIDGE_DIRECTORY_TIMEOUT=1m"}, "member", inDomain, inDomain / 10,
		},
	}
}

// TestLargeGroup: members come to and go from a large group as they do from a small one. One is one Modify of one value, 2,000 are a few
// of bounded size, and nobody reads the list: what is allocated does not grow with it.
func TestLargeGroup(t *testing.T) {
	for name, g := range largeGroups(t) {
		t.Run(name, func(t *testing.T) {
			server := g.server(t, func(server *dirtest.Server, to io.Writer) error { return g.write(server, to) })
			proxy := dirtest.Counted(t, server)
			d := deploy(t, server, append(g.env, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)...)
			g.comeAndGo(t, d, proxy)
		})
	}
}

func (g largeGroup) comeAndGo(t *testing.T, d *deployment, proxy *dirtest.Proxy) {
	server := d.server
	large, small := idOf(t, server, "cn=large,"+server.Groups), d.group(t, "Small", idOf(t, server, memberDN(server, 0)))
	newcomers := idsFrom(t, server, g.members)
	held := func() (n int) {
		for _, v := range server.Entry(t, "cn=large,"+server.Groups, g.attribute).Values(g.attribute) {
			if v != ldapmap.DefaultPlaceholder {
				n++
			}
		}
		return n
	}
	change := func(what, group, body string, values int) (allocated uint64) {
		t.Helper()
		d.taken()
		proxy.ResetCounts()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, body)
		runtime.ReadMemStats(&after)
		if n, want := proxy.Counts()["modify"], (values+499)/500; n != want {
			t.Errorf("%s: %d modifies, want %d", what, n, want)
		}
		sent := 0
		for _, p := range d.taken() {
			for _, s := range p.Steps {
				if sent += len(s.Change.Mods[0].Values); len(s.Change.Mods) != 1 {
					t.Errorf("%s: %s", what, s.Change)
				}
			}
		}
		if sent != values {
			t.Errorf("%s: %d values are sent, want %d", what, sent, values)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	const slack = 256 << 10
	one := newcomers[:1]
	change("warm", small, addMembers(one...), 1)
	change("warm", small, removeMembers(one...), 1)
	if n := held(); n != g.members || len(newcomers) != g.crowd {
		t.Fatalf("%d members, %d newcomers", n, len(newcomers))
	}
	for _, c := range []struct {
		what string
		body string
		n    int
		want int
	}{
		{"add one", addMembers(one...), 1, g.members + 1},
		{"remove one", removeMembers(one...), 1, g.members},
		{"add all", addMembers(newcomers...), g.crowd, g.members + g.crowd},
		{"remove all", removeMembers(newcomers...), g.crowd, g.members},
	} {
		few, began := change(c.what, small, c.body, c.n), time.Now()
		many := change(c.what, large, c.body, c.n)
		t.Logf("%s: %d of %d in %v; %d KiB allocated, %d KiB for the small group",
			c.what, c.n, c.want, time.Since(began).Round(time.Millisecond), many>>10, few>>10)
		if many > 2*few+slack {
			t.Errorf("%s: %d octets for the large group, %d for the small one", c.what, many, few)
		}
		if n := held(); n != c.want {
			t.Errorf("%s: %d members, want %d", c.what, n, c.want)
		}
	}
}

func memberName(n int) string { return fmt.Sprintf("member%05d", n) }

func memberDN(server *dirtest.Server, n int) string {
	return productOf(server).rdn(memberName(n)) + "," + server.People
}

// write writes people, and a group of the first ones.
func (g largeGroup) write(server *dirtest.Server, to io.Writer) error {
	its := productOf(server)
	var text strings.Builder
	for n := range g.members + g.crowd {
		text.WriteString(its.user(memberDN(server, n), memberName(n)) + "\n")
	}
	dn, byName := "cn=large,"+server.Groups, g.attribute == "memberUid"
	switch {
	case byName:
		fmt.Fprintf(&text, "dn: %s\nobjectClass: posixGroup\nobjectClass: scimbridgeGroup\ncn: large\ngidNumber: 2000\n", dn)
	default:
		text.WriteString(its.group(dn, "large", ldapmap.DefaultPlaceholder))
	}
	for n := range g.members {
		value := memberName(n)
		if !byName {
			value = memberDN(server, n)
		}
		fmt.Fprintf(&text, "%s: %s\n", g.attribute, value)
	}
	_, err := io.WriteString(to, text.String())
	return err
}

// idsFrom are the ids of those whom write made, from a number on.
func idsFrom(t *testing.T, server *dirtest.Server, first int) []string {
	t.Helper()
	conn := server.Connect(t)
	defer conn.Close()
	login := productOf(server).login
	result, err := conn.SearchWithPaging(ldap.NewSearchRequest(server.People, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{login, server.IDAttribute}, nil), 500)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, found := range result.Entries {
		if found.GetAttributeValue(login) < memberName(first) {
			continue
		}
		e := &ldif.Entry{DN: found.DN}
		e.Set(server.IDAttribute, found.GetAttributeValue(server.IDAttribute))
		ids = append(ids, server.ID(e))
	}
	return ids
}
