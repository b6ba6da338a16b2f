package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A URL whose host is a service, such as ldap://_ldap._tcp.corp.example, stands for the servers that DNS tells of by SRV records (RFC
// 2782). Whoever can forge an answer of DNS can name any server: one outside the service's domain is passed over, and the certificate of
// each has to hold the name that DNS gives it. Where tls.serverName says which name that is, DNS has no say in who is trusted.

// mostLocated is how many servers of a service are used: the first by priority. A large domain tells of hundreds.
const mostLocated = 8

// Lookup asks DNS for the SRV records of a name, in the order in which they are to be tried.
type Lookup func(ctx context.Context, name string) ([]*net.SRV, error)

// SystemLookup asks as the machine is set up to, for the name as it is and in no domain of the machine's own.
func SystemLookup(ctx context.Context, name string) ([]*net.SRV, error) {
	return lookUp(ctx, net.DefaultResolver, name)
}

func lookUp(ctx context.Context, resolver *net.Resolver, name string) ([]*net.SRV, error) {
	_, found, err := resolver.LookupSRV(ctx, "", "", strings.TrimSuffix(name, ".")+".")
	if len(found) > 0 { // some of the records may be unfit
		return found, nil
	}
	return nil, err
}

// Locator finds the servers of services. It is safe for concurrent use.
type Locator struct {
	lookup Lookup

	mu    sync.Mutex
	found map[string][]string // URLs of the servers by that of the service, as DNS told last
}

// NewLocator begins with nothing found.
func NewLocator(lookup Lookup) *Locator {
	return &Locator{lookup: lookup, found: map[string][]string{}}
}

// Locate are the options, located before or not, with the servers that DNS tells of now in the place of each URL that names a service. Of
// those of one priority the ones that it told of before stay first, so that what has not changed is the same. The error names each service
// of which it tells nothing: there hold those that it told of before, or where it never did the URL stays as it is.
func (l *Locator) Locate(ctx context.Context, o Options) (Options, error) {
	if o.named == nil && !slices.ContainsFunc(o.URLs, isService) {
		return o, nil
	}
	if o.named == nil {
		o.named = o.URLs
	}
	ctx, cancel := context.WithTimeout(ctx, o.WithDefaults().Timeout)
	defer cancel()
	o.URLs, o.from = nil, nil
	known := map[string]bool{}
	var faults []error
	for i, text := range o.named {
		urls := []string{text}
		if isService(text) {
			found, err := l.servers(ctx, text, o.TLS.ServerName != "")
			if err != nil {
				faults = append(faults, fmt.Errorf("directory.urls[%d]: %s: %w", i, text, err))
			}
			if len(found) > 0 {
				urls = found
			}
		}
		for _, url := range urls {
			if a, err := parseURL(url); err == nil {
				if known[a.where()] {
					continue
				}
				known[a.where()] = true
			}
			o.URLs, o.from = append(o.URLs, url), append(o.from, i)
		}
	}
	return o, errors.Join(faults...)
}

// IsLocated says that Locate may find other servers another time.
func (o Options) IsLocated() bool { return o.named != nil }

// IsUnlocated says that there is a service of which no server was ever found.
func (o Options) IsUnlocated() bool { return slices.ContainsFunc(o.URLs, isService) }

// IsAt says that other options name the same servers, wherever these are at the moment.
func (o Options) IsAt(other Options) bool { return slices.Equal(o.configured(), other.configured()) }

// configured are the URLs as configured.
func (o Options) configured() []string {
	if o.named == nil {
		return o.URLs
	}
	return o.named
}

// place is which of directory.urls a server is, or is of.
func (o Options) place(server int) int {
	if o.from == nil {
		return server
	}
	return o.from[server]
}

func isService(text string) bool {
	a, err := parseURL(text)
	return err == nil && a.service != ""
}

// servers are the URLs of a service's servers: those of before, with the error, where DNS tells of none. anywhere: they may be outside its
// domain.
func (l *Locator) servers(ctx context.Context, text string, anywhere bool) ([]string, error) {
	a, err := parseURL(text)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.found[text]
	records, err := l.lookup(ctx, a.service)
	if err != nil {
		return before, err
	}
	place := func(r *net.SRV) int {
		if i := slices.Index(before, a.server(r)); i >= 0 {
			return i
		}
		return len(before)
	}
	slices.SortStableFunc(records, func(r, s *net.SRV) int {
		return cmp.Or(cmp.Compare(r.Priority, s.Priority), cmp.Compare(place(r), place(s)))
	})
	var found, outside []string
	for _, r := range records {
		switch host := strings.TrimSuffix(r.Target, "."); {
		case host == "", host[0] == '_': // there is no such service (RFC 2782), or it is no host's name
		case !anywhere && !isWithin(host, domainOf(a.service)):
			outside = append(outside, host)
		case len(found) < mostLocated:
			found = append(found, a.server(r))
		}
	}
	if len(outside) > 0 {
		err = fmt.Errorf("DNS tells of servers outside of %s, which are passed over unless directory.tls.serverName says whose "+
			"certificate they have: %s", domainOf(a.service), strings.Join(outside, ", "))
	}
	if len(found) == 0 {
		return before, cmp.Or(err, errors.New("DNS tells of no server"))
	}
	l.found[text] = found
	return found, err
}

// server is the URL of a service's server. What DNS says of LDAP is its own port, and not that of LDAPS.
func (a address) server(r *net.SRV) string {
	port := a.port
	switch {
	case port != "":
	case a.scheme == "ldaps" && !strings.HasPrefix(strings.ToLower(a.service), "_ldaps."):
		port = "636"
	default:
		port = strconv.Itoa(int(r.Port))
	}
	return a.scheme + "://" + net.JoinHostPort(strings.ToLower(strings.TrimSuffix(r.Target, ".")), port)
}

// domainOf is the domain of a service: what stands behind the last label with an underscore; "": there is none.
func domainOf(service string) string {
	labels := strings.Split(strings.TrimSuffix(service, "."), ".")
	for i, label := range slices.Backward(labels) {
		if label == "" {
			return ""
		}
		if label[0] == '_' {
			return strings.Join(labels[i+1:], ".")
		}
	}
	return ""
}

func isWithin(host, domain string) bool {
	host, domain = strings.ToLower(host), strings.ToLower(domain)
	return host == domain || strings.HasSuffix(host, "."+domain)
}
