package examples_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"scimbridge/bridge/access/issuertest"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/logtest"
	"scimbridge/bridge/tracing/tracingtest"
	"scimbridge/examples/bridgetest"
	"scimbridge/ldapmap/ldif"
)

// secret is one that the program is given: in its configuration (env), in requests (use), or by itself (value, else it is drawn). One that
// stands apart has a program of its own: with it the program does not start, or does not reach what it needs.
type secret struct {
	what  string
	apart bool
	value func(w *watched) string
	env   func(w *watched, value string) []string
	use   func(w *watched, value string)
}

const asForm = "Content-Type: application/x-www-form-urlencoded"

// secrets has a row for each place at which a secret comes in.
var secrets = []secret{
	{
		what:  "the bind password",
		value: func(w *watched) string { return w.server.Password },
		use:   func(w *watched, _ string) { w.ask("GET", "/Users", "") },
	},
	{
		what: "a bind password that the directory refuses", apart: true,
		env: func(w *watched, value string) []string {
			return []string{"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=", "SCIMBRIDGE_DIRECTORY_BIND_PASSWORDFILE=" + w.file(value)}
		},
		use: func(w *watched, _ string) {
			w.ask("GET", "/Users", "")
			w.ask("GET", "/../../readyz", "")
		},
	},
	{
		what:  "a password in the directory's URL",
		apart: true,
		env: func(_ *watched, value string) []string {
			return []string{"SCIMBRIDGE_DIRECTORY_URLS=ldaps://cn=admin:" + value + "@dc1.example.org"}
		},
	},
	{
		what: "a token",
		env:  func(_ *watched, value string) []string { return []string{"SCIMBRIDGE_ACCESS_TOKEN=" + value} },
		use: func(w *watched, value string) {
			w.token = value
			w.ask("GET", "/ServiceProviderConfig", "")
			w.ask("GET", "/Users?access_token="+value, "")
		},
	},
	{what: "a token that nobody has", use: func(w *watched, value string) {
		for _, header := range []string{"Bearer " + value, "Basic " + value, value, "Bearer " + value + " " + value} {
			w.ask("GET", "/Users", "", "Authorization: "+header)
			w.ask("POST", "/Users", "{}", "Authorization: "+header)
		}
	}},
	{
		what: "tokens of a list, and of one that is faulty",
		env: func(w *watched, value string) []string {
			return []string{"SCIMBRIDGE_ACCESS_TOKENSFILE=" + w.file("- {name: listed, token: "+value+"}")}
		},
		use: func(w *watched, value string) {
			w.ask("GET", "/Users", "", "Authorization: Bearer "+value)
			for _, list := range []string{
				"- {name: a, tokn: " + value + "}", "- {name: [" + value, value, "- " + value, "- {" + value + ": x}",
				"- {name: listed, token: " + value + "}", // what comes after has a sound one
			} {
				if err := os.WriteFile(w.files[value], []byte(list), 0o600); err != nil {
					w.Fatal(err)
				}
				w.ask("GET", "/Users", "", "Authorization: Bearer "+value)
			}
		},
	},
	{what: "a token under a misspelt key", apart: true, env: func(_ *watched, value string) []string {
		return []string{"SCIMBRIDGE_ACCESS_TOKN=" + value}
	}},
	{what: "secrets in a file that is no YAML", apart: true, env: func(w *watched, value string) []string {
		w.more = "\nstore: {url: \"postgres://a:" + value + "@b/c\"}\n" +
			"access: {token: " + value + ", tken: " + value + ", oauth: [" + value + "}\n"
		return nil
	}},
	{what: "secrets where they do not belong", apart: true, env: func(w *watched, value string) []string {
		w.more = "\nlog: {level: " + value + ", format: [" + value + "]}\n" +
			"store: {url: \"postgres://a:" + value + "@b/c\", timeout: " + value + "}\n"
		return nil
	}},
	{what: "a key that is none", apart: true, env: func(w *watched, value string) []string {
		file := w.file("-----BEGIN PRIVATE KEY-----\n" + value + "\n-----END PRIVATE KEY-----\n")
		return []string{
			"SCIMBRIDGE_LISTEN_TLS_CERTIFICATE=" + file, "SCIMBRIDGE_LISTEN_TLS_KEY=" + file,
			"SCIMBRIDGE_DIRECTORY_TLS_CERTIFICATE=" + file, "SCIMBRIDGE_DIRECTORY_TLS_KEY=" + file,
		}
	}},
	{what: "a user's password", use: func(w *watched, value string) {
		user := func(name, more string) string {
			return resource("/Users", `"userName":"`+name+`","name":{"familyName":"F"},"displayName":"`+name+`",`+
				`"password":"`+value+`","nosuch":"`+value+`","again":[{"value":"`+value+`"}]`+more)
		}
		made := w.ask("POST", "/Users", user("planted", ""))
		var planted struct{ ID string }
		if err := json.Unmarshal([]byte(made), &planted); err != nil || planted.ID == "" {
			w.Fatalf("no user is made: %s", made)
		}
		at := "/Users/" + planted.ID
		w.ask("POST", "/Users", user("planted", ""))
		w.ask("POST", "/Users", user("refused", `,"title":"`+strings.Repeat("x", 40_000)+`"`))
		w.ask("POST", "/Users", user("unreadable", `,`))
		w.ask("POST", "/Users", user("misfit", `,"active":{}`))
		w.ask("PUT", at, user("planted", ""))
		for _, operation := range []string{
			`{"op":"replace","path":"password","value":"` + value + `"}`,
			`{"op":"replace","value":{"password":"` + value + `","nosuch":"nothing"}}`,
			`{"op":"replace","value":{"password":["` + value + `"],"title":{}}}`,
			`{"op":"replace","value":{"password":"` + value + `","nosuch":"` + value + `"}}`,
			`{"op":"replace","value":{"InitialPassword":"` + value + `","clientSecret":["` + value + `"]}}`,
			`{"op":"add","path":"nosuch[value eq \"` + value + `\"]","value":{"x":"` + value + `","pwd":"` + value + `"}}`,
			`{"op":"replace","path":"password[value eq \"` + value + `\"]","value":"x"}`,
			`{"op":"remove","path":"password","value":"` + value + `"}`,
			`{"op":"add","path":"passwort","value":"` + value + `"}`,
		} {
			w.ask("PATCH", at, operations(operation))
		}
		w.ask("POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`+
			`{"method":"POST","path":"/Users","bulkId":"a","data":`+user("bulk", "")+`},`+
			`{"method":"POST","path":"/Users","bulkId":"b","data":`+user("planted", "")+`},`+
			`{"method":"PATCH","path":"`+at+`","data":`+operations(`{"op":"replace","path":"password","value":"`+value+`"}`)+`}]}`)
		w.ask("GET", "/Users?filter="+url.QueryEscape(`password eq "`+value+`"`), "")
		w.ask("POST", "/Users/.search", `{"filter":"password eq \"`+value+`\" and (","sortBy":"password"}`)
		w.ask("GET", at+"?attributes=password", "")
		w.ask("DELETE", at, "")
	}},
	{
		what: "a password where none belongs, and none beside it, without a journal, which keeps requests", apart: true,
		use: func(w *watched, value string) {
			made := w.ask("POST", "/Users", resource("/Users", `"userName":"apart","name":{"familyName":"F"},"displayName":"apart",`+
				`"nosuch":"`+value+`"`))
			var user struct{ ID string }
			if err := json.Unmarshal([]byte(made), &user); err != nil || user.ID == "" {
				w.Fatalf("no user is made: %s", made)
			}
			w.ask("PATCH", "/Users/"+user.ID, operations(`{"op":"replace","value":{"title":"x","nosuch":"`+value+`"}}`))
		},
	},
	{
		what:  "a token of Entra's",
		value: func(w *watched) string { return w.entra.First(nil) },
		env: func(w *watched, _ string) []string {
			return []string{"SCIMBRIDGE_ACCESS_ENTRA_0_TENANT=" + issuertest.Tenant, "SCIMBRIDGE_ACCESS_ENTRA_0_AUTHORITY=" + w.entra.URL}
		},
		use: func(w *watched, value string) {
			w.ask("GET", "/Users", "", "Authorization: Bearer "+value)
			w.ask("GET", "/Users", "", "Authorization: Bearer "+value+"x")
		},
	},
	{
		what:  "a token of Entra's that has ended",
		value: func(w *watched) string { return w.entra.Second(issuertest.Claims{"exp": 1}) },
		use:   func(w *watched, value string) { w.ask("GET", "/Users", "", "Authorization: Bearer "+value) },
	},
	{what: "the key of the tokens that are issued", env: func(w *watched, value string) []string {
		return []string{"SCIMBRIDGE_ACCESS_OAUTH_KEYFILE=" + w.file(value)}
	}},
	{
		what: "a client's secret, and the token for it",
		env: func(w *watched, value string) []string {
			return []string{"SCIMBRIDGE_ACCESS_OAUTH_CLIENTS_0_ID=client", "SCIMBRIDGE_ACCESS_OAUTH_CLIENTS_0_SECRETFILES=" + w.file(value)}
		},
		use: func(w *watched, value string) {
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"client"}, "client_secret": {value}}
			answer := w.unheard("POST", "/oauth/token", form.Encode(), asForm)
			var issued struct {
				Token string `json:"access_token"`
			}
			if err := json.Unmarshal([]byte(answer), &issued); err != nil || issued.Token == "" {
				w.Fatalf("no token is issued: %s", answer)
			}
			w.planted["the token for a client's secret"] = issued.Token
			w.ask("GET", "/Users", "", "Authorization: Bearer "+issued.Token)
			w.ask("GET", "/Users", "", "Authorization: Bearer "+issued.Token+"x")
			for _, fault := range []string{
				"client_secret=" + value, form.Encode() + "x", form.Encode() + "&client_secret=x", `{"secret":"` + value,
			} {
				w.ask("POST", "/oauth/token", fault, asForm)
			}
			w.ask("POST", "/oauth/token", "grant_type=client_credentials",
				"Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("other:"+value)), asForm)
		},
	},
	{
		what: "an assertion",
		value: func(w *watched) string {
			return w.entra.Second(issuertest.Claims{"aud": "api://bridge", "sub": "workload"})
		},
		env: func(w *watched, _ string) []string {
			const client = "SCIMBRIDGE_ACCESS_OAUTH_CLIENTS_1_"
			return []string{
				client + "ID=workload", client + "ASSERTION_TENANT=" + issuertest.Tenant, client + "ASSERTION_AUTHORITY=" + w.entra.URL,
				client + "ASSERTION_AUDIENCE=api://bridge", client + "ASSERTION_SUBJECT=workload",
			}
		},
		use: func(w *watched, value string) {
			form := url.Values{
				"grant_type": {"client_credentials"}, "client_id": {"workload"}, "client_assertion": {value},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			}
			w.unheard("POST", "/oauth/token", form.Encode(), asForm)
			form.Set("client_id", "client")
			w.ask("POST", "/oauth/token", form.Encode(), asForm)
			form.Set("client_assertion", value+"x")
			w.ask("POST", "/oauth/token", form.Encode(), asForm)
		},
	},
	{
		what: "what the collector of traces knows the bridge by", apart: true,
		env: func(_ *watched, value string) []string {
			return []string{
				"OTEL_EXPORTER_OTLP_ENDPOINT=http://a:" + value + "@127.0.0.1:1/" + value,
				"OTEL_EXPORTER_OTLP_HEADERS=authorization=" + value,
			}
		},
		use: func(w *watched, _ string) {
			w.ask("GET", "/Users", "")
			w.awaits("spans cannot be sent")
		},
	},
	{
		what:  "the store's password",
		apart: true,
		env: func(w *watched, value string) []string {
			return []string{
				"SCIMBRIDGE_STORE_URL=postgres://scimbridge@127.0.0.1:1/scimbridge", "SCIMBRIDGE_STORE_PASSWORDFILE=" + w.file(value),
			}
		},
		use: func(w *watched, _ string) { w.ask("GET", "/Users", "") },
	},
	{
		what:  "the webhook's key, and a token in its URL",
		apart: true,
		value: func(*watched) string {
			return "whsec_" + base64.StdEncoding.EncodeToString([]byte(rand.Text()+rand.Text()))
		},
		env: func(w *watched, value string) []string {
			w.planted["a token in the webhook's URL"] = "Plant-" + rand.Text() + "-9a"
			return []string{
				"SCIMBRIDGE_STORE_FILE=" + filepath.Join(w.TempDir(), "store.db"), "SCIMBRIDGE_WEBHOOK_KEYFILE=" + w.file(value),
				"SCIMBRIDGE_WEBHOOK_URL=http://127.0.0.1:1/" + w.planted["a token in the webhook's URL"],
			}
		},
		use: func(w *watched, value string) {
			made := w.ask("POST", "/Users", resource("/Users", `"userName":"told","name":{"familyName":"F"},"displayName":"told"`))
			w.awaits("webhook: not taken yet")
			if err := os.WriteFile(w.files[value], []byte(value+"x"), 0o600); err != nil {
				w.Fatal(err)
			}
			var told struct{ ID string }
			if err := json.Unmarshal([]byte(made), &told); err != nil || told.ID == "" {
				w.Fatalf("no user is made: %s", made)
			}
			w.ask("DELETE", "/Users/"+told.ID, "")
			w.awaits("is no key")
		},
	},
	{
		what: "a key of the webhook's that is none, and a password in its URL", apart: true,
		env: func(w *watched, value string) []string {
			return []string{
				"SCIMBRIDGE_STORE_FILE=" + filepath.Join(w.TempDir(), "store.db"), "SCIMBRIDGE_WEBHOOK_KEYFILE=" + w.file(value),
				"SCIMBRIDGE_WEBHOOK_URL=http://a:" + value + "@127.0.0.1:1/",
			}
		},
	},
}

