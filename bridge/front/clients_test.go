package front

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority signs clients' certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	shown := a.sign(t, pkix.Name{CommonName: "clients"}, x509.ExtKeyUsageClientAuth, time.Hour)
	a.certificate, a.key = shown.Leaf, shown.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// sign makes a certificate; the first is the authority's own.
func (a *authority) sign(t *testing.T, subject pkix.Name, usage x509.ExtKeyUsage, life time.Duration) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(life),
		ExtKeyUsage: []x509.ExtKeyUsage{usage}, IsCA: a.key == nil, BasicConstraintsValid: true,
	}
	parent, signer := template, key
	if a.key != nil {
		parent, signer = a.certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// write puts the authority's certificate into a file.
func (a *authority) write(t *testing.T, file string, modified int64) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, time.Unix(modified, 0), time.Unix(modified, 0)); err != nil {
		t.Fatal(err)
	}
}

// TestClientCertificates: without one that the authority signed, and of a subject that is let in, nobody gets as far as to send a token.
func TestClientCertificates(t *testing.T) {
	folder := t.TempDir()
	o := TLSOptions{
		Certificate: filepath.Join(folder, "tls.crt"), Key: filepath.Join(folder, "tls.key"),
		ClientCA: filepath.Join(folder, "clients.pem"), ClientSubjects: []string{"cn=Provisioning, o=Corp", "CN=agent"},
	}
	certificate(t, o, 1)
	ours, others := newAuthority(t), newAuthority(t)
	ours.write(t, o.ClientCA, 1)
	s := serve(t, Options{TLS: o})
	cache := tls.NewLRUClientSessionCache(8)
	let := func(shown ...tls.Certificate) bool {
		conn, err := tls.Dial("tcp", s.address, &tls.Config{
			InsecureSkipVerify: true, ClientSessionCache: cache,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { // whatever the server asks for
				return &append(shown, tls.Certificate{})[0], nil
			},
		})
		if err != nil {
			return false
		}
		defer conn.Close()
		request := "GET /scim/v2/Users/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secret + "\r\n\r\n"
		if _, err := conn.Write([]byte(request)); err != nil {
			return false
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == 200
	}
	name := pkix.Name{CommonName: "provisioning", Organization: []string{"Corp"}}
	right := ours.sign(t, name, x509.ExtKeyUsageClientAuth, time.Hour)
	for what, test := range map[string]struct {
		shown []tls.Certificate
		let   bool
	}{
		"the right one":     {[]tls.Certificate{right}, true},
		"the other subject": {[]tls.Certificate{ours.sign(t, pkix.Name{CommonName: "agent"}, x509.ExtKeyUsageClientAuth, time.Hour)}, true},
		"none":              {nil, false},
		"another subject": {
			[]tls.Certificate{ours.sign(t, pkix.Name{CommonName: "provisioning"}, x509.ExtKeyUsageClientAuth, time.Hour)}, false,
		},
		"another authority": {[]tls.Certificate{others.sign(t, name, x509.ExtKeyUsageClientAuth, time.Hour)}, false},
		"a server's":        {[]tls.Certificate{ours.sign(t, name, x509.ExtKeyUsageServerAuth, time.Hour)}, false},
		"expired":           {[]tls.Certificate{ours.sign(t, name, x509.ExtKeyUsageClientAuth, -time.Hour)}, false},
	} {
		if got := let(test.shown...); got != test.let {
			t.Errorf("%s: let in: %t", what, got)
		}
	}
	if err := os.WriteFile(o.ClientCA, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !let(right) {
		t.Error("with a broken file the right one is not let in")
	}
	others.write(t, o.ClientCA, 3)
	if let(right) {
		t.Error("who was let in is still, by an authority that is none any more")
	}
	if !let(others.sign(t, name, x509.ExtKeyUsageClientAuth, time.Hour)) {
		t.Error("the new authority's is not let in")
	}
}
