package compile

import (
	"fmt"

	"github.com/go-ldap/ldap/v3"
)

// References is the configuration's `references` section: where else references to resources are kept true.
type References struct {
	// what refers to a resource from an entry below these follows it, be the entry a resource or not
	Bases []string `koanf:"bases" is:"dn"`
	// LDAP attributes that refer there, beside those of the map
	Attributes []string `koanf:"attributes" is:"attribute"`
}

// Check reports what is wrong with the section by key path.
func (r *References) Check(report func(path, problem string)) {
	for i, base := range r.Bases {
		path := fmt.Sprintf("bases[%d]", i)
		if _, err := ldap.ParseDN(base); err != nil || base == "" {
			report(path, fmt.Sprintf("%q is not a DN", base))
			continue
		}
		if j := coveredBy(r.Bases, i); j >= 0 {
			report(path, fmt.Sprintf("%q lies in bases[%d]", base, j))
		}
	}
	if len(r.Attributes) > 0 && len(r.Bases) == 0 {
		report("attributes", "needs `bases`: those below which the attributes refer")
	}
}