// watched is a program of which all is kept that it says: to its clients, in its log at level debug, and when it dies.
type watched struct {
	*testing.T
	server  *dirtest.Server
	entra   *issuertest.Issuer
	binary  string
	more    string // YAML behind the example's
	token   string
	root    string            // where it listens; "": it did not start
	config  string            // its file
	env     []string          // that goes with it
	planted map[string]string // secrets by what they are
	files   map[string]string // that hold them

	said logtest.Log
}

// file writes a secret, with what stands around it, and returns the path.
func (w *watched) file(content string) string {
	path := filepath.Join(w.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.Fatal(err)
	}
	for _, value := range w.planted {
		if strings.Contains(content, value) {
			w.files[value] = path
		}
	}
	return path
}

// ask sends a request below the SCIM root, or to the token endpoint, and returns the answer's body.
func (w *watched) ask(method, path, body string, header ...string) string {
	w.Helper()
	answer, content := w.send(method, path, body, header...)
	fmt.Fprintf(&w.said, "%s %s\n%v\n%s\n", answer.Proto, answer.Status, answer.Header, content)
	return content
}

// unheard is ask for what is answered with a secret.
func (w *watched) unheard(method, path, body string, header ...string) string {
	w.Helper()
	_, content := w.send(method, path, body, header...)
	return content
}

