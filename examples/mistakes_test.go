package examples_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"scimbridge/bridge/access/issuertest"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/inspect"
	"scimbridge/config"
)

// mistakes are those that people make most often, by how README names them: each is made, and what is said of it is returned.
var mistakes = map[string]func(t *testing.T) (said []string){
	"the wrong port": func(t *testing.T) []string {
		nowhere := "SCIMBRIDGE_DIRECTORY_URLS=ldap://" + dirtest.FreeAddress(t)
		server := openLDAP(t)
		return append(saidOf(t, server, nowhere), answered(t, deploy(t, server, nowhere), "/Users", ""))
	},
	"`ldaps://` at port 389": func(t *testing.T) []string {
		server := openLDAP(t)
		return saidOf(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+strings.Replace(server.URL, "ldap:", "ldaps:", 1))
	},
	"the directory's certificate is by an authority of your own": func(t *testing.T) []string {
		server := openLDAP(t)
		return saidOf(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+server.LDAPS, "SCIMBRIDGE_DIRECTORY_TLS_CA=")
	},
	"the password or the DN": func(t *testing.T) []string {
		server := openLDAP(t)
		for _, text := range saidOf(t, server, "SCIMBRIDGE_DIRECTORY_BIND_DN=cn=nobody,dc=example,dc=org") {
			if !strings.Contains(text, "there is no such account") {
				t.Errorf("a DN of nobody: %s", text)
			}
		}
		return saidOf(t, server, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=mistyped")
	},
	"the account's name in a form that Active Directory does not take": func(t *testing.T) []string {
		server := dirtest.ActiveDirectory(t)
		bare := saidOf(t, server, "SCIMBRIDGE_DIRECTORY_BIND_DN=Administrator")
		for _, text := range saidOf(t, server, "SCIMBRIDGE_DIRECTORY_BIND_DN=uid=Administrator,"+server.Base) {
			if !strings.Contains(text, "scimbridge@corp.example") {
				t.Errorf("a DN of a form that domains do not know: %s", text)
			}
		}
		return bare
	},
	"the base is misspelt, not made, or not readable": func(t *testing.T) []string {
		server, misspelt := openLDAP(t), "SCIMBRIDGE_RESOURCES_0_BASE=ou=peopel,dc=example,dc=org"
		return append(saidOf(t, server, misspelt), answered(t, deploy(t, server, misspelt), "/Users", ""))
	},
	"plain HTTP": func(t *testing.T) []string {
		server := memory(t)
		text, variables := configured(t, server, productOf(server), "", "SCIMBRIDGE_LISTEN_ADDRESS=:8080")
		_, fault := config.Parse("scimbridge.yaml", text, variables)
		if fault == nil {
			t.Fatal("tokens may come in clear text")
		}
		certificate, key := ownCertificate(t, time.Now())
		d := deploy(t, server, "SCIMBRIDGE_LISTEN_TLS_CERTIFICATE="+certificate, "SCIMBRIDGE_LISTEN_TLS_KEY="+key)
		d.url = strings.Replace(d.url, "https:", "http:", 1)
		var log lines
		its := productOf(server)
		its.log = &log
		plain := deployAs(t, server, its, "")
		if conn, err := tls.Dial("tcp", strings.Split(plain.url, "/")[2], nil); err == nil {
			conn.Close()
			t.Error("TLS at a plain port")
		}
		return []string{fault.Error(), answered(t, d, "/Users", ""), log.String()}
	},
	"the token was pasted with the word Bearer": func(t *testing.T) []string {
		server := memory(t)
		text, variables := configured(t, server, productOf(server), "", "SCIMBRIDGE_ACCESS_TOKEN=Bearer "+token)
		_, fault := config.Parse("scimbridge.yaml", text, variables)
		if fault == nil {
			t.Fatal("a token has two words")
		}
		return []string{fault.Error(), answered(t, deploy(t, server), "/Users", "Bearer Bearer "+token)}
	},
	"`?aadOptscim062020` inside the tenant URL": func(t *testing.T) []string {
		d := deploy(t, memory(t))
		for _, path := range []string{
			"?aadOptscim062020/Users", "/aadOptscim062020/Users", "/%3FaadOptscim062020/Users", "?AzureAdScimPatch2017/Users",
		} {
			if said := answered(t, d, path, ""); !strings.Contains(said, "write "+d.url+" alone") {
				t.Errorf("%s: %s", path, said)
			}
		}
		for _, path := range []string{"/Users?aadOptscim062020", "/?aadOptscim062020&count=1"} {
			if said := answered(t, d, path, ""); !strings.Contains(said, "totalResults") {
				t.Errorf("%s: %s", path, said)
			}
		}
		return []string{answered(t, d, "/?aadOptscim062020/Users?filter=userName%20eq%20%22nobody%22", "")}
	},
	"the tenant URL ends before `/scim/v2`": func(t *testing.T) []string {
		d := deploy(t, memory(t))
		root := d.url
		d.url = strings.TrimSuffix(root, "/scim/v2")
		if said := answered(t, d, "/scim/Users", ""); !strings.Contains(said, "the tenant URL is "+root) {
			t.Error(said)
		}
		return []string{answered(t, d, "/Users", "")}
	},
	"a clock that is wrong": func(t *testing.T) []string {
		entra := issuertest.Start(t)
		d := deploy(t, memory(t), "SCIMBRIDGE_ACCESS_ENTRA_0_TENANT="+issuertest.Tenant, "SCIMBRIDGE_ACCESS_ENTRA_0_AUTHORITY="+entra.URL)
		slow := entra.First(issuertest.Claims{"nbf": time.Now().Add(10 * time.Minute).Unix()})
		fast := entra.First(issuertest.Claims{"exp": time.Now().Add(-10 * time.Minute).Unix()})
		certificate, key := ownCertificate(t, time.Now().Add(10*time.Minute))
		server := openLDAP(t, dirtest.Global("TLSCertificateFile "+certificate, "TLSCertificateKeyFile "+key))
		return append(
			saidOf(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+server.LDAPS, "SCIMBRIDGE_DIRECTORY_TLS_CA="+certificate),
			answered(t, d, "/Users", "Bearer "+slow), answered(t, d, "/Users", "Bearer "+fast))
	},
	"a map without `active`": func(t *testing.T) []string {
		server := memory(t)
		text, variables := configured(t, server, productOf(server), "")
		without := regexp.MustCompile(`(?m)^ +active: .*$`).ReplaceAll(text, nil)
		c, err := config.Parse("scimbridge.yaml", without, variables)
		if err != nil || len(without) == len(text) {
			t.Fatal(err)
		}
		compiled, err := c.Map()
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, f := range inspect.Offline(inspect.Subject{Map: compiled, Directory: c.Directory, Guard: c.Guard, Place: c.Place}) {
			said = append(said, f.What)
		}
		return said
	},
}

// troubles are the rows of README's table: what is seen, and the cause.
var troubles = regexp.MustCompile(`(?m)^\| (.*) \| (.*) \| .* \|$`)

// quotations are what a cell quotes.
var quotations = regexp.MustCompile("``(.+?)``|`([^`]+)`")

// TestMistakes: each row of README's table of troubles quotes what is said of the mistake that it is about.
func TestMistakes(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Troubleshooting\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := troubles.FindAllStringSubmatch(section, -1)
	if len(rows) != len(mistakes)+1 { // and the head
		t.Errorf("%d rows for %d mistakes", len(rows)-1, len(mistakes))
	}
	for _, row := range rows[1:] {
		for name, make := range mistakes {
			if !strings.HasPrefix(row[2], "**"+name) {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				said := strings.Join(make(t), "\n")
				if strings.Contains(said, token) {
					t.Errorf("it repeats the token: %s", said)
				}
				for _, quoted := range quotations.FindAllStringSubmatch(row[1], -1) {
					quote := quoted[1] + quoted[2]
					like := regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(quote), "…", ".*"))
					if strings.Contains(quote, " ") && !like.MatchString(said) {
						t.Errorf("README says %q, and what is said is %s", quote, said)
					}
				}
			})
		}
	}
}

