package dirtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Encrypted has the server speak TLS too (LDAPS).
func Encrypted() DS389Option {
	return func(s *ds389) {
		s.encrypted = true
		s.set("cn=config", "nsslapd-security", "on")
		s.set("cn=config", "nsslapd-validate-cert", "off") // it starts with one that has expired
	}
}

// certify gives the server a certificate.
func (s *ds389) certify(server *Server) (err error) {
	const name = "localhost"
	if s.certs, err = makeCertificates(s.dir, name); err != nil {
		return err
	}
	server.CA, server.ServerName, server.certs, server.install = s.certs.ca, name, s.certs, s.installCertificate
	return s.installCertificate()
}

// secureURL is where the server is to listen for TLS.
func (s *ds389) secureURL() (string, error) {
	port, err := freePort()
	s.set("cn=config", "nsslapd-securePort", fmt.Sprint(port))
	return fmt.Sprintf("ldaps://127.0.0.1:%d", port), err
}

// installCertificate makes the server's database of certificates (NSS) anew. Its nickname there is what the template's cn=RSA asks for.
func (s *ds389) installCertificate() error {
	for _, name := range []string{"cert9.db", "key4.db", "pkcs11.txt"} {
		if err := os.Remove(filepath.Join(s.conf, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	bundle := filepath.Join(s.dir, "cert.p12")
	for _, command := range [][]string{
		{"certutil", "-N", "-d", s.conf, "--empty-password"},
		{"certutil", "-A", "-d", s.conf, "-n", "authority", "-t", "CT,,", "-a", "-i", s.certs.ca},
		{
			"openssl", "pkcs12", "-export", "-name", "Server-Cert", "-in", s.certs.cert, "-inkey", s.certs.key,
			"-out", bundle, "-passout", "pass:",
		},
		{"pk12util", "-d", s.conf, "-i", bundle, "-W", ""},
	} {
		if said, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, said)
		}
	}
	return nil
}