func (w *watched) send(method, path, body string, header ...string) (*http.Response, string) {
	w.Helper()
	if !strings.HasPrefix(path, "/oauth") {
		path = "/scim/v2" + path
	}
	request, err := http.NewRequestWithContext(w.Context(), method, w.root+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	request.Header.Set("Content-Type", "application/scim+json")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	if path == "/oauth/token" && request.Header.Get("Authorization") == "Bearer "+w.token {
		request.Header.Del("Authorization")
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		w.Fatal(err)
	}
	return answer, string(content)
}

var oversees = regexp.MustCompile(`"msg":"the admin listener listens".*"url":"(http://[^"]*)"`)

var listens = regexp.MustCompile(`"msg":"listening".*"url":"(http://[^/]*)`)

// run has the program serve with these secrets planted, brings each of them through, and has it die with all it knows on its lips.
func (w *watched) run(rows []secret) {
	w.planted, w.files = map[string]string{}, map[string]string{}
	collector := tracingtest.Start(w)
	env := []string{
		"SCIMBRIDGE_ADMIN_ADDRESS=127.0.0.1:0", "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL, "OTEL_BSP_SCHEDULE_DELAY=50",
	}
	for _, row := range rows {
		value := "Plant-" + rand.Text() + "-9a"
		if row.value != nil {
			value = row.value(w)
		}
		w.planted[row.what] = value
		if row.env != nil {
			env = append(env, row.env(w, value)...)
		}
	}
	text, variables := configured(w, w.server, basedIn(productOf(w.server), w.server), w.more, env...)
	w.config, w.env = w.file(string(text)), variables
	for _, command := range []string{"check", "serve"} {
		c := w.program(command)
		c.Stdout, c.Stderr = &w.said, &w.said
		if command == "check" {
			_ = c.Run() // a fault is what some rows are about
			continue
		}
		if err := c.Start(); err != nil {
			w.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = c.Wait() // as it is told to
		}()
		w.root = w.listening(ended)
		for _, row := range rows {
			if row.use != nil && w.root != "" {
				row.use(w, w.planted[row.what])
			}
		}
		if w.root != "" {
			if len(rows) > 1 {
				w.tells()
			}
			w.oversees()
			if len(rows) > 1 {
				collector.Await(w, "POST /scim/v2/Users")
			}
			w.hangs()
		}
		_ = c.Process.Signal(syscall.SIGQUIT) // which has Go say what every goroutine does
		<-ended
		fmt.Fprintf(&w.said, "spans:\n%s\n", collector)
	}
}

// oversees asks the admin listener all that it tells.
func (w *watched) oversees() {
	w.Helper()
	w.awaits(`"the admin listener listens"`)
	admin := oversees.FindStringSubmatch(w.said.String())[1]
	for _, path := range []string{"/metrics", "/readyz", "/log"} {
		answer, err := http.Get(admin + path)
		if err != nil {
			w.Fatal(err)
		}
		content, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			w.Fatal(err)
		}
		fmt.Fprintf(&w.said, "%s %s\n%s\n", path, answer.Status, content)
	}
}

