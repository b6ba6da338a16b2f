package front

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// certificate writes a new self-signed certificate for 127.0.0.1 over o's files, and returns it.
func certificate(t *testing.T, o TLSOptions, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{o.Certificate: {Type: "CERTIFICATE", Bytes: der}, o.Key: {
		Type:  "PRIVATE KEY",
		Bytes: pkcs8,
	}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		changed := time.Unix(1_700_000_000+serial, 0)
		if err := os.Chtimes(path, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestTLS(t *testing.T) {
	o := TLSOptions{Certificate: filepath.Join(t.TempDir(), "tls.crt"), Key: filepath.Join(t.TempDir(), "tls.key")}
	first := certificate(t, o, 1)
	s := serve(t, Options{TLS: o})
	presented := func(trusted *x509.Certificate) *big.Int {
		t.Helper()
		roots := x509.NewCertPool()
		roots.AddCert(trusted)
		conn, err := tls.Dial("tcp", s.address, &tls.Config{RootCAs: roots})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber
	}
	if got := presented(first); got.Int64() != 1 {
		t.Errorf("certificate %v", got)
	}
	second := certificate(t, o, 2)
	if got := presented(second); got.Int64() != 2 {
		t.Errorf("after the renewal: certificate %v", got)
	}
	aside := filepath.Join(t.TempDir(), "key")
	if err := os.Rename(o.Key, aside); err != nil { // it is gone for a moment
		t.Fatal(err)
	}
	if got := presented(second); got.Int64() != 2 {
		t.Errorf("without the key file: certificate %v", got)
	}
	if err := os.Rename(aside, o.Key); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.Key, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := presented(second); got.Int64() != 2 {
		t.Errorf("with a broken key file: certificate %v", got)
	}
	old := &tls.Config{MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true} //nolint:gosec // the handshake must fail
	if _, err := tls.Dial("tcp", s.address, old); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
	if got := s.URL(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443}); got != "https://127.0.0.1:8443/scim/v2" {
		t.Errorf("URL: %s", got)
	}
}

// TestTLSOfALinkedFolder: Kubernetes has the link ..data name another folder, all at once; the files in it may be of one time.
func TestTLSOfALinkedFolder(t *testing.T) {
	folder := t.TempDir()
	data := filepath.Join(folder, "..data")
	o := TLSOptions{Certificate: filepath.Join(folder, "tls.crt"), Key: filepath.Join(folder, "tls.key")}
	for _, name := range []string{"tls.crt", "tls.key"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	put := func(serial int64) {
		t.Helper()
		version := filepath.Join(folder, fmt.Sprint("..", serial))
		at := TLSOptions{Certificate: filepath.Join(version, "tls.crt"), Key: filepath.Join(version, "tls.key")}
		if err := os.Mkdir(version, 0o700); err != nil {
			t.Fatal(err)
		}
		certificate(t, at, serial)
		when := time.Unix(1_700_000_000, 0)
		if err := errors.Join(
			os.Chtimes(at.Certificate, when, when), os.Chtimes(at.Key, when, when),
			os.Symlink(filepath.Base(version), data+"_tmp"), os.Rename(data+"_tmp", data),
		); err != nil {
			t.Fatal(err)
		}
	}
	put(1)
	s := serve(t, Options{TLS: o})
	for serial := int64(2); serial < 4; serial++ {
		put(serial)
		conn, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is looked at
		if err != nil {
			t.Fatal(err)
		}
		if got := conn.ConnectionState().PeerCertificates[0].SerialNumber; got.Int64() != serial {
			t.Errorf("certificate %v, want %d", got, serial)
		}
		conn.Close()
	}
}

// TestSlowHandshake: a client that begins no handshake, stops half way or sends octet by octet does not keep its connection.
func TestSlowHandshake(t *testing.T) {
	o := TLSOptions{Certificate: filepath.Join(t.TempDir(), "tls.crt"), Key: filepath.Join(t.TempDir(), "tls.key")}
	certificate(t, o, 1)
	s := serve(t, Options{TLS: o, ReadTimeout: 100 * time.Millisecond})
	for what, c := range map[string]struct {
		first string
		then  byte // again and again; 0: nothing
	}{
		"nothing": {}, "half a hello": {first: "\x16\x03\x01\x02\x00\x01\x00"}, "octet by octet": {"\x16\x03\x01\x3f\xff\x01\x00", 1},
	} {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(conn, c.first)
		for c.then != 0 && err == nil {
			time.Sleep(10 * time.Millisecond)
			_, err = conn.Write([]byte{c.then})
		}
		if err == nil {
			_, err = io.ReadAll(conn)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the server waits for the handshake", what)
		}
	}
}

func TestCheck(t *testing.T) {
	files := TLSOptions{Certificate: filepath.Join(t.TempDir(), "tls.crt"), Key: filepath.Join(t.TempDir(), "tls.key")}
	certificate(t, files, 1)
	for name, test := range map[string]struct {
		options Options
		want    []string
	}{
		"defaults":      {Options{}, nil},
		"localhost":     {Options{Address: "localhost:0"}, nil},
		"IPv6 loopback": {Options{Address: "[::1]:8080"}, nil},
		"TLS":           {Options{Address: ":8443", TLS: files}, nil},
		"behind a proxy": {Options{
			Address: ":8080", AllowCleartext: true, TrustProxy: []string{"10.0.0.5", "10.1.0.0/16"}, PublicURL: "https://scim.example/x",
		}, nil},
		"a proxy by yes": {
			Options{TrustProxy: []string{"true"}}, []string{"trustProxy[0]: names the proxies in front by their addresses"},
		},
		"every proxy": {
			Options{TrustProxy: []string{"0.0.0.0/0", "10.0.0.0/8", "::/0"}},
			[]string{"trustProxy[0]: is everybody, clients too: it names", "trustProxy[2]: is everybody"},
		},
		"no proxy": {
			Options{TrustProxy: []string{"10.0.0.5", "proxy.example"}}, []string{"trustProxy[1]: is no address and no network"},
		},
		"clients without TLS": {
			Options{TLS: TLSOptions{ClientCA: files.Certificate}}, []string{"tls.clientCA: needs certificate and key"},
		},
		"subjects without an authority": {
			Options{TLS: TLSOptions{Certificate: files.Certificate, Key: files.Key, ClientSubjects: []string{"CN=x"}}},
			[]string{"tls.clientSubjects: needs clientCA"},
		},
		"clients": {
			Options{TLS: TLSOptions{
				Certificate: files.Certificate, Key: files.Key, ClientCA: files.Key,
				ClientSubjects: []string{"CN=x,O=y", "x", "CN=x,office=y"},
			}},
			[]string{
				"tls.clientCA: cannot be used: ", "tls.clientSubjects[1]: is not a DN",
				`tls.clientSubjects[2]: names "office", which is not known of certificates`,
			},
		},
		"clear text":     {Options{Address: ":8080"}, []string{"address: would take tokens in clear text"}},
		"clear text too": {Options{Address: "10.0.0.1:8080"}, []string{"address: would take tokens in clear text"}},
		"no port":        {Options{Address: "localhost"}, []string{"address: is not host:port"}},
		"no such port":   {Options{Address: "localhost:99999"}, []string{"address: has no valid port"}},
		"key alone":      {Options{TLS: TLSOptions{Key: "k"}}, []string{"tls: has a key but no certificate"}},
		"certificate":    {Options{TLS: TLSOptions{Certificate: "c"}}, []string{"tls: has a certificate but no key"}},
		"missing files": {
			Options{TLS: TLSOptions{Certificate: "/nowhere/c", Key: "/nowhere/k"}},
			[]string{"tls: certificate and key cannot be used: open /nowhere/c"},
		},
		"not a base path": {Options{BasePath: "/:scim"}, []string{"basePath: holds a character"}},
		"everything": {
			Options{PublicURL: "scim.example", MaxBody: -1, RequestTimeout: -1},
			[]string{"publicURL: is not an http(s) URL", "maxBody: is negative", "requestTimeout: is negative"},
		},
		"limits": {
			Options{MaxHeader: 100, MaxURL: 200, ReadTimeout: -1, WriteTimeout: -1, IdleTimeout: -1, MaxConnections: -1},
			[]string{
				"maxHeader: is less than 1024", "maxConnections: is negative", "maxURL: is more than maxHeader", "readTimeout: is negative",
				"writeTimeout: is negative", "idleTimeout: is negative",
			},
		},
		"a small header":      {Options{MaxHeader: 2000}, nil},
		"URL with a query":    {Options{PublicURL: "https://x?aadOptscim062020"}, []string{"publicURL: is not"}},
		"URL with a password": {Options{PublicURL: "https://a:b@x"}, []string{"publicURL: is not"}},
	} {
		var got []string
		test.options.Check(func(path, problem string) { got = append(got, path+": "+problem) })
		same := func(want, got string) bool { return strings.HasPrefix(got, want) }
		if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b string) bool { return same(a, b) || same(b, a) })); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
