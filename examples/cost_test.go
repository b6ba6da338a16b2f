//go:build !race

// The race detector allocates on its own account: what is written down here holds without it.

package examples_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"strings"
	"testing"

	"scimbridge/config"
	"scimbridge/examples"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/read"
	"scimbridge/ldapmap/search"
	"scimbridge/scim"
	"scimbridge/scim/filter"
)

// step is a part of what a read does, and how many allocations it takes.
type step struct {
	name   string
	allocs float64
	do     func()
}

const colleague = "mara.lind@contoso.example"

const text = "dn: uid=" + colleague + `,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: scimbridgeUser
uid: ` + colleague + `
cn: Mara Lind
sn: Lind
givenName: Mara
displayName: Mara Lind
title: Clerk
mail: ` + colleague + `
telephoneNumber: +46 8 123
employeeNumber: 4711
departmentNumber: Shore
userAccountControl: 512
`

// pure are the parts of a read that ask nobody, over the OpenLDAP example's map.
func pure(tb testing.TB) []step {
	c, err := config.Parse("scimbridge.yaml", []byte(examples.OpenLDAP), []string{
		"SCIMBRIDGE_ACCESS_TOKEN=" + token, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + token,
	})
	if err != nil {
		tb.Fatal(err)
	}
	compiled, err := c.Map()
	if err != nil {
		tb.Fatal(err)
	}
	m, problems := ldapmap.For(compiled, maptest.Server(tb, ldif.OpenLDAP))
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	users := m.Type("User")
	entries, err := ldif.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	entries[0].Set("entryUUID", "5f0c1f0e-6f5c-4f0e-9d53-0f4f7a3c9b11")
	entries[0].Set("entryCSN", "20260102120000.345678Z#000000#000#000000")
	entries[0].Set("createTimestamp", "20260102115959Z")
	entries[0].Set("modifyTimestamp", "20260102120000Z")
	shown, err := scim.NewProjection(users.Resource, scim.Dialect{}, nil, nil)
	if err != nil {
		tb.Fatal(err)
	}
	parsed := func() filter.Expr {
		e, err := filter.Parse(`userName eq "`+colleague+`"`, users.Resource, scim.Dialect{})
		if err != nil {
			tb.Fatal(err)
		}
		return e
	}
	resource := func() scim.Resource { return read.Resource(users, entries[0], ldapmap.Refs{}) }
	e, r := parsed(), resource()
	_, remainder := search.Filter(users, e, ldapmap.Refs{})
	body := make([]byte, 0, 4096)
	return []step{
		{"filter parsed", 3, func() { parsed() }},
		{"filter translated", 14, func() { search.Filter(users, e, ldapmap.Refs{}) }},
		{"attributes to read", 1, func() { read.Attributes(users, shown.Wants) }},
		{"entry to resource", 44, func() { resource() }},
		{"remainder judged", 2, func() {
			if !filter.NewMatcher(remainder).Matches(read.Judged(users, r, entries[0])) {
				tb.Fatal("no match")
			}
		}},
		{"projection", 11, func() { shown.Apply(r) }},
		{"JSON", 0, func() {
			if _, err := scim.AppendJSON(body, r); err != nil {
				tb.Fatal(err)
			}
		}},
	}
}

// whole are reads from HTTP to HTTP, in front of a directory that takes none.
func whole(tb testing.TB) []step {
	server := memory(tb)
	server.Load(tb, text)
	id := server.Entry(tb, "uid="+colleague+","+server.People, "entryUUID").Value("entryUUID")
	echo := *server
	echo.URL = echoed(tb, strings.TrimPrefix(server.URL, "ldap://"))
	root, err := url.Parse(deploy(tb, &echo).url)
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := net.Dial("tcp", root.Host)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	get := func(path string) func() {
		request := fmt.Appendf(nil, "GET %s/Users%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nX-Request-Id: 1\r\n\r\n",
			root.Path, path, root.Host, token)
		received := make([]byte, 4096)
		length := 0 // which is the same each time
		exchange := func() {
			if _, err := conn.Write(request); err != nil {
				tb.Fatal(err)
			}
			var err error
			if length == 0 {
				length, err = conn.Read(received)
			} else {
				_, err = io.ReadFull(conn, received[:length])
			}
			if err != nil || !bytes.HasPrefix(received, []byte("HTTP/1.1 200")) {
				tb.Fatalf("%v, %s", err, received)
			}
		}
		exchange()
		return exchange
	}
	named := func(name string) string { return "?filter=" + url.QueryEscape(`userName eq "`+name+`"`) }
	return []step{
		{"query, hit", 1519, get(named(colleague))},
		{"query, miss", 598, get(named("nobody"))},
		{"get", 1459, get("/" + id)},
	}
}

// TestCostOfReads: reads take as many allocations as is written down, give or take a tenth. Whoever makes them take fewer writes that down.
func TestCostOfReads(t *testing.T) {
	for _, s := range append(pure(t), whole(t)...) {
		if got := testing.AllocsPerRun(200, s.do); math.Abs(got-s.allocs) > s.allocs/10 {
			t.Errorf("%s: %.0f allocations, want %.0f", s.name, got, s.allocs)
		}
	}
}

func BenchmarkReads(b *testing.B) {
	for _, s := range append(pure(b), whole(b)...) {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.do()
			}
		})
	}
}
