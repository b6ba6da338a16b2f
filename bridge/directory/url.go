package directory

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// address is one directory server, as its URL names it (RFC 4516).
type address struct {
	url     string // as configured
	scheme  string
	network string // tcp or unix
	dial    string // host:port, or the socket's path
	host    string // "" for ldapi

	// Of a URL that names no server but a service, which DNS tells the servers of (locate.go):
	service string // _ldap._tcp.corp.example
	port    string // as configured; "": none is
}

// where is the same of two URLs of one server.
func (a address) where() string {
	if a.network == "unix" {
		return a.dial
	}
	return strings.ToLower(a.scheme + "://" + a.dial)
}

// parseURL reads ldap://host:port, ldaps://host:port or ldapi://%2Fpath%2Fto%2Fsocket. The parts of an LDAP URL that name a search are
// refused.
func parseURL(text string) (address, error) {
	if socket, ok := strings.CutPrefix(text, "ldapi://"); ok {
		// net/url refuses a host of escaped slashes.
		path, err := url.PathUnescape(strings.TrimSuffix(socket, "/"))
		if err != nil || !strings.HasPrefix(path, "/") {
			return address{}, errors.New("is not of the form ldapi://%2Fpath%2Fto%2Fsocket")
		}
		return address{url: text, scheme: "ldapi", network: "unix", dial: path}, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		// The error of net/url repeats the URL, which may hold a password.
		return address{}, errors.New("is not a URL of the form ldaps://host:port")
	}
	port, known := map[string]string{"ldap": "389", "ldaps": "636"}[u.Scheme]
	switch {
	case !known:
		return address{}, fmt.Errorf("has the scheme %q, not ldap, ldaps or ldapi", u.Scheme)
	case u.Hostname() == "":
		return address{}, errors.New("names no host")
	case u.User != nil:
		return address{}, errors.New("holds credentials: they belong in bind.dn and bind.passwordFile")
	case strings.Trim(u.Path, "/") != "", u.RawQuery != "", u.Fragment != "":
		return address{}, errors.New("names more than scheme, host and port")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return address{}, fmt.Errorf("has the port %q, not one of 1 to 65535", port)
	}
	a := address{url: text, scheme: u.Scheme, network: "tcp", dial: net.JoinHostPort(u.Hostname(), port), host: u.Hostname()}
	first, rest, _ := strings.Cut(a.host, ".")
	hasProtocol := strings.HasPrefix(rest, "_")
	switch {
	case !strings.HasPrefix(first, "_") && hasProtocol:
		return address{}, fmt.Errorf("names a service, which begins with an underscore: _%s", a.host)
	case !strings.HasPrefix(first, "_"):
		return a, nil
	case domainOf(a.host) == "":
		return address{}, errors.New("names a service without a domain, not one such as _ldap._tcp.corp.example")
	case !hasProtocol:
		return address{}, errors.New("names a service without its protocol, not one such as _ldap._tcp.corp.example")
	}
	a.service, a.port = a.host, u.Port()
	return a, nil
}

// loopback says whether what is sent to the server stays on this machine.
func (a address) loopback() bool {
	if a.network == "unix" || a.host == "localhost" {
		return true
	}
	ip := net.ParseIP(a.host)
	return ip != nil && ip.IsLoopback()
}
