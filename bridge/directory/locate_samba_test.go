package directory

import (
	"context"
	"net"
	"slices"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestLocateSamba: a domain controller's own DNS tells of it by the services that a configuration names: of the domain, and of its site.
func TestLocateSamba(t *testing.T) {
	t.Parallel()
	resolver := dirtest.DomainDNS(t)
	l := NewLocator(func(ctx context.Context, name string) ([]*net.SRV, error) { return lookUp(ctx, resolver, name) })
	const site = "Default-First-Site-Name"
	for service, want := range map[string]string{ // "": DNS tells of none
		"ldap://_ldap._tcp.ad.test":                                  "ldap://dc1.ad.test:389",
		"ldap://_ldap._tcp.dc._msdcs.ad.test":                        "ldap://dc1.ad.test:389",
		"ldaps://_ldap._tcp.dc._msdcs.ad.test":                       "ldaps://dc1.ad.test:636",
		"ldaps://_ldap._tcp." + site + "._sites.ad.test":             "ldaps://dc1.ad.test:636",
		"ldaps://_ldap._tcp." + site + "._sites.dc._msdcs.ad.test":   "ldaps://dc1.ad.test:636",
		"ldaps://_ldap._tcp." + site + "._sites.dc._msdcs.ad.test:1": "ldaps://dc1.ad.test:1",
		"ldaps://_ldap._tcp.Berlin._sites.dc._msdcs.ad.test":         "",
	} {
		o, err := l.Locate(t.Context(), Options{URLs: []string{service}})
		if want == "" {
			if err == nil || !o.IsUnlocated() {
				t.Errorf("%s: %v: %v", service, o.URLs, err)
			}
			continue
		}
		if err != nil || !slices.Equal(o.URLs, []string{want}) {
			t.Errorf("%s: %v, want %s: %v", service, o.URLs, want, err)
		}
	}
}
