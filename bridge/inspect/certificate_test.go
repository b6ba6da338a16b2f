package inspect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
)

// TestCertificateEnds: one that ends within a month is told while it holds, and once it does not.
func TestCertificateEnds(t *testing.T) {
	t.Parallel()
	server := dirtest.Memory(t)
	for _, c := range []struct {
		name   string
		ends   time.Duration
		finds  string
		repair string
	}{
		{"next year", 365 * 24 * time.Hour, "", ""},
		{"soon", 5*24*time.Hour + time.Hour, "warning certificate-ends", "in 5 days"},
		{"ago", -time.Hour, "error certificate-expired", "is the clock of this machine wrong?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, ca := secured(t, server.URL, time.Now().Add(c.ends))
			d := deployment{t, server, sound, []string{
				"SCIMBRIDGE_DIRECTORY_URLS=" + url, "SCIMBRIDGE_DIRECTORY_TLS_CA=" + ca,
				"SCIMBRIDGE_DIRECTORY_BIND_DN=" + server.BindDN, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + server.Password,
			}, nil, false}
			key := ""
			if c.finds != "" {
				key = "directory.urls[0]"
			}
			finds(t, d.looked(t), c.finds, key, c.repair)
		})
	}
}

// TestCommandsTrust: a command that is proposed trusts the authority that the configuration does, or it would not reach the server.
func TestCommandsTrust(t *testing.T) {
	t.Parallel()
	server := dirtest.Memory(t)
	url, ca := secured(t, server.URL, time.Now().Add(365*24*time.Hour))
	d := deployment{t, server, sound, []string{
		"SCIMBRIDGE_DIRECTORY_URLS=" + url, "SCIMBRIDGE_DIRECTORY_TLS_CA=" + ca,
		"SCIMBRIDGE_DIRECTORY_BIND_DN=" + server.BindDN, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=wrong",
	}, nil, false}
	want := fmt.Sprintf("LDAPTLS_CACERT='%s' ldapwhoami -x -H %s ", ca, url)
	finds(t, d.looked(t), "error bind-refused", "directory.bind.dn", want)
}

// secured is an LDAPS port before a plain one, with a certificate of its own that ends then.
func secured(t *testing.T, to string, ends time.Time) (url, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ldap.example.org"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: ends.Add(-400 * 24 * time.Hour), NotAfter: ends,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	own := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{own}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(conn, strings.TrimPrefix(to, "ldap://"))
		}
	}()
	return "ldaps://" + listener.Addr().String(), ca
}

// relay passes on what comes until one of the two ends.
func relay(conn net.Conn, to string) {
	defer conn.Close()
	other, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer other.Close()
	go func() {
		_, _ = io.Copy(other, conn) // until it ends
		other.Close()
	}()
	_, _ = io.Copy(conn, other)
}

// TestSlowServer: one that takes its time for everything is told of.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	d := openLDAP(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(late{conn}, strings.TrimPrefix(d.server.URL, "ldap://"))
		}
	}()
	env := []string{"SCIMBRIDGE_DIRECTORY_URLS=ldap://" + listener.Addr().String(), "SCIMBRIDGE_DIRECTORY_TIMEOUT=1s"}
	finds(t, d.looked(t, env...), "warning slow", "directory.timeout", "timeout: 2s")
}

// late passes on nothing at once.
type late struct{ net.Conn }

func (l late) Write(text []byte) (int, error) {
	time.Sleep(110 * time.Millisecond)
	return l.Conn.Write(text)
}

// TestHangingServer: one that takes connections and says nothing is told from one that is away.
func TestHangingServer(t *testing.T) {
	t.Parallel()
	d := openLDAP(t)
	d.server.Stop()
	defer d.server.Cont()
	for _, env := range []string{"SCIMBRIDGE_DIRECTORY_URLS=" + d.server.URL, "SCIMBRIDGE_DIRECTORY_URLS=" + d.server.LDAPS} {
		finds(t, d.looked(t, env, "SCIMBRIDGE_DIRECTORY_TIMEOUT=200ms"), "error no-answer", "directory.urls[0]", "does it hang")
	}
}
