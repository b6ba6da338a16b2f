package front

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	if log := s.log.String(); strings.Count(log, "a client's certificate is not taken") != 1 {
		t.Error(log)
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

// TestSubjects: a certificate has the one subject that stands in it, in its order, by whatever name its types go.
func TestSubjects(t *testing.T) {
	type of = []pkix.AttributeTypeAndValue
	is := func(identifier string, value any) pkix.AttributeTypeAndValue {
		var typ asn1.ObjectIdentifier
		for part := range strings.SplitSeq(identifier, ".") {
			n, err := strconv.Atoi(part)
			if err != nil {
				t.Fatal(err)
			}
			typ = append(typ, n)
		}
		return pkix.AttributeTypeAndValue{Type: typ, Value: value}
	}
	const cn, o, ou, dc, uid, email = "2.5.4.3", "2.5.4.10", "2.5.4.11", "0.9.2342.19200300.100.1.25", "0.9.2342.19200300.100.1.1",
		"1.2.840.113549.1.9.1"
	corp := is(o, "Corp")
	for name, test := range map[string]struct {
		shown   pkix.RDNSequence
		subject string
		let     bool
	}{
		"the one":            {pkix.RDNSequence{of{corp}, of{is(cn, "scim")}}, "cn=SCIM, o=corp", true},
		"another's, and his": {pkix.RDNSequence{of{corp}, of{is(cn, "mallory")}, of{is(cn, "scim")}}, "CN=scim,O=Corp", false},
		"his, and another's": {pkix.RDNSequence{of{corp}, of{is(cn, "scim")}, of{is(cn, "mallory")}}, "CN=scim,O=Corp", false},
		"both as one":        {pkix.RDNSequence{of{corp}, of{is(cn, "scim"), is(cn, "mallory")}}, "CN=scim,O=Corp", false},
		"another order":      {pkix.RDNSequence{of{is(cn, "scim")}, of{corp}}, "CN=scim,O=Corp", false},
		"more of it":         {pkix.RDNSequence{of{corp}, of{is(uid, "x")}, of{is(cn, "scim")}}, "CN=scim,O=Corp", false},
		"a comma in it":      {pkix.RDNSequence{of{is(cn, "scim,O=Corp")}}, "CN=scim,O=Corp", false},
		"two units": {
			pkix.RDNSequence{of{corp}, of{is(ou, "a")}, of{is(ou, "b")}, of{is(cn, "scim")}},
			"CN=scim,OU=b,OU=a,O=Corp", true,
		},
		"of a domain": {
			pkix.RDNSequence{of{is(dc, "example")}, of{is(dc, "corp")}, of{is(cn, "scim")}},
			"CN=scim,DC=corp,DC=example", true,
		},
		"of another domain": {
			pkix.RDNSequence{of{is(dc, "example")}, of{is(dc, "core")}, of{is(cn, "scim")}},
			"CN=scim,DC=corp,DC=example", false,
		},
		"by uid":          {pkix.RDNSequence{of{is(uid, "scim")}}, "uid=scim", true},
		"by mail":         {pkix.RDNSequence{of{is(email, "scim@corp")}}, "E=scim@corp", true},
		"by identifier":   {pkix.RDNSequence{of{is("2.5.4.97", "x")}}, "2.5.4.97=x", true},
		"of another type": {pkix.RDNSequence{of{is("2.5.4.98", "x")}}, "2.5.4.97=x", false},
	} {
		raw, err := asn1.Marshal(test.shown)
		if err != nil {
			t.Fatal(err)
		}
		state := tls.ConnectionState{PeerCertificates: []*x509.Certificate{{RawSubject: raw}}}
		if err := ofSubject([]string{"CN=other", test.subject})(state); (err == nil) != test.let {
			t.Errorf("%s: %v", name, err)
		}
	}
}
