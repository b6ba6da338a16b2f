package examples_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// BenchmarkBridge sends what Entra sends most, one request at a time, to slapd: once through the bridge and once as the LDAP operations
// that do the same. The metric x-raw is the bridge's time over raw LDAP's in the same run.
func BenchmarkBridge(b *testing.B) {
	server := openLDAP(b)
	loadUsers(b, server, 1000)
	d := deploy(b, server)
	raw := server.Connect(b)
	name := func(i int) string { return fmt.Sprintf("stay%04d@contoso.example", i%1000) }
	find := func(b *testing.B, i int) *ldap.Entry {
		found, err := raw.Search(ldap.NewSearchRequest(server.People, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
			"(uid="+ldap.EscapeFilter(name(i))+")", []string{"*", "entryUUID", "entryCSN"}, nil))
		if err != nil || len(found.Entries) != 1 {
			b.Fatal(err)
		}
		return found.Entries[0]
	}
	send := func(b *testing.B, status int, method, path, body string) string {
		response, content := d.do(b, method, path, body)
		if response.StatusCode != status {
			b.Fatalf("%s %s: %d %s", method, path, response.StatusCode, content)
		}
		return content
	}
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = find(&testing.B{}, i).GetAttributeValue("entryUUID")
	}
	var group struct{ ID string }
	if err := json.Unmarshal([]byte(send(b, 201, "POST", "/Groups", `{"displayName":"Bench"}`)), &group); err != nil {
		b.Fatal(err)
	}

	for _, c := range []struct {
		name   string
		bridge func(b *testing.B, i int)
		raw    func(b *testing.B, i int)
	}{
		{
			"match",
			func(b *testing.B, i int) {
				send(b, 200, "GET", "/Users?filter="+url.QueryEscape(`userName eq "`+name(i)+`"`), "")
			},
			func(b *testing.B, i int) { find(b, i) },
		},
		{
			"get",
			func(b *testing.B, i int) { send(b, 200, "GET", "/Users/"+ids[i%1000], "") },
			func(b *testing.B, i int) { find(b, i) },
		},
		{
			"patch",
			func(b *testing.B, i int) {
				send(b, 200, "PATCH", "/Users/"+ids[i%1000],
					fmt.Sprintf(`{"Operations":[{"op":"replace","path":"title","value":"b%d"}]}`, time.Now().UnixNano()))
			},
			func(b *testing.B, i int) {
				change := ldap.NewModifyRequest(find(b, i).DN, nil)
				change.Replace("title", []string{fmt.Sprintf("r%d", time.Now().UnixNano())})
				if err := raw.Modify(change); err != nil {
					b.Fatal(err)
				}
			},
		},
		{
			"create",
			func(b *testing.B, i int) {
				send(b, 201, "POST", "/Users",
					fmt.Sprintf(`{"userName":"b%d@contoso.example","name":{"familyName":"B"}}`, time.Now().UnixNano()))
			},
			func(b *testing.B, i int) {
				find(b, i)
				uid := fmt.Sprintf("r%d@contoso.example", time.Now().UnixNano())
				add := ldap.NewAddRequest("uid="+uid+","+server.People, nil)
				add.Attribute("objectClass", []string{"inetOrgPerson", "scimbridgeUser"})
				for _, attribute := range []string{"uid", "cn", "sn"} {
					add.Attribute(attribute, []string{uid})
				}
				if err := raw.Add(add); err != nil {
					b.Fatal(err)
				}
				find(b, i)
			},
		},
		{
			"member",
			func(b *testing.B, i int) {
				op := []string{"add", "remove"}[i/1000%2]
				send(b, 204, "PATCH", "/Groups/"+group.ID,
					`{"Operations":[{"op":"`+op+`","path":"members","value":[{"value":"`+ids[i%1000]+`"}]}]}`)
			},
			func(b *testing.B, i int) {
				dn := find(b, i).DN
				find(b, i)
				change := ldap.NewModifyRequest("cn=Bench,"+server.Groups, nil)
				if i/1000%2 == 0 {
					change.Add("member", []string{dn})
				} else {
					change.Delete("member", []string{dn})
				}
				if err := raw.Modify(change); err != nil && !ldap.IsErrorWithCode(err, 20) && !ldap.IsErrorWithCode(err, 16) {
					b.Fatal(err)
				}
			},
		},
	} {
		b.Run(c.name, func(b *testing.B) {
			var bridge, direct time.Duration
			for i := 0; b.Loop(); i++ {
				begun := time.Now()
				c.bridge(b, i)
				middle := time.Now()
				c.raw(b, i)
				bridge, direct = bridge+middle.Sub(begun), direct+time.Since(middle)
			}
			b.ReportMetric(float64(bridge)/float64(direct), "x-raw")
			b.ReportMetric(float64(b.N)/bridge.Seconds(), "requests/s")
		})
	}
}
