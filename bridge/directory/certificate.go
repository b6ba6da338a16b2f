package directory

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
)

// verified makes a TLS configuration that checks the server's certificate as usual, and takes the subject's common name for the server's
// name where the certificate names none in the place for it. RFC 4513 §3.1.3 lets an LDAP client do so, Go's own check does not, and the
// certificates that a Samba domain controller makes for itself are of that kind.
func verified(name string, roots *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: name,
		InsecureSkipVerify: true, // VerifyConnection does all of it
		VerifyConnection: func(state tls.ConnectionState) error {
			leaf := state.PeerCertificates[0]
			options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), DNSName: name}
			for _, c := range state.PeerCertificates[1:] {
				options.Intermediates.AddCert(c)
			}
			unnamed := len(leaf.DNSNames)+len(leaf.IPAddresses)+len(leaf.URIs)+len(leaf.EmailAddresses) == 0
			if unnamed && strings.EqualFold(leaf.Subject.CommonName, name) {
				options.DNSName = ""
			}
			_, err := leaf.Verify(options)
			return err
		},
	}
}
