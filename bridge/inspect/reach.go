package inspect

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory"
)

// reach says of each server that was not met why.
func reach(s Subject, v Survey) (all []Finding) {
	for _, m := range v.Meetings {
		if m.Ended == directory.AtEnd || m.Spared {
			continue
		}
		f := Finding{Severity: Error, Key: fmt.Sprintf("directory.urls[%d]", m.Place)}
		if v.met() {
			f.Severity = Warning
		}
		switch {
		case m.Other && m.Secure:
			f.Code, f.What = "plain-port", m.URL+" speaks plain LDAP at this port, and no LDAPS"
			f.Why = "TLS is begun there, and the server does not understand it"
			f.Mend = "is the LDAPS port another one (636)? Else have TLS begin in the plain connection, which keeps it secret as well"
			f.Line = fmt.Sprintf("urls: [%s]   # and below directory: tls: {startTLS: true}", swapped(m.URL, "ldap"))
		case m.Other:
			f.Code, f.What = "ldaps-port", m.URL+" speaks TLS at this port: it is one for LDAPS"
			f.Why = "the server waits for TLS to begin, and hangs up on plain LDAP"
			f.Mend, f.Line = "say ldaps://", fmt.Sprintf("urls: [%s]", swapped(m.URL, "ldaps"))
		case m.Ended == directory.AtConnect:
			unreached(&f, m)
		case m.Code == 0 && isTimeout(m.Err):
			f.Code, f.What = "no-answer", m.URL+": the server takes the connection, and answers nothing"
			f.Why = "without the directory every request is answered with 503"
			f.Mend = "does it hang, or is something else at this port?"
			f.Command = fmt.Sprintf("ldapsearch -x -H %s -s base -b ''", m.URL)
		case m.Ended == directory.AtTLS:
			insecure(&f, m)
		default:
			unbound(&f, m, s.Directory.Bind.DN)
		}
		if v.met() {
			f.Why += "; another server is reached, and while it is the bridge goes on"
		}
		all = append(all, f)
	}
	return all
}

// swapped is a URL with another scheme.
func swapped(url, scheme string) string {
	_, rest, _ := strings.Cut(url, "://")
	return scheme + "://" + rest
}

