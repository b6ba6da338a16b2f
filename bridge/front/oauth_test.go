package front

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"scimbridge/bridge/access"
	"scimbridge/bridge/access/issuertest"
)

const clientSecret = "client-alpha-0123456789"

func basic(id, secret string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// TestTokenEndpoint: what a client may send for a token, and what it is told.
func TestTokenEndpoint(t *testing.T) {
	const plain, odd = "client-alpha-0123456789", "client bravo+0123%456789"
	files := [2]string{filepath.Join(t.TempDir(), "plain"), filepath.Join(t.TempDir(), "odd")}
	for i, content := range []string{plain, odd} {
		if err := os.WriteFile(files[i], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	entra := issuertest.Start(t)
	s := serveWith(t, Options{}, access.Options{OAuth: access.OAuthOptions{
		Key: "0123456789abcdef0123456789abcdef", Clients: []access.ClientOptions{
			{ID: "entra", SecretFiles: files[:], Role: "reader"},
			{ID: "workload", Assertion: &access.AssertionOptions{
				Tenant: issuertest.Tenant, Authority: entra.URL, Audience: "api://bridge", Subject: "sync-fabric",
			}},
		},
	}})
	form := func(pairs ...string) string {
		values := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			values.Add(pairs[i], pairs[i+1])
		}
		return values.Encode()
	}
	assertion := entra.Second(issuertest.Claims{"aud": "api://bridge", "sub": "sync-fabric"})
	credentials := []string{"grant_type", clientCredentials, "client_id", "entra", "client_secret"}
	asserted := []string{"grant_type", clientCredentials, "client_id", "workload", "client_assertion", assertion, "client_assertion_type"}
	const none = "X-None: 1"
	for name, test := range map[string]struct {
		body, header string
		status       int
		err          string
	}{
		"in the body":             {form(append(credentials, plain)...), none, 200, ""},
		"the other secret":        {form(append(credentials, odd)...), none, 200, ""},
		"in the header":           {form("grant_type", clientCredentials, "scope", "any"), basic("entra", plain), 200, ""},
		"in the header, encoded":  {form("grant_type", clientCredentials), basic("entra", url.QueryEscape(odd)), 200, ""},
		"in the header, as it is": {form("grant_type", clientCredentials), basic("entra", odd), 200, ""},
		"in both":                 {form(append(credentials, plain)...), basic("entra", plain), 200, ""},
		"in both, encoded":        {form(append(credentials, odd)...), basic("entra", url.QueryEscape(odd)), 200, ""},
		"assertion":               {form(append(asserted, jwtBearer)...), none, 200, ""},
		"wrong secret":            {form(append(credentials, plain+"x")...), none, 401, "invalid_client"},
		"wrong in the header":     {form("grant_type", clientCredentials), basic("entra", "x"), 401, "invalid_client"},
		"no secret":               {form(credentials[:4]...), none, 401, "invalid_client"},
		"no such client":          {form("grant_type", clientCredentials), basic("x", plain), 401, "invalid_client"},
		"no client":               {form("grant_type", clientCredentials), none, 400, "invalid_request"},
		"both, and they differ":   {form(append(credentials, plain)...), basic("entra", odd), 400, "invalid_request"},
		"both, of two clients":    {form(append(credentials, plain)...), basic("x", plain), 400, "invalid_request"},
		"another scheme":          {form(append(credentials, plain)...), "Authorization: Bearer x", 400, "invalid_request"},
		"no grant type":           {form("client_id", "entra", "client_secret", plain), none, 400, "invalid_request"},
		"another grant type":      {form("grant_type", "password"), none, 400, "unsupported_grant_type"},
		"twice":                   {form(append(credentials, plain, "client_id", "entra")...), none, 400, "invalid_request"},
		"another assertion type":  {form(append(asserted, "x")...), none, 400, "invalid_request"},
		"assertion and secret":    {form(append(asserted, jwtBearer, "client_secret", plain)...), none, 400, "invalid_request"},
		"wrong assertion": {
			strings.Replace(form(append(asserted, jwtBearer)...), assertion, assertion[:len(assertion)-8]+"AAAAAAAA", 1), none,
			401, "invalid_client",
		},
		"JSON": {`{"grant_type":"client_credentials"}`, "Content-Type: application/json", 400, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.raw(t, "POST /oauth/token", test.body, test.header)
			var got struct {
				Token       string `json:"access_token"`
				Type        string `json:"token_type"`
				Expires     int    `json:"expires_in"`
				Error       string
				Description string `json:"error_description"`
			}
			if err := json.Unmarshal([]byte(a.body), &got); err != nil {
				t.Fatalf("%d %s: %v", a.status, a.body, err)
			}
			if a.status != test.status || got.Error != test.err || a.header.Get("Cache-Control") != "no-store" ||
				!strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
				t.Errorf("%d %s %v", a.status, a.body, a.header)
			}
			if challenged := a.header.Get("WWW-Authenticate") != ""; challenged != (a.status == 401 && test.header != none) {
				t.Errorf("WWW-Authenticate %q", a.header.Get("WWW-Authenticate"))
			}
			if test.status != 200 {
				return
			}
			if got.Type != "Bearer" || got.Expires != 3600 {
				t.Errorf("%+v", got)
			}
			a = s.raw(t, "GET /scim/v2/ServiceProviderConfig", "", "Authorization: Bearer "+got.Token)
			if !strings.Contains(a.body, `"type":"oauth2"`) {
				t.Errorf("discovery: %s", a.body)
			}
			if a := s.raw(t, "GET /scim/v2/Users/1", "", "Authorization: Bearer "+got.Token); a.status != 200 {
				t.Errorf("the token: %d %s", a.status, a.body)
			}
			if strings.Contains(s.log.String(), got.Token) {
				t.Error("a token in the log")
			}
		})
	}
	for _, secret := range []string{plain, odd, url.QueryEscape(odd), assertion} {
		if strings.Contains(s.log.String(), secret) {
			t.Error("a secret in the log")
		}
	}
	if log := s.log.String(); !strings.Contains(log, `"refused":"the secret is none of the client \"entra\""`) {
		t.Error(log)
	}
	if a := s.raw(t, "POST /oauth/token", "grant_type="+strings.Repeat("x", tokenBody)); a.status != 413 {
		t.Errorf("a large body: %d", a.status)
	}
	checkError(t, "GET", s.raw(t, "GET /oauth/token", ""), 405, "")
	for _, path := range []string{"/OAuth/Token", "/oauth/token/", "/oauth/token?x"} {
		if a := s.raw(t, "POST "+path, form(append(credentials, plain)...)); a.status != 200 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	without := serve(t, Options{})
	checkError(t, "no clients", without.raw(t, "POST /oauth/token", form(append(credentials, plain)...)), 404, "")
}

// TestFailuresToGetATokenAreLimited: the log and the journal tell of a client that gets no token, and of one that keeps on only so often.
func TestFailuresToGetATokenAreLimited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(clientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serveWith(t, Options{}, access.Options{OAuth: access.OAuthOptions{
		Key: strings.Repeat("k", 32), Clients: []access.ClientOptions{{ID: "entra", SecretFiles: []string{path}}},
	}})
	for _, want := range []map[string]any{
		{"status": 401., "level": "INFO", "reason": "unauthenticated", "refused": `the secret is none of the client "entra"`},
		{"status": 429., "level": "DEBUG", "reason": "attempts", "refused": nil},
	} {
		var got map[string]any
		for range 100 {
			s.raw(t, "POST /oauth/token", "grant_type=client_credentials", basic("entra", "wrong"))
			if got = s.logged(t); got["status"] == want["status"] {
				break
			}
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: %v, want %v", key, got[key], value)
			}
		}
		if told := s.double.refused; told[len(told)-1] != fmt.Sprintf(`token  ""  %s by ""`, want["reason"]) {
			t.Errorf("the journal is told %q", told[len(told)-1])
		}
	}
	if a := s.raw(t, "POST /oauth/token", "grant_type=client_credentials", basic("entra", clientSecret)); a.status != 200 {
		t.Errorf("the right one: %d", a.status)
	}
}

