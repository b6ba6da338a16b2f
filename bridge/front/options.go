package front

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/access"
)

// Options is the configuration's `listen` section. What is left out has the default below.
type Options struct {
	Address  string     `koanf:"address" is:"address"` // host:port; port 0 takes a free one
	TLS      TLSOptions `koanf:"tls"`                  // left out: plain HTTP, for a loopback address or with allowCleartext
	BasePath string     `koanf:"basePath" is:"path"`   // the path of the SCIM root
	// the SCIM root as clients write it; left out: from each request's own scheme and host
	PublicURL string `koanf:"publicURL" is:"root"`
	// the proxies in front, by address or network: theirs alone are X-Forwarded-Proto and X-Forwarded-Host, which they must set,
	// and X-Forwarded-For, to which they must append.
	TrustProxy []string `koanf:"trustProxy" is:"network"`
	// let plain HTTP, bearer tokens included, leave this machine: for a proxy in front that speaks TLS
	AllowCleartext bool `koanf:"allowCleartext"`
	MaxBody        int  `koanf:"maxBody"`        // bytes of a request's body; more is 413
	MaxHeader      int  `koanf:"maxHeader"`      // bytes of the request line and header fields; more is 431
	MaxURL         int  `koanf:"maxURL"`         // bytes of a URL; more is 414
	MaxConnections int  `koanf:"maxConnections"` // open at a time; further ones are closed
	// from the request's having been read to its answer; then 503
	RequestTimeout time.Duration `koanf:"requestTimeout"`
	ReadTimeout    time.Duration `koanf:"readTimeout"`  // of the TLS handshake, of a header, of a body; then 408
	WriteTimeout   time.Duration `koanf:"writeTimeout"` // of an answer
	IdleTimeout    time.Duration `koanf:"idleTimeout"`  // of a connection between requests
	// on SIGTERM, from when health checks tell of the end until no more connections are taken; 0: none
	ShutdownDelay time.Duration `koanf:"shutdownDelay"`
}

// TLSOptions names the server's certificate chain and key, and whose certificates clients must show: PEM files. They are read again when
// they change.
type TLSOptions struct {
	Certificate string `koanf:"certificate" is:"file"` // PEM, the chain included; read again when it changes
	Key         string `koanf:"key" is:"file"`         // PEM; read with the certificate
	// PEM: who signs the certificates that clients, health checks too, must show; left out: they need none
	ClientCA string `koanf:"clientCA" is:"file"`
	// of which a client's certificate has one, whole and in this order; left out: any
	ClientSubjects []string `koanf:"clientSubjects" is:"dn"`
}

// on says whether the server speaks TLS.
func (o TLSOptions) on() bool { return o.Certificate != "" || o.Key != "" }

// The defaults.
const (
	// DefaultAddress is loopback: tokens leave the machine only where the config says how.
	DefaultAddress = "127.0.0.1:8080"
	// DefaultBasePath is the path that Microsoft's examples use, and it names the protocol's version (RFC 7644 §3.13).
	DefaultBasePath = "/scim/v2"
	// DefaultMaxBody holds a PATCH with some 40,000 members.
	DefaultMaxBody = 4 << 20
	// DefaultMaxHeader holds an Entra-issued JWT, of some 2 KiB, beside the longest URL. Each connection holds as much memory.
	DefaultMaxHeader = 16 << 10
	// DefaultMaxURL is the length that every server should take (RFC 9110 §4.1). Longer filters go into a POST to /.search.
	DefaultMaxURL = 8_000
	// DefaultMaxConnections is far more than clients and proxies keep. Each may hold some 40 KiB.
	DefaultMaxConnections = 4_096
	// DefaultRequestTimeout lies below the 60 seconds after which Okta gives up, so that the answer is still heard.
	DefaultRequestTimeout = 30 * time.Second
	// DefaultReadTimeout lets the largest body come over a line of 1 Mbit/s.
	DefaultReadTimeout = 30 * time.Second
	// DefaultWriteTimeout lets the largest page go the same way.
	DefaultWriteTimeout = 30 * time.Second
	// DefaultIdleTimeout lets a provisioning job keep its connection between requests.
	DefaultIdleTimeout = 2 * time.Minute
)

// WithDefaults are the options with what holds where they say nothing.
func (o Options) WithDefaults() Options {
	o.Address = cmp.Or(o.Address, DefaultAddress)
	o.BasePath = "/" + strings.Trim(cmp.Or(o.BasePath, DefaultBasePath), "/")
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	o.MaxBody = cmp.Or(o.MaxBody, DefaultMaxBody)
	o.MaxHeader = cmp.Or(o.MaxHeader, DefaultMaxHeader)
	o.MaxURL = cmp.Or(o.MaxURL, min(DefaultMaxURL, o.MaxHeader))
	o.MaxConnections = cmp.Or(o.MaxConnections, DefaultMaxConnections)
	o.RequestTimeout = cmp.Or(o.RequestTimeout, DefaultRequestTimeout)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, DefaultReadTimeout)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, DefaultWriteTimeout)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, DefaultIdleTimeout)
	return o
}

