package access

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// EntraOptions is a tenant of Entra's that calls with tokens of its own (an application with the secret left blank).
type EntraOptions struct {
	Name string `koanf:"name"` // of the caller, in logs and the journal
	// its id: all that tells one customer of Entra's from another
	Tenant string `koanf:"tenant" is:"uuid" required:"true"`
	// whom the token is for; the default is any application that is in no gallery
	Audience    []string `koanf:"audience"`
	Application string   `koanf:"application"`         // that calls; the default is Entra's provisioning service
	Authority   string   `koanf:"authority" is:"root"` // where its keys are found
	STS         string   `koanf:"sts" is:"root"`       // what names the issuer of its tokens of version 1
	// what the caller may
	Role      string   `koanf:"role" one:"provisioner users-only groups-only reader operator" default:"provisioner"`
	Addresses []string `koanf:"addresses" is:"network"` // from where alone; left out: from everywhere
}

// The defaults: those of Entra's public cloud.
const (
	DefaultEntraName = "entra"
	// DefaultAudience is the one of every application that is in no gallery.
	DefaultAudience = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
	// DefaultApplication is Microsoft.Azure.SyncFabric, which provisions.
	DefaultApplication = "00000014-0000-0000-c000-000000000000"
	DefaultAuthority   = "https://login.microsoftonline.com"
	DefaultSTS         = "https://sts.windows.net"
)

// WithDefaults are the options with what holds where they say nothing.
func (o EntraOptions) WithDefaults() EntraOptions {
	o.Name = cmp.Or(o.Name, DefaultEntraName)
	audiences := o.Audience
	if len(audiences) == 0 {
		audiences = []string{DefaultAudience}
	}
	o.Audience = nil
	for _, audience := range audiences {
		o.Audience = append(o.Audience, asIssued(audience))
	}
	o.Application = asIssued(cmp.Or(o.Application, DefaultApplication))
	o.Tenant = strings.ToLower(o.Tenant)
	o.Authority = cmp.Or(strings.TrimRight(o.Authority, "/"), DefaultAuthority)
	o.STS = cmp.Or(strings.TrimRight(o.STS, "/"), DefaultSTS)
	return o
}

// asIssued is an id as Entra writes it, however it was copied.
func asIssued(id string) string {
	if known, err := uuid.Parse(id); err == nil && len(id) == len(known.String()) {
		return known.String()
	}
	return id
}

// overlaps says whether both may take the same token.
func (o EntraOptions) overlaps(other EntraOptions) bool {
	return o.Tenant == other.Tenant && o.Application == other.Application &&
		slices.ContainsFunc(o.Audience, func(audience string) bool { return slices.Contains(other.Audience, audience) })
}

// load reads the options of a tenant that calls, and reports what is wrong with them.
func (o EntraOptions) load(report func(path, problem string)) token {
	o = o.WithDefaults()
	checkTenant(o.Tenant, report)
	checkAuthority("authority", o.Authority, report)
	checkAuthority("sts", o.STS, report)
	return holder(o.Name, o.Role, o.Addresses, report)
}

func checkTenant(tenant string, report func(path, problem string)) {
	if id, err := uuid.Parse(tenant); err != nil || id.String() != tenant {
		report("tenant", "is not the id of a tenant, as 7b1f0a52-3c0d-4a4e-9f51-0d8e6a1c2b34: no other name of it stands in its tokens")
	}
}

// checkAuthority keeps keys from being read in clear text, but from this machine.
func checkAuthority(key, place string, report func(path, problem string)) {
	u, err := url.Parse(place)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "https" && !(u.Scheme == "http" && net.ParseIP(u.Hostname()).IsLoopback()) {
		report(key, "is not an https URL, as "+DefaultAuthority)
	}
}
