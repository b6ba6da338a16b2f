package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/directory/memdir"
)

// overseen is the program with an admin listener.
type overseen struct {
	root, admin string
	lines       <-chan string // of its log
	stop        func()
	ended       <-chan int
}

func oversee(t *testing.T, file string, environ ...string) overseen {
	t.Helper()
	log, stop, ended := start(t, file, append(environ, "SCIMBRIDGE_ADMIN_ADDRESS=127.0.0.1:0"))
	o := overseen{stop: stop, ended: ended}
	o.root, o.lines = listening(t, log)
	for line := range o.lines {
		var said struct{ Msg, URL string }
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(said.Msg, "admin") {
			o.admin = said.URL
			return o
		}
	}
	t.Fatal("the program ended before its admin listener listened")
	return o
}

// ask asks the admin listener.
func (o overseen) ask(t *testing.T, method, path, body string) (status int, said string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, o.admin+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

// selfSigned is a file with a certificate that ends with 2099, and its key.
func selfSigned(t *testing.T) (file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	file = filepath.Join(t.TempDir(), "pair.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var (
	varies    = regexp.MustCompile(`^scimbridge_(webhook_(attempts|messages|oldest|receiver)|token_expiry|journal_(waiting|records))`)
	looked    = regexp.MustCompile(`^scimbridge_ldap_operations?_.*operation="(bind|read|search)"`) // by what check finds at the start, too
	itsValue  = regexp.MustCompile(` \S+$`)
	itsLabels = regexp.MustCompile(`\{[^}]*\}`)
)

// TestMetrics holds the names, the helps, and what is not a matter of time, to testdata/metrics.txt.
func TestMetrics(t *testing.T) {
	list := filepath.Join(t.TempDir(), "tokens.yaml")
	key := filepath.Join(t.TempDir(), "webhook.key")
	for file, content := range map[string]string{
		list: "- {name: brief, token: beta-0123456789abcdefghij, expires: 2099-01-01}\n" +
			"- {name: ended, token: gamma-0123456789abcdefghij, expires: 2020-01-01}\n",
		key: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair := selfSigned(t)
	o := oversee(t, configuration(t, company(t).URL()), "SCIMBRIDGE_STORE_FILE="+filepath.Join(t.TempDir(), "store.db"),
		"SCIMBRIDGE_ACCESS_TOKENSFILE="+list, "SCIMBRIDGE_WEBHOOK_URL=http://127.0.0.1:1/", "SCIMBRIDGE_WEBHOOK_KEYFILE="+key,
		"SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=pwdAccountLockedTime",
		"SCIMBRIDGE_DIRECTORY_TLS_CERTIFICATE="+pair, "SCIMBRIDGE_DIRECTORY_TLS_KEY="+pair)
	ready(t, o.root, "ok")
	ask := func(method, path, body, as string, want int) (id string) {
		t.Helper()
		answer := send(t, method, o.root+path, as, body)
		defer answer.Body.Close()
		var made struct{ ID string }
		_ = json.NewDecoder(answer.Body).Decode(&made) // some have none
		if answer.StatusCode != want {
			t.Fatalf("%s %s: %d, want %d", method, path, answer.StatusCode, want)
		}
		return made.ID
	}
	id := ask("POST", "/Users", `{"userName":"mara","nickName":"m"}`, token, 201)
	ask("POST", "/Users", `{"userName":"MARA"}`, token, 409)
	ask("GET", "/Users/"+id, "", token, 200)
	ask("GET", "/Users/nobody", "", token, 404)
	ask("GET", "/Users?filter=userName+eq+%22mara%22", "", token, 200)
	ask("POST", "/Users/.search", `{"filter":"colour eq 1"}`, token, 400)
	ask("PATCH", "/Users/"+id, `{"Operations":[{"op":"replace","path":"active","value":false}]}`, token, 200)
	ask("PUT", "/Users/"+id, `{"userName":"mara","displayName":"Mara","active":false}`, token, 200)
	ask("GET", "/Users", "", "wrong-0123456789abcdef", 401)
	ask("GET", "/Schemas", "", token, 200)
	ask("GET", "/Nothing", "", token, 404)
	ask("POST", "/Bulk", `{"Operations":[{"method":"DELETE","path":"/Users/`+id+`"}]}`, token, 200)

	status, said := o.ask(t, "GET", "/metrics", "")
	if status != 200 {
		t.Fatal(status, said)
	}
	var kept []string
	for line := range strings.Lines(said) {
		line = strings.TrimSuffix(line, "\n")
		name := strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE ")
		switch {
		case !strings.HasPrefix(name, "scimbridge_"):
			continue
		case strings.HasPrefix(line, "#"):
		case strings.Contains(line, "_bucket"), strings.Contains(line, "_sum"):
			continue
		case looked.MatchString(line) && strings.Contains(line, "code="):
			continue
		case strings.HasPrefix(line, "scimbridge_build_info"):
			line = itsLabels.ReplaceAllString(line, "{…}")
		case varies.MatchString(line), looked.MatchString(line),
			strings.Contains(line, `part="webhook"`), strings.Contains(line, `operation="health"`):
			line = itsValue.ReplaceAllString(line, " …")
		}
		kept = append(kept, line)
	}
	for _, secret := range []string{token, "mara", id, "example", "127.0.0.1", "brief"} {
		if strings.Contains(said, secret) {
			t.Errorf("%q stands in a metric", secret)
		}
	}
	got, file := strings.Join(kept, "\n")+"\n", filepath.Join("testdata", "metrics.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// TestReadiness: /readyz says of each part how it stands and why, and fails where requests are refused for one. What the SCIM listener says
// is of one mind with it, and so is scimbridge health.
func TestReadiness(t *testing.T) {
	folder := t.TempDir()
	faulty := filepath.Join(folder, "tokens.yaml")
	if err := os.WriteFile(faulty, []byte("- {name: a, token: beta-0123456789abcdefghij}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const nowhere = "SCIMBRIDGE_STORE_FILE=/proc/nowhere/store.db"
	for name, c := range map[string]struct {
		urls    []string // "": the directory's
		environ []string
		then    func(t *testing.T, ldap *memdir.Server)
		idle    bool // nobody asks the bridge anything else
		status  int
		want    string // parts that are not ok, with their reasons
		detail  string
	}{
		"all is well": {status: 200},
		"the directory is down": {
			then:   func(_ *testing.T, ldap *memdir.Server) { ldap.Close() },
			status: 503, want: "directory failed unavailable; map unknown ",
		},
		"the directory is down, and nobody uses it": {
			then: func(_ *testing.T, ldap *memdir.Server) { ldap.Close() }, idle: true,
			status: 503, want: "directory failed unavailable; map unknown ",
		},
		"never a directory": {
			urls:   []string{"ldap://127.0.0.1:1"},
			status: 503, want: "directory failed unavailable; map unknown ", detail: "ldap://127.0.0.1:1: dial tcp",
		},
		"the map does not fit": {
			environ: []string{"SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_1_LDAP=noSuchAttribute"},
			status:  503, want: "map failed map-mismatch", detail: "SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_1_LDAP: resources[0].attributes[1]",
		},
		"a place is missing": {
			environ: []string{"SCIMBRIDGE_RESOURCES_0_BASE=ou=nobody,dc=example,dc=org"},
			status:  503, want: "map failed hidden", detail: "ou=nobody,dc=example,dc=org",
		},
		"the second server": {
			urls:   []string{"ldap://127.0.0.1:1", ""},
			status: 200, want: "directory degraded second-server", detail: "number 2 of 2",
		},
		"one that is not in use is down": {
			urls: []string{"", "ldap://127.0.0.1:1"}, environ: []string{"SCIMBRIDGE_DIRECTORY_FAILOVER_BACK=5s"},
			status: 200, want: "directory degraded server-down", detail: "number 2, ldap://127.0.0.1:1: down: ",
		},
		"no changes": {
			then: func(_ *testing.T, ldap *memdir.Server) {
				ldap.Fault(func(name, _ string) memdir.Fault {
					if name != "add" {
						return memdir.Fault{}
					}
					return memdir.Fault{Code: 53, Text: "operation restricted"}
				})
			},
			status: 503, want: "directory failed unwritable",
		},
		"no store": {
			environ: []string{nowhere},
			status:  503, want: "store failed store-away; journal failed behind",
		},
		"no store, and writes go on": {
			environ: []string{nowhere, "SCIMBRIDGE_JOURNAL_ONFAILURE=continue"},
			status:  200, want: "store degraded store-away; journal degraded behind",
		},
		"faulty tokens": {
			environ: []string{"SCIMBRIDGE_ACCESS_TOKENSFILE=" + faulty},
			then: func(t *testing.T, _ *memdir.Server) {
				if err := os.WriteFile(faulty, []byte("- {name: a, tokn: beta-0123456789abcdefghij}  # longer\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			},
			status: 200, want: "tokens degraded tokens-faulty",
		},
	} {
		t.Run(name, func(t *testing.T) {
			ldap := company(t)
			urls := c.urls
			if urls == nil {
				urls = []string{""}
			}
			var all []string
			for i, url := range urls {
				if url == "" {
					url = ldap.URL()
				}
				all = append(all, fmt.Sprintf("SCIMBRIDGE_DIRECTORY_URLS_%d=%s", i, url))
			}
			o := oversee(t, configuration(t, ldap.URL()), append(all, c.environ...)...)
			if c.then != nil {
				ready(t, o.root, "ok")
				c.then(t, ldap)
			}
			answer := readiness{}
			status, got := 0, ""
			for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
				if !c.idle {
					send(t, "POST", o.root+"/Users", token, `{"userName":"mara"}`).Body.Close()
				}
				status, got = o.readiness(t, &answer)
				if status == c.status && got == c.want {
					break
				}
			}
			if status != c.status || got != c.want || !strings.Contains(fmt.Sprint(answer), c.detail) {
				t.Errorf("%d %q %+v, want %d %q", status, got, answer, c.status, c.want)
			}
			scim := send(t, "GET", strings.TrimSuffix(o.root, "/scim/v2")+"/readyz", "", "")
			scim.Body.Close()
			if scim.StatusCode != c.status {
				t.Errorf("the SCIM listener says %d", scim.StatusCode)
			}
			for _, of := range [][]string{
				{"SCIMBRIDGE_ADMIN_ADDRESS=" + strings.TrimPrefix(o.admin, "http://")},
				{"SCIMBRIDGE_LISTEN_ADDRESS=" + strings.TrimSuffix(strings.TrimPrefix(o.root, "http://"), "/scim/v2")},
			} {
				code, out, said := program(t, of, "health", "--config", configuration(t, "ldap://nowhere.example"))
				if (code == exitOK) != (c.status == 200) || out+said == "" {
					t.Errorf("scimbridge health: %d %s%s", code, out, said)
				}
				code, out, said = program(t, of, "health", "--live", "--config", configuration(t, "ldap://nowhere.example"))
				if code != exitOK {
					t.Errorf("scimbridge health --live: %d %s%s", code, out, said)
				}
			}
		})
	}
}

type readiness struct {
	Status string
	Parts  []struct {
		Part, Status, Reason string
		Detail               []string
	}
}

// readiness asks, and says which parts are not well.
func (o overseen) readiness(t *testing.T, answer *readiness) (status int, said string) {
	t.Helper()
	status, text := o.ask(t, "GET", "/readyz", "")
	*answer = readiness{}
	if err := json.Unmarshal([]byte(text), answer); err != nil {
		t.Fatal(err, text)
	}
	var parts []string
	for _, p := range answer.Parts {
		if p.Status != "ok" {
			parts = append(parts, p.Part+" "+p.Status+" "+p.Reason)
		}
	}
	return status, strings.Join(parts, "; ")
}

// TestLogLevel: it is what was put, until something else is.
func TestLogLevel(t *testing.T) {
	o := oversee(t, configuration(t, company(t).URL()))
	if status, said := o.ask(t, "GET", "/log", ""); status != 200 || said != "info\n" {
		t.Error(status, said)
	}
	if status, said := o.ask(t, "PUT", "/log", "loud"); status != 400 || !strings.Contains(said, "debug, info, warn, error") {
		t.Error(status, said)
	}
	if status, said := o.ask(t, "PUT", "/log", "debug\n"); status != 200 || said != "debug\n" {
		t.Error(status, said)
	}
	send(t, "POST", o.root+"/Users", token, `{"userName":"mara"}`).Body.Close()
	if status, said := o.ask(t, "PUT", "/log", "error"); status != 200 || said != "error\n" {
		t.Error(status, said)
	}
	send(t, "POST", o.root+"/Users", token, `{"userName":"nils"}`).Body.Close()
	o.stop()
	<-o.ended
	debug, loud := false, false
	for line := range o.lines {
		debug = debug || strings.Contains(line, "changetype: add")
		loud = loud || strings.Contains(line, "nils")
	}
	if !debug || loud {
		t.Errorf("LDIF at debug: %v; a create at error: %v", debug, loud)
	}
}