// plainPath is a path that the router takes literally.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9._~/-]+$`)

// Check reports what is wrong with the section, each fault under its key.
func (o *Options) Check(report func(path, problem string)) {
	d := o.WithDefaults()
	host, port, err := net.SplitHostPort(d.Address)
	if err != nil {
		report("address", "is not host:port, as in :8443 or 127.0.0.1:8080")
	} else if _, err := net.LookupPort("tcp", port); err != nil {
		report("address", "has no valid port")
	} else if !o.TLS.on() && !o.AllowCleartext && !loopback(host) {
		report("address", "would take tokens in clear text from beyond this machine: "+
			"set tls, or a loopback address, or allowCleartext: true where a proxy in front speaks TLS")
	}
	switch {
	case !o.TLS.on():
	case o.TLS.Certificate == "":
		report("tls", "has a key but no certificate")
	case o.TLS.Key == "":
		report("tls", "has a certificate but no key")
	default:
		if _, err := tls.LoadX509KeyPair(o.TLS.Certificate, o.TLS.Key); err != nil {
			report("tls", "certificate and key cannot be used: "+err.Error())
		}
	}
	o.TLS.checkClients(report)
	o.checkProxies(report)
	if !plainPath.MatchString(d.BasePath) {
		report("basePath", "holds a character other than letters, digits and . _ ~ - /")
	}
	if o.PublicURL != "" && !publicURL(o.PublicURL) {
		report("publicURL", "is not an http(s) URL without query and fragment, as in https://scim.corp.example/scim/v2")
	}
	for _, limit := range []struct {
		key       string
		at, least int
	}{
		{"maxBody", d.MaxBody, 0}, {"maxHeader", d.MaxHeader, minHeader}, {"maxURL", d.MaxURL, 0}, {"maxConnections", d.MaxConnections, 0},
	} {
		switch {
		case limit.at < 0:
			report(limit.key, "is negative")
		case limit.at < limit.least:
			report(limit.key, fmt.Sprintf("is less than %d: what every client sends would not fit", limit.least))
		}
	}
	if d.MaxURL > d.MaxHeader {
		report("maxURL", "is more than maxHeader, of which it is a part")
	}
	for _, timeout := range []struct {
		key string
		at  time.Duration
	}{
		{"requestTimeout", o.RequestTimeout},
		{"readTimeout", o.ReadTimeout},
		{"writeTimeout", o.WriteTimeout},
		{"idleTimeout", o.IdleTimeout},
		{"shutdownDelay", o.ShutdownDelay},
	} {
		if timeout.at < 0 {
			report(timeout.key, "is negative")
		}
	}
}

// checkProxies: whoever is believed may call himself by any address.
func (o *Options) checkProxies(report func(path, problem string)) {
	const instead = "names the proxies in front by their addresses, as 10.0.0.5 or 10.0.0.0/8; left out, none is believed"
	flags := []string{"true", "false", "yes", "no"}
	access.ParseAddresses(o.TrustProxy, func(i int, problem string) {
		if slices.Contains(flags, o.TrustProxy[i]) {
			problem = instead
		}
		report(fmt.Sprintf("trustProxy[%d]", i), problem)
	})
	for i, text := range o.TrustProxy {
		if network, err := netip.ParsePrefix(text); err == nil && network.Bits() == 0 {
			report(fmt.Sprintf("trustProxy[%d]", i), "is everybody, clients too: it "+instead)
		}
	}
}

// minHeader is less than what a provisioning service sends, token included.
const minHeader = 1 << 10

// checkClients reports what is wrong with what clients must show.
func (o TLSOptions) checkClients(report func(path, problem string)) {
	switch {
	case o.ClientCA == "":
		if len(o.ClientSubjects) > 0 {
			report("tls.clientSubjects", "needs clientCA: who is there to say that a certificate is the subject's?")
		}
		return
	case !o.on():
		report("tls.clientCA", "needs certificate and key: clients show theirs over TLS alone")
	}
	if _, err := pool(o.ClientCA); err != nil {
		report("tls.clientCA", "cannot be used: "+err.Error())
	}
	for i, subject := range o.ClientSubjects {
		if _, err := comparableSubject(subject); err != nil {
			report(fmt.Sprintf("tls.clientSubjects[%d]", i), err.Error())
		}
	}
}

// loopback says whether only this machine reaches the host. A name other than localhost may mean anything.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func publicURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil &&
		u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}