// unreached says why the network does not lead to a server.
func unreached(f *Finding, m directory.Meeting) {
	var name *net.DNSError
	f.Code, f.What = "unreachable", fmt.Sprintf("%s cannot be reached: %v", m.URL, m.Err)
	f.Why = "without the directory every request is answered with 503"
	host, port, _ := net.SplitHostPort(m.Address)
	switch {
	case m.Service != "":
		f.Code, f.What = "not-located", fmt.Sprintf("%s: DNS tells of no server that the bridge may use", m.URL)
		f.Mend = "is it misspelt? Else this machine's DNS must answer, and have the records, of servers within the domain"
		f.Command = "dig +short SRV " + m.Service
	case errors.As(m.Err, &name):
		f.Code, f.What = "unknown-host", fmt.Sprintf("%s: the name %s is not known", m.URL, name.Name)
		f.Mend, f.Command = "is it misspelt? Else this machine's DNS must know it", "getent hosts "+name.Name
	case errors.Is(m.Err, syscall.ECONNREFUSED):
		f.Code, f.What = "refused-connection", fmt.Sprintf("%s: nobody listens at this port", m.URL)
		f.Mend = "does the server run, and is it this port? LDAP is 389, LDAPS 636 as a rule"
		f.Command = fmt.Sprintf("nc -zv %s %s", host, port)
	case isTimeout(m.Err):
		f.Code, f.What = "no-answer", fmt.Sprintf("%s: nothing answers", m.URL)
		f.Mend = "a firewall on the way, or another address: who may reach this port?"
		f.Command = fmt.Sprintf("nc -zv -w 5 %s %s", host, port)
	}
	if strings.HasPrefix(m.URL, "ldapi:") {
		f.Mend, f.Command = "is the socket there, and may the bridge's user open it?", "ls -l "+m.Address
	}
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// insecure says why TLS with a server does not come about.
func insecure(f *Finding, m directory.Meeting) {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	host, _, _ := net.SplitHostPort(m.Address)
	show := "openssl s_client -connect " + m.Address + " -showcerts </dev/null"
	if strings.HasPrefix(m.URL, "ldap:") {
		show = "openssl s_client -starttls ldap -connect " + m.Address + " -showcerts </dev/null"
	}
	f.Command, f.Why = show, "who the server is cannot be told, and passwords would go to whoever is there"
	switch {
	case errors.As(m.Err, &unknown):
		f.Code, f.Key = "unknown-authority", "directory.tls.ca"
		f.What = fmt.Sprintf("%s: its certificate is by an authority that is not trusted here", m.URL)
		if unknown.Cert != nil {
			f.What += fmt.Sprintf(": issued by %q to %q", unknown.Cert.Issuer, unknown.Cert.Subject)
		}
		f.Mend, f.Line = "write the authority's certificate into a file beside the configuration, and name it", "tls: {ca: ca.pem}"
	case errors.As(m.Err, &name):
		f.Code, f.Key = "certificate-name", "directory.tls.serverName"
		names := namesOf(name.Certificate)
		f.What = fmt.Sprintf("%s: its certificate is for %s, and not for %s", m.URL, cmp.Or(strings.Join(names, ", "), "nobody"), name.Host)
		f.Mend = "connect by a name that the certificate has, or say which one it is"
		if len(names) > 0 {
			f.Line = fmt.Sprintf("tls: {serverName: %s}", names[0])
		}
	case errors.As(m.Err, &invalid) && invalid.Reason == x509.Expired:
		f.Code = "certificate-expired"
		f.What = fmt.Sprintf("%s: a certificate of it is not valid at this time", m.URL)
		if invalid.Cert != nil {
			f.What = fmt.Sprintf("%s: the certificate of %q is valid from %s to %s, and the clock here says %s", m.URL,
				invalid.Cert.Subject, minute(invalid.Cert.NotBefore), minute(invalid.Cert.NotAfter), minute(time.Now()))
		}
		f.Mend = "renew it at the server; or is the clock of this machine wrong?"
	case m.Code != 0:
		f.Code, f.What = "no-starttls", fmt.Sprintf("%s: the server does not begin TLS: %v", m.URL, m.Err)
		f.Mend = "has the server a certificate? Else is there an LDAPS port?"
		f.Line, f.Command = fmt.Sprintf("urls: [ldaps://%s]", host), ""
	default:
		f.Code, f.What = "tls", fmt.Sprintf("%s: TLS does not come about: %v", m.URL, m.Err)
	}
}

// namesOf are the names that a certificate is for.
func namesOf(c *x509.Certificate) []string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 && c.Subject.CommonName != "" {
		names = append(names, c.Subject.CommonName)
	}
	return names
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// minute is a time as one may be compared with another of the same day.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02T15:04Z") }

// unbound says why a server does not take the bridge's bind.
func unbound(f *Finding, m directory.Meeting, account string) {
	f.Code, f.What = "bind", m.Err.Error()
	f.Why = "without it every request is answered with 503"
	switch m.Code {
	case ldap.LDAPResultInvalidCredentials:
		f.Code, f.Key = "bind-refused", "directory.bind.dn"
		f.Mend = "is it the account's DN, and its password? Each attempt with a wrong one brings a lockout nearer"
		f.Command = fmt.Sprintf("ldapwhoami -x -H %s -D %s -W", m.URL, shell(account))
		if !isName(account) {
			f.Code, f.Mend = "bind-dn", bindForms
		}
	case ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultConfidentialityRequired:
		f.Code, f.Key = "bind-needs-tls", "directory.tls"
		f.Mend, f.Line = "have TLS begin", "tls: {startTLS: true}   # or, at the server's port for it: urls: [ldaps://…]"
	case ldap.LDAPResultInvalidDNSyntax:
		f.Code, f.Key = "bind-dn", "directory.bind.dn"
		f.Mend = bindForms
	}
}

const bindForms = "it is a DN, such as cn=scimbridge,dc=example,dc=org; on Active Directory also scimbridge@corp.example"

// isName says that servers may know an account by it: a DN, and what Active Directory takes besides.
func isName(account string) bool {
	_, err := ldap.ParseDN(account)
	return err == nil || strings.ContainsAny(account, `@\`)
}

// soon is when a certificate's end is told before: a month is enough for any authority.
const soon = 30 * 24 * time.Hour

// certificates warns of those that end soon.
func certificates(_ Subject, v Survey) []Finding { return ending(v.Meetings, time.Now()) }

func ending(meetings []directory.Meeting, now time.Time) (all []Finding) {
	for _, m := range meetings {
		for _, c := range m.Chain {
			left := c.NotAfter.Sub(now)
			if m.Ended < directory.AtBind || left > soon {
				continue
			}
			all = append(all, Finding{
				Severity: Warning, Code: "certificate-ends", Key: fmt.Sprintf("directory.urls[%d]", m.Place),
				What: fmt.Sprintf("%s: the certificate of %q ends on %s, in %d days", m.URL, c.Subject, day(c.NotAfter),
					int(left.Hours()/24)),
				Why:     "from then on the bridge does not trust the server, and every request is answered with 503",
				Mend:    "renew it at the server",
				Command: "openssl s_client -connect " + m.Address + " </dev/null | openssl x509 -noout -enddate",
			})
		}
	}
	return all
}