// TestTheTokenEndpointIsLimited: beyond what it takes of a client, or of requests that cannot be read from an address, it is 429 with when
// to come back, in whole seconds; who has what it takes is let in all the same.
func TestTheTokenEndpointIsLimited(t *testing.T) {
	dir := t.TempDir()
	path, odd, third := filepath.Join(dir, "secret"), filepath.Join(dir, "odd"), filepath.Join(dir, "third")
	const oddSecret = "client bravo+0123%456789"
	for file, content := range map[string]string{path: clientSecret, odd: oddSecret, third: "x" + clientSecret} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := serveWith(t, Options{}, access.Options{OAuth: access.OAuthOptions{
		Key: strings.Repeat("k", 32), Clients: []access.ClientOptions{
			{ID: "entra", SecretFiles: []string{path}}, {ID: "hr", SecretFiles: []string{odd}}, {ID: "it", SecretFiles: []string{third}},
		},
	}})
	const right = "grant_type=client_credentials"
	until429 := func(want int, reason, body string, headers ...string) {
		t.Helper()
		for n := range 1000 {
			a := s.raw(t, "POST /oauth/token", body, headers...)
			if a.status == want {
				continue
			}
			wait, err := strconv.Atoi(a.header.Get("Retry-After"))
			if n < 20 || a.status != 429 || err != nil || wait < 1 || !strings.Contains(a.body, `"error":"temporarily_unavailable"`) {
				t.Errorf("after %d: %d %v %s", n, a.status, a.header, a.body)
			}
			if got := s.logged(t); got["reason"] != reason {
				t.Errorf("the log: %v", got)
			}
			return
		}
		t.Errorf("%s: nothing limits it", reason)
	}
	until429(200, "too-fast", right, basic("entra", clientSecret))
	until429(200, "too-fast", right, basic("hr", url.QueryEscape(oddSecret))) // which is read in two ways
	until429(400, "attempts", "grant_type=password")
	if a := s.raw(t, "POST /oauth/token", "grant_type=client_credentials&grant_type=x"); a.status != 429 {
		t.Errorf("another that cannot be read: %d", a.status)
	}
	if a := s.raw(t, "POST /oauth/token", right, basic("it", "x"+clientSecret)); a.status != 200 {
		t.Errorf("the right one: %d", a.status)
	}
}

