package dirtest

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificates are PEM files of a server certificate and the authority made for it.
type certificates struct {
	ca, cert, key string

	authority *x509.Certificate
	signer    *ecdsa.PrivateKey
}

// makeCertificates issues a server certificate for the name and for 127.0.0.1 under an authority of its own. Samba's own certificate
// would not do: it has no subjectAltName, without which Go accepts no name.
func makeCertificates(dir, name string) (certificates, error) {
	files := certificates{ca: filepath.Join(dir, "ca.pem"), cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dirtest authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return files, err
	}
	if err := sign(files.ca, authority, authority, &authorityKey.PublicKey, authorityKey); err != nil {
		return files, err
	}
	files.authority, files.signer = authority, authorityKey
	return files, files.issue(files.cert, files.key, serverCertificate(name, authority))
}

// serverCertificate is what an authority is to sign for a server of the name.
func serverCertificate(name string, authority *x509.Certificate) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

// ClientCertificate issues a certificate for a subject of that common name under the authority that issued the server's, and returns its
// file and its key's, which are written anew if they are there.
func (s *Server) ClientCertificate(t testing.TB, folder, name string) (certificate, key string) {
	t.Helper()
	certificate, key = filepath.Join(folder, "client.crt"), filepath.Join(folder, "client.key")
	err := s.certs.issue(certificate, key, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: s.certs.authority.NotBefore, NotAfter: s.certs.authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

// Certificate is what is wrong with the certificate that a server shows.
type Certificate struct {
	Name     string // whose it is; "": the server's
	Expired  bool
	Stranger bool // an authority has signed it that nobody knows
}

// Show has the server show such a certificate from its restart on; the zero one is good.
func (s *Server) Show(t testing.TB, c Certificate) {
	t.Helper()
	s.Kill()
	by := s.certs
	if c.Stranger {
		var err error
		if by, err = makeCertificates(t.TempDir(), s.ServerName); err != nil {
			t.Fatal(err)
		}
	}
	server := serverCertificate(cmp.Or(c.Name, s.ServerName), by.authority)
	if c.Name != "" {
		server.IPAddresses = nil
	}
	if c.Expired {
		server.NotAfter = time.Now().Add(-time.Minute)
	}
	err := by.issue(s.certs.cert, s.certs.key, server)
	if err == nil && s.install != nil {
		err = s.install()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Restart()
}

// issue makes a key, and has the authority sign the certificate for it.
func (c certificates) issue(certificate, key string, template *x509.Certificate) error {
	made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(made)
	if err != nil {
		return err
	}
	if err := sign(certificate, template, c.authority, &made.PublicKey, c.signer); err != nil {
		return err
	}
	return writePEM(key, "PRIVATE KEY", der)
}

func sign(path string, certificate, issuer *x509.Certificate, key *ecdsa.PublicKey, signer *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, certificate, issuer, key, signer)
	if err != nil {
		return err
	}
	return writePEM(path, "CERTIFICATE", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
