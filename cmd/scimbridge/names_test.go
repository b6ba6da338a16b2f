package main_test

import (
	"regexp"
	"strings"
	"testing"
)

// bareDN is a comparison of DNs in which no server has a word, to the end of its line.
var bareDN = regexp.MustCompile(`\bldif\.(Under|SameDN|NormalDN)\b.*`)

// noServer are those that there may be: the configuration is judged before any server is known, and 389 Directory Server's own
// configuration is read by the tests alone; a certificate's subject names nothing of a directory's; and a record of the journal is looked
// for where there may be no server at hand.
var noServer = map[string]string{
	"ldif.Under(base, dn) }":                                                         "bridge/guard/guard.go",
	`ldif.Under(end, base) || ldif.Under(base, end)) })`:                             "ldapmap/compile/bases.go",
	"ldif.Under(base, other) && (i > j || !ldif.SameDN(base, other)) {":              "ldapmap/compile/bases.go",
	"ldif.SameDN(n.DN, other.DN) && strings.EqualFold(n.Attribute, other.Attribute)": "ldapmap/compile/allocate.go",
	`ldif.SameDN(entry.DN, "cn=config"):`:                                            "bridge/directory/dirtest/ds389.go",
	`ldif.SameDN(entry.DN, "cn=config,cn=ldbm database,cn=plugins,cn=config"):`:      "bridge/directory/dirtest/ds389.go",
	`ldif.SameDN(entry.DN, setting.DN) {`:                                            "bridge/directory/dirtest/ds389.go",
	"ldif.NormalDN(dn.String()), nil":                                                "bridge/front/subject.go",
	"ldif.NormalDN(text)":                                                            "bridge/journal/payload.go",
	"ldif.Under(base, to) })":                                                        "ldapmap/compile/leaving.go",
}

// ofTests is a folder of what tests alone import, with names that they made themselves.
const ofTests = "examples/truth/"

// TestServersCompareNames: which DNs are one name is the server's to say, see ldif.Server. Without it two names are told apart that are one
// to OpenLDAP.
func TestServersCompareNames(t *testing.T) {
	eachGoFile(t, func(name, source string) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, ofTests) {
			return
		}
		for _, found := range bareDN.FindAllString(source, -1) {
			if noServer[found] != name {
				t.Errorf("%s: %s: it is the server's to say", name, found)
			}
		}
	})
}
