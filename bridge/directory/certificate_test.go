package directory

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

func TestCertificateNames(t *testing.T) {
	for name, c := range map[string]struct {
		common  string
		names   []string
		trusted bool
		expired bool
		good    bool
	}{
		"a name in its place":                     {"other", []string{"dc1.ad.test"}, true, false, true},
		"the common name where there is no other": {"DC1.ad.test", nil, true, false, true},
		"the common name beside another":          {"dc1.ad.test", []string{"dc2.ad.test"}, true, false, false},
		"another common name":                     {"dc2.ad.test", nil, true, false, false},
		"an authority that is not trusted":        {"dc1.ad.test", []string{"dc1.ad.test"}, false, false, false},
		"an authority that is not trusted, by CN": {"dc1.ad.test", nil, false, false, false},
		"a certificate that has expired, by CN":   {"dc1.ad.test", nil, true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			template := &x509.Certificate{
				SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: c.common}, DNSNames: c.names,
				NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
				ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			}
			if c.expired {
				template.NotAfter = time.Now().Add(-time.Hour)
			}
			raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(raw)
			if err != nil {
				t.Fatal(err)
			}
			roots := x509.NewCertPool()
			if c.trusted {
				roots.AddCert(leaf)
			}
			err = verified("dc1.ad.test", roots).VerifyConnection(tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}})
			if (err == nil) != c.good {
				t.Errorf("verified: %v", err)
			}
		})
	}
}
