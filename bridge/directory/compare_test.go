package directory

import (
	"fmt"
	"slices"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// TestHowServersCompare: which texts each server takes for one where case does not count. OpenLDAP composes letters and makes one of
// those that differ for compatibility alone; the others look at each letter as it is, and differ in which have another case. The bridge
// takes for one what any of them does, and asks for a text in each of its spellings (package stringprep).
func TestHowServersCompare(t *testing.T) {
	const openldap, ds389, samba = "openldap", "389ds", "active-directory"
	all := []string{openldap, ds389, samba}
	alone := []string{openldap}
	pairs := []struct {
		stored, asked string
		equal         []string // the servers that say so
	}{
		{"Jos\u00e9", "JOS\u00c9", all},
		{"jos\u00e9", "jose\u0301", alone},
		{"jose\u0301", "jos\u00e9", alone},
		{"ｍａｒａ", "mara", alone},
		{"mara", "ｍａｒａ", alone},
		{"Ｍａｒａ", "ｍａｒａ", all},
		{"mara  lind", "mara lind", all},
		{" mara lind ", "mara  lind", all},
		{"mara\u00a0lind", "mara lind", alone},
		{"ﬁn", "fin", alone},
		{"İvo", "ivo", alone},
		{"İvo", "I\u0307vo", nil}, // each letter in lower case first, and composed then
		{"ıvo", "ivo", nil},
		{"\u212a", "k", alone},
		{"ſam", "sam", alone},
		{"νίκος", "ΝΊΚΟΣ", []string{samba}},
		{"straße", "STRASSE", nil},
		{"josé", "jose", nil}, // but on Windows
		{"ma\u200bra", "mara", nil},
	}
	for _, s := range []struct {
		name, like string
		start      func(*testing.T) *dirtest.Server
	}{
		{"slapd", openldap, func(t *testing.T) *dirtest.Server { return dirtest.OpenLDAP(t) }},
		{"memdir", openldap, func(t *testing.T) *dirtest.Server { return dirtest.Memory(t) }},
		{"389ds", ds389, func(t *testing.T) *dirtest.Server { return dirtest.DS389(t, dirtest.WithoutSevenBitCheck()) }},
		{"samba", samba, func(t *testing.T) *dirtest.Server { return dirtest.ActiveDirectory(t) }},
	} {
		t.Run(s.name, func(t *testing.T) {
			server := s.start(t)
			c := open(t, server)
			for i, p := range pairs {
				dn := fmt.Sprintf("cn=pair %d,%s", i, server.People)
				e := ldif.Entry{DN: dn}
				e.Set("objectClass", "organizationalRole")
				e.Set("description", p.stored)
				if s.like == samba {
					e.Set("objectClass", "contact")
				}
				if r := c.Execute(t.Context(), steps(ldif.Change{Kind: ldif.Add, DN: dn, Entry: e.Attributes}), nil); r.Err != nil {
					t.Fatal(r.Err)
				}
				asked := Search{Base: dn, Filter: ldif.Equality("description", p.asked), Attributes: []string{"cn"}}
				found, err := c.Search(t.Context(), asked)
				if err != nil {
					t.Fatal(err)
				}
				if got := len(found) > 0; got != slices.Contains(p.equal, s.like) {
					t.Errorf("%+q holds %+q: %t", p.stored, p.asked, got)
				}
			}
		})
	}
}