// awaits waits until the program has said something.
func (w *watched) awaits(what string) {
	w.Helper()
	for until := time.Now().Add(time.Minute); !strings.Contains(w.said.String(), what); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			w.Fatalf("the program never said %q", what)
		}
	}
}

// listening waits until the program says where it listens, or ends.
func (w *watched) listening(ended <-chan struct{}) string {
	for late := time.After(time.Minute); ; {
		if found := listens.FindStringSubmatch(w.said.String()); found != nil {
			return found[1]
		}
		select {
		case <-ended:
			return ""
		case <-late:
			w.Fatal("the program neither listens nor ends")
		default:
			time.Sleep(time.Millisecond)
		}
	}
}

// TestSecrets: none that comes in goes out, in whichever form: not to a client, not into the log at level debug, not with a fault, not by
// the commands that tell what the store keeps, not to a webhook's receiver or a collector of traces, and not with what a dying program
// says.
func TestSecrets(t *testing.T) {
	t.Parallel()
	binary := bridgetest.Build(t)
	for _, s := range []namedServer{servers[1], servers[3]} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server, entra := s.start(t), issuertest.Start(t)
			var together []secret
			runs := map[string][]secret{}
			for _, row := range slices.Concat(secrets, keptSecrets) {
				if row.apart {
					runs[row.what] = []secret{row}
				} else {
					together = append(together, row)
				}
			}
			runs["all"] = together
			for name, rows := range runs {
				if name != "all" && s.name != servers[1].name {
					continue // it has nothing to do with the server
				}
				t.Run(name, func(t *testing.T) {
					w := &watched{T: t, server: server, entra: entra, binary: binary, token: token}
					w.run(rows)
					said := w.said.String()
					coded := decoded(said)
					for what, value := range w.planted {
						if form := leaks(said, coded, value); form != "" {
							t.Errorf("%s goes out (%s)", what, form)
						}
					}
					if name == "all" {
						for _, sign := range []string{
							"changetype: add", `"level":"DEBUG"`, "goroutine 1 ", "SIGQUIT", blanked(server), "the receiver is told",
							"scimbridge_requests_total{", `"POST /scim/v2/Users"`,
							`"part": "directory"`,
						} {
							if !strings.Contains(said, sign) {
								t.Errorf("the program did not say %q: what was looked at is not all", sign)
							}
						}
					}
				})
			}
		})
	}
}

