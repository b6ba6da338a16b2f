package examples_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// TestGroupOf50000: members come to and go from a large group as they do from a small one. One is one Modify of one value, 5,000 are a few
// of bounded size, and nobody reads the list: what is allocated does not grow with it.
func TestGroupOf50000(t *testing.T) {
	const size, crowd = 50_000, 5_000 // of those, who are not in it at first
	server := openLDAP(t, dirtest.Config("limits * size=unlimited", "sortvals member"), dirtest.Entries(func(to io.Writer) error {
		return writeLargeGroup(to, size, size-crowd)
	}))
	proxy := dirtest.Counted(t, server)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)
	large, small := idOf(t, server, "cn=large,"+server.Groups), d.group(t, "Small", idOf(t, server, memberDN(server, 0)))
	held := func() int {
		return len(server.Entry(t, "cn=large,"+server.Groups, "member").Values("member")) - 1 // the placeholder
	}
	if n := held(); n != size-crowd {
		t.Fatalf("%d members", n)
	}
	newcomers := idsFrom(t, server, size-crowd)
	b := budgets{d, proxy}
	change := func(what, group, body string, modifies int) (allocated uint64) {
		t.Helper()
		d.taken()
		proxy.ResetCounts()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, body)
		runtime.ReadMemStats(&after)
		if n := b.proxy.Counts()["modify"]; n != modifies {
			t.Errorf("%s: %d modifies, want %d", what, n, modifies)
		}
		for _, p := range d.taken() {
			for _, s := range p.Steps {
				if len(s.Change.Mods) != 1 || modifies == 1 && len(s.Change.Mods[0].Values) != 1 {
					t.Errorf("%s: %s", what, s.Change)
				}
			}
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	const slack = 256 << 10
	one := newcomers[:1]
	change("warm", small, addMembers(one...), 1)
	change("warm", small, removeMembers(one...), 1)
	for _, c := range []struct {
		what string
		body string
		want int
	}{
		{"add one", addMembers(one...), size - crowd + 1},
		{"remove one", removeMembers(one...), size - crowd},
	} {
		few, many := change(c.what, small, c.body, 1), change(c.what, large, c.body, 1)
		if many > 2*few+slack {
			t.Errorf("%s: %d octets for the large group, %d for the small one", c.what, many, few)
		}
		if n := held(); n != c.want {
			t.Errorf("%s: %d members, want %d", c.what, n, c.want)
		}
	}
	chunks := len(slices.Collect(slices.Chunk(newcomers, 500)))
	for _, c := range []struct {
		what string
		body string
		want int
	}{
		{"add 5,000", addMembers(newcomers...), size},
		{"remove 5,000", removeMembers(newcomers...), size - crowd},
	} {
		few, many := change(c.what, small, c.body, chunks), change(c.what, large, c.body, chunks)
		if many > 2*few+slack {
			t.Errorf("%s: %d octets for the large group, %d for the small one", c.what, many, few)
		}
		if n := held(); n != c.want {
			t.Errorf("%s: %d members, want %d", c.what, n, c.want)
		}
	}
}

func memberDN(server *dirtest.Server, n int) string {
	return fmt.Sprintf("uid=member%05d,%s", n, server.People)
}

// writeLargeGroup writes people, and a group of the first ones.
func writeLargeGroup(to io.Writer, size, members int) error {
	var text strings.Builder
	for n := range size {
		name := fmt.Sprintf("member%05d", n)
		text.WriteString(inetOrgPerson("uid="+name+",ou=people,dc=example,dc=org", name) + "\n")
	}
	text.WriteString("dn: cn=large,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: large\nmember: cn=no-member\n")
	for n := range members {
		fmt.Fprintf(&text, "member: uid=member%05d,ou=people,dc=example,dc=org\n", n)
	}
	_, err := io.WriteString(to, text.String())
	return err
}

// idsFrom are the ids of those whom writeLargeGroup wrote, from a number on.
func idsFrom(t *testing.T, server *dirtest.Server, first int) []string {
	t.Helper()
	conn := connect(t, server)
	defer conn.Close()
	result, err := conn.SearchWithPaging(ldap.NewSearchRequest(server.People, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{"uid", server.IDAttribute}, nil), 500)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, found := range result.Entries {
		if found.GetAttributeValue("uid") < fmt.Sprintf("member%05d", first) {
			continue
		}
		e := &ldif.Entry{DN: found.DN}
		e.Set(server.IDAttribute, found.GetAttributeValue(server.IDAttribute))
		ids = append(ids, server.ID(e))
	}
	return ids
}