// TestFailuresAreLimited: who has failed often is told when to come back, and neither fills the log nor keeps the right one out.
func TestFailuresAreLimited(t *testing.T) {
	s := serve(t, Options{})
	limited := 0
	for range 60 {
		a := s.raw(t, "POST /scim/v2/Users", "{}", "Authorization: Bearer wrong")
		if a.status == 429 {
			limited++
			checkError(t, "POST", a, 429, "")
			if a.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			if got := s.logged(t); got["level"] != "DEBUG" || got["reason"] != "attempts" {
				t.Errorf("the log: %v", got)
			}
		} else {
			checkError(t, "POST", a, 401, "")
		}
		if a := s.ask(t, "POST /scim/v2/Users", "{}"); a.status != 201 {
			t.Fatalf("the right one: %d", a.status)
		}
	}
	if limited < 10 {
		t.Errorf("%d of 60 were limited", limited)
	}
}

// TestEntrasTokensAreServed, and while its keys cannot be had the client is to come back.
func TestEntrasTokensAreServed(t *testing.T) {
	entra := issuertest.Start(t)
	s := serveWith(t, Options{}, access.Options{Entra: []access.EntraOptions{{Tenant: issuertest.Tenant, Authority: entra.URL}}})
	entra.Down(true)
	token := entra.First(nil)
	a := s.raw(t, "POST /scim/v2/Users", "{}", "Authorization: Bearer "+token)
	checkError(t, "POST", a, 503, "")
	if a.header.Get("Retry-After") == "" || s.logged(t)["reason"] != "keys-unavailable" {
		t.Errorf("%v %v", a.header, s.logged(t))
	}
	other := serveWith(t, Options{}, access.Options{Entra: []access.EntraOptions{{Tenant: issuertest.Tenant, Authority: entra.URL}}})
	entra.Down(false)
	for _, each := range []string{token, entra.Second(nil)} {
		if a := other.raw(t, "POST /scim/v2/Users", "{}", "Authorization: Bearer "+each); a.status != 201 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if got := other.logged(t); got["caller"] != "entra" {
		t.Errorf("%v", got)
	}
	a = other.raw(t, "POST /scim/v2/Users", "{}", "Authorization: Bearer "+entra.First(issuertest.Claims{"tid": "other"}))
	checkError(t, "POST", a, 401, "")
	if got := other.logged(t); got["refused"] != `the token's tenant is "other"` {
		t.Errorf("%v", got)
	}
	if strings.Contains(s.log.String()+other.log.String(), token) {
		t.Error("a token in the log")
	}
}
