package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// Bases are the DNs that the entries of a type lie under. The first is what expressions call `base`, below which new ones are put.
type Bases []string

// First is the base that new entries are put below.
func (b Bases) First() string {
	if len(b) == 0 {
		return ""
	}
	return b[0]
}

func (b Bases) String() string {
	texts := make([]string, len(b))
	for i, base := range b {
		texts[i] = fmt.Sprintf("%q", base)
	}
	return strings.Join(texts, " or ")
}

// areDNs says that each is one.
func (b Bases) areDNs() bool {
	bad := func(base string) bool { _, err := ldap.ParseDN(base); return err != nil || base == "" }
	return len(b) > 0 && !slices.ContainsFunc(b, bad)
}

// mayHold says that a DN which ends so may lie below one of the bases: what is not known of it may be the rest of one.
func (b Bases) mayHold(end string) bool {
	return slices.ContainsFunc(b, func(base string) bool { return end != "" && (ldif.Under(end, base) || ldif.Under(base, end)) })
}

// check reports what is wrong with the bases by key path: an entry lies under one of them.
func (b Bases) check(report func(path, problem string)) {
	if len(b) == 0 {
		report("base", notDN(""))
	}
	for i, base := range b {
		path := "base"
		if len(b) > 1 {
			path = fmt.Sprintf("base[%d]", i)
		}
		parsed, err := ldap.ParseDN(base)
		switch {
		case err != nil || base == "":
			report(path, notDN(base))
			continue
		case len(b) > 1 && len(parsed.RDNs) == 1:
			report(path, fmt.Sprintf(
				"%q is a DN of one part: if it is a piece of one that was cut at its commas, quote the DN in brackets", base))
			continue
		}
		if j := coveredBy(b, i); j >= 0 {
			report(path, fmt.Sprintf("%q lies in base[%d], which covers it: name one of the two", base, j))
		}
	}
}

// coveredBy is the first of the bases that another lies in, or is the same as one that comes before it; -1: none.
func coveredBy(bases []string, i int) int {
	base := bases[i]
	for j, other := range bases {
		if i != j && other != "" && ldif.Under(base, other) && (i > j || !ldif.SameDN(base, other)) {
			return j
		}
	}
	return -1
}

func notDN(text string) string {
	return fmt.Sprintf("%q is not a DN, as ou=people,dc=example,dc=org is", text)
}