// lines are those of a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// answered is what a client is told that asks with the header's value, or with the right token.
func answered(t *testing.T, d *deployment, path, authorization string) string {
	t.Helper()
	var header []string
	if authorization != "" {
		header = append(header, "Authorization: "+authorization)
	}
	answer, content := d.do(t, http.MethodGet, path, "", header...)
	var fault struct{ Detail string }
	if answer.StatusCode != http.StatusOK {
		if err := json.Unmarshal([]byte(content), &fault); err != nil {
			t.Errorf("%d is no answer of SCIM's: %s", answer.StatusCode, content)
		}
		return fault.Detail
	}
	return content
}

// ownCertificate is one for 127.0.0.1 that is its own authority's, valid for a day from then on.
func ownCertificate(t *testing.T, from time.Time) (certificate, key string) {
	t.Helper()
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ldap.example.org"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: from, NotAfter: from.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name, kind string, octets []byte) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: octets}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("own.crt", "CERTIFICATE", der), write("own.key", "PRIVATE KEY", private)
}

// saidOf is what check says of the example before a server, with the variables.
func saidOf(t *testing.T, server *dirtest.Server, env ...string) (said []string) {
	t.Helper()
	for _, f := range checked(t, false, server, basedIn(productOf(server), server), env...) {
		if f.Severity == "error" {
			said = append(said, f.What+"; "+f.Mend)
		}
	}
	return said
}
