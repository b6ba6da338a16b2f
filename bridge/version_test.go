package bridge

import (
	"testing"

	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/read"
)

func TestNamed(t *testing.T) {
	const tag = `W/"20260101000000.000001Z#000000#000#000000"`
	for list, want := range map[string]bool{
		tag: true,
		`"20260101000000.000001Z#000000#000#000000"`: true, // compared weakly
		`20260101000000.000001Z#000000#000#000000`:   true, // as some clients send it
		`"a", ` + tag + ` ,"b"`:                      true,
		`*`:                                          true,
		`"a"`:                                        false,
		`W/"a","b"`:                                  false,
		`W/""`:                                       false,
	} {
		if named(list, tag) != want {
			t.Errorf("%s: named is not %t", list, want)
		}
	}
}

// TestVersionAlone: what an answer without a body tells is what a read tells then, or nothing.
func TestVersionAlone(t *testing.T) {
	const crew = "dn: cn=crew,ou=groups,dc=example\nobjectClass: groupOfNames\ncn: crew\nmember: cn=no-member\n"
	for _, kind := range []ldif.ServerKind{ldif.OpenLDAP, ldif.DS389} {
		w := maptest.New(t, kind, maptest.BroadMap, crew)
		groups, e := w.Map.Type("Group"), w.Entries[0]
		seen := func(names []string) *ldif.Entry {
			some := &ldif.Entry{DN: e.DN}
			for _, name := range names {
				some.Set(name, e.Values(name)...)
			}
			return some
		}
		whole := func() string { return etag(groups, seen(read.Attributes(groups, nil))) }
		alone := func() string { return versionAlone(groups, seen(versionAttributes(groups))) }
		if alone() != whole() {
			t.Errorf("%s: %s, and a read tells %s", kind, alone(), whole())
		}
		if groups.Server.VersionForm == ldif.VersionDigest {
			continue
		}
		if e.Set(groups.Server.VersionAttribute); alone() != "" {
			t.Errorf("%s hides the version: %s", kind, alone())
		}
	}
}