// blanked is what stands for a password in a change record.
func blanked(server *dirtest.Server) string {
	if server.Kind == ldif.ActiveDirectory {
		return "# unicodePwd: (not shown)"
	}
	return "# userPassword: (not shown)"
}

var run64 = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}`)

// decoded is what a text holds in base64, wherever in it that begins, in pieces.
func decoded(text string) (all [][]byte) {
	standard := strings.NewReplacer("-", "+", "_", "/")
	for _, coded := range run64.FindAllString(text, -1) {
		for offset := range 4 {
			rest := standard.Replace(coded[offset:])
			piece, _ := base64.RawStdEncoding.DecodeString(rest[:len(rest)/4*4])
			all = append(all, piece)
		}
	}
	return all
}

// leaks says in which form a text, of which decoded is what it holds in base64, holds the secret; "": in none. Of a token that is a JWT,
// the signature is the secret.
func leaks(text string, decoded [][]byte, secret string) string {
	if parts := strings.Split(secret, "."); len(parts) == 3 && len(parts[2]) > 16 {
		secret = parts[2]
	}
	wide := new(strings.Builder)
	for _, unit := range utf16.Encode([]rune(secret)) {
		wide.Write([]byte{byte(unit), byte(unit >> 8)})
	}
	for form, coded := range map[string]string{
		"as it is": secret, "wide": wide.String(), "in small letters": strings.ToLower(secret), "URL": url.QueryEscape(secret),
		"hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"wide hex": hex.EncodeToString([]byte(wide.String())),
	} {
		if strings.Contains(text, coded) {
			return form
		}
	}
	for _, piece := range decoded {
		if bytes.Contains(piece, []byte(secret)) || bytes.Contains(piece, []byte(wide.String())) {
			return "base64"
		}
	}
	return ""
}

// TestLeaks: the forms in which a secret is found.
func TestLeaks(t *testing.T) {
	const secret = "Plant-ABCDEFGHIJKLMNOP-9a"
	wide := new(strings.Builder)
	for _, r := range `"` + secret + `"` {
		wide.Write([]byte{byte(r), 0})
	}
	for name, text := range map[string]string{
		"as it is":   "x" + secret + "y",
		"hex":        fmt.Sprintf("%x", "x"+secret),
		"base64":     base64.StdEncoding.EncodeToString([]byte("user:" + secret + ".")),
		"base64 URL": "in=" + base64.RawURLEncoding.EncodeToString([]byte("??"+secret+"??")),
		"unicodePwd": "unicodePwd:: " + base64.StdEncoding.EncodeToString([]byte(wide.String())),
	} {
		if leaks(text, decoded(text), secret) == "" {
			t.Errorf("%s is not found", name)
		}
	}
	if form := leaks("a.b."+strings.Repeat("s", 20), nil, "h.p."+strings.Repeat("s", 20)); form == "" {
		t.Error("the signature of a token is not found")
	}
	if form := leaks("Plant-OTHER", nil, secret); form != "" {
		t.Error(form)
	}
}
