package access

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/access/issuertest"
	"scimbridge/bridge/reason"
)

const (
	keyA    = "0123456789abcdef0123456789abcdef-a"
	keyB    = "0123456789abcdef0123456789abcdef-b"
	clientA = "client-alpha-0123456789"
	clientB = "client-bravo-0123456789"
)

// asked is what came of an attempt: a name, or the reason and what the operator is told.
func asked(name string, err error) string {
	if refusal, ok := errors.AsType[*reason.Error](err); ok {
		return fmt.Sprintf("%s: %v", refusal.Reason, refusal.Cause)
	}
	return name
}

// issue is a token for the client, or why there is none.
func issue(t *testing.T, g *Gate, client, secret string) string {
	t.Helper()
	grant, err := g.Issue(t.Context(), Credentials{Client: client, Secret: secret, Address: "192.0.2.7"})
	return asked(grant.Token, err)
}

// holds is whose a token is, or why it is nobody's.
func holds(t *testing.T, g *Gate, token string) string {
	t.Helper()
	caller, err := g.Authenticate(t.Context(), "Bearer "+token, "192.0.2.7")
	return asked(caller.Name, err)
}

func gateOf(t *testing.T, o OAuthOptions) *Gate {
	t.Helper()
	g, err := New(Options{OAuth: o}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestIssuedTokens hold at every copy and after a restart, until they end, or what they were issued for does.
func TestIssuedTokens(t *testing.T) {
	key, secret, next := file(t, keyA+"\n"), file(t, clientA+"\n"), file(t, clientB)
	o := OAuthOptions{KeyFile: key, Clients: []ClientOptions{
		{ID: "entra", SecretFiles: []string{secret, next}, Role: "groups-only"},
		{ID: "hr", SecretFiles: []string{file(t, "another-0123456789")}, Addresses: []string{"198.51.100.0/24"}},
	}}
	one, other := gateOf(t, o), gateOf(t, o)
	token, second := issue(t, one, "entra", clientA), issue(t, one, "entra", clientB)
	for _, copies := range []*Gate{one, other, gateOf(t, o)} {
		for _, each := range []string{token, second} {
			if got := holds(t, copies, each); got != "entra" {
				t.Error(got)
			}
		}
	}
	caller, err := other.Authenticate(t.Context(), "Bearer "+token, "")
	if err != nil || caller != (Caller{"entra", GroupsOnly, ""}) {
		t.Errorf("%+v %v", caller, err)
	}
	if strings.Contains(token, clientA) || strings.Contains(token, keyA) {
		t.Error("the token holds a secret")
	}
	for client, want := range map[[2]string]string{
		{"entra", clientA + "x"}:     `unauthenticated: the secret is none of the client "entra"`,
		{"entra", ""}:                `unauthenticated: the secret is none of the client "entra"`,
		{"Entra", clientA}:           `unauthenticated: there is no client of the client_id that was sent`,
		{clientA, "entra"}:           `unauthenticated: there is no client of the client_id that was sent`, // which is a secret
		{"hr", "another-0123456789"}: `unauthenticated: the client "hr" is not for this address`,
		{"hr", clientA}:              `unauthenticated: the client "hr" is not for this address`,
	} {
		if got := issue(t, one, client[0], client[1]); got != want {
			t.Errorf("%v: %s", client, got)
		}
	}

	// Time.
	now := time.Now()
	at := func(g *Gate, d time.Duration) { g.now = func() time.Time { return now.Add(d) } }
	at(other, time.Hour+30*time.Second)
	if got := holds(t, other, token); got != "entra" {
		t.Error(got)
	}
	at(other, time.Hour+2*time.Minute)
	if got := holds(t, other, token); !strings.HasPrefix(got, `unauthenticated: the token of "entra": `) {
		t.Error(got)
	}
	at(other, 0)

	// The key.
	rewrite := func(path, content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(key, keyB+"\n"+keyA+"\n")
	newer := issue(t, one, "entra", clientA)
	if got := holds(t, other, token) + holds(t, other, newer); got != "entraentra" {
		t.Error(got)
	}
	rewrite(key, keyB+"\n")
	const gone = "unauthenticated: the token was issued for a secret, or by a key, that is none any more"
	if got := holds(t, other, token); got != gone {
		t.Error(got)
	}
	if got := holds(t, other, newer); got != "entra" {
		t.Error(got)
	}

	// The secret.
	rewrite(secret, "a-third-0123456789")
	if got := holds(t, other, newer); got != gone {
		t.Error(got)
	}
	last := issue(t, one, "entra", clientB)
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	if got := holds(t, other, last) + " " + holds(t, other, newer); got != "entra tokens-faulty: <nil>" {
		t.Error(got)
	}
	if got := issue(t, other, "entra", clientA); got != "tokens-faulty: <nil>" {
		t.Error(got)
	}
}

// TestTokensThatTheBridgeDidNotIssue are nobody's, however near they come.
func TestTokensThatTheBridgeDidNotIssue(t *testing.T) {
	g := gateOf(t, OAuthOptions{Key: keyA, Clients: []ClientOptions{{ID: "entra", SecretFiles: []string{file(t, clientA)}}}})
	token := issue(t, g, "entra", clientA)
	foreign := issue(t, gateOf(t, OAuthOptions{Key: keyB, Clients: g.options.OAuth.Clients}), "entra", clientA)
	mine := g.clients.known["entra"].proofs[0]
	signed := func(key []byte, kid string, claims jwt.Claims) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", kid))
		if err != nil {
			t.Fatal(err)
		}
		text, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	parts := strings.Split(token, ".")
	for name, forged := range map[string]string{
		"another key":        foreign,
		"signed by a guess":  signed([]byte(keyA), mine.kid, jwt.Claims{Issuer: issuerName, Subject: "entra"}),
		"signed by a secret": signed([]byte(clientA+"-and-some-more"), mine.kid, jwt.Claims{Issuer: issuerName, Subject: "entra"}),
		"no key":             signed([]byte(keyA), "", jwt.Claims{Issuer: issuerName, Subject: "entra"}),
		"changed":            parts[0] + "." + strings.ToUpper(parts[1]) + "." + parts[2],
		"without signature":  parts[0] + "." + parts[1] + ".",
		"another's":          signed(mine.mac, mine.kid, jwt.Claims{Issuer: issuerName, Subject: "hr"}),
		"another issuer's":   signed(mine.mac, mine.kid, jwt.Claims{Issuer: "hr", Subject: "entra"}),
	} {
		if got := holds(t, g, forged); !strings.HasPrefix(got, "unauthenticated: ") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestWorkloadIdentity: an assertion of Entra's takes the place of a secret.
func TestWorkloadIdentity(t *testing.T) {
	entra := issuertest.Start(t)
	var log bytes.Buffer
	g, err := New(Options{OAuth: OAuthOptions{Key: keyA, Lifetime: 2 * time.Hour, Clients: []ClientOptions{
		{ID: "secret", SecretFiles: []string{file(t, clientA)}},
		{ID: "workload", Role: "users-only", Assertion: &AssertionOptions{
			Tenant: issuertest.Tenant, Authority: entra.URL, Audience: "api://bridge/.default", Subject: "sync-fabric",
		}},
	}}}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	of := func(changed issuertest.Claims) string {
		claims := issuertest.Claims{"aud": "api://bridge", "sub": "sync-fabric", "azp": nil, "appid": "any"}
		for name, value := range changed {
			claims[name] = value
		}
		return entra.Second(claims)
	}
	for name, test := range map[string]struct {
		shown Credentials
		want  string
	}{
		"as the sample":    {Credentials{Assertion: of(nil)}, "workload"},
		"as the portal":    {Credentials{Assertion: of(issuertest.Claims{"aud": "api://bridge/.default"})}, "workload"},
		"another audience": {Credentials{Assertion: of(issuertest.Claims{"aud": "api://other"})}, "unauthenticated: the token is for"},
		"another subject":  {Credentials{Assertion: of(issuertest.Claims{"sub": "other"})}, "unauthenticated: the token's subject"},
		"another tenant":   {Credentials{Assertion: of(issuertest.Claims{"tid": "other"})}, "unauthenticated: the token's tenant"},
		"expired":          {Credentials{Assertion: of(issuertest.Claims{"exp": 1})}, "unauthenticated: the token was valid until"},
		"no assertion":     {Credentials{Assertion: "x"}, "unauthenticated: the token is no JWT"},
		"nothing":          {Credentials{}, `unauthenticated: the secret is none of the client "workload"`},
		"of a client of secret": {
			Credentials{Client: "secret", Assertion: of(nil)}, `unauthenticated: the client "secret" has no assertion`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.shown.Client == "" {
				test.shown.Client = "workload"
			}
			grant, err := g.Issue(t.Context(), test.shown)
			if got := asked(grant.Client, err); !strings.HasPrefix(got, test.want) {
				t.Errorf("%s, want %s", got, test.want)
			}
			if err != nil {
				return
			}
			caller, err := g.Authenticate(t.Context(), "Bearer "+grant.Token, "")
			if err != nil || caller != (Caller{"workload", UsersOnly, ""}) || grant.Lifetime != 2*time.Hour {
				t.Errorf("%+v %v %v", caller, grant.Lifetime, err)
			}
		})
	}
	// An assertion is no token itself.
	if got := holds(t, g, of(nil)); !strings.HasPrefix(got, "unauthenticated") {
		t.Error(got)
	}
	entra.Down(true)
	g.rings.all = nil
	down, err := New(g.options, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, err = down.Issue(t.Context(), Credentials{Client: "workload", Assertion: of(nil)})
	if got := asked("", err); !strings.HasPrefix(got, "keys-unavailable") {
		t.Error(got)
	}
}

// TestAnAssertionMayBeShownAgain until it ends, at every copy: Entra's is an access token, without an id, which is kept while it lasts. One
// without an end is none.
func TestAnAssertionMayBeShownAgain(t *testing.T) {
	entra := issuertest.Start(t)
	o := OAuthOptions{Key: keyA, Clients: []ClientOptions{{ID: "workload", Assertion: &AssertionOptions{
		Tenant: issuertest.Tenant, Authority: entra.URL, Audience: "api://bridge", Subject: "sync-fabric",
	}}}}
	one, other := gateOf(t, o), gateOf(t, o)
	now := time.Now()
	of := func(changed issuertest.Claims) string {
		claims := issuertest.Claims{"aud": "api://bridge", "sub": "sync-fabric", "exp": now.Add(65 * time.Minute).Unix()}
		for name, value := range changed {
			claims[name] = value
		}
		return entra.Second(claims)
	}
	show := func(g *Gate, assertion string) string {
		t.Helper()
		grant, err := g.Issue(t.Context(), Credentials{Client: "workload", Assertion: assertion})
		return asked(grant.Client, err)
	}
	for name, assertion := range map[string]string{"as Entra's": of(nil), "with an id": of(issuertest.Claims{"jti": "1"})} {
		for _, after := range []time.Duration{0, time.Minute, 65 * time.Minute} {
			for _, g := range []*Gate{one, other} {
				g.now = func() time.Time { return now.Add(after) }
				if got := show(g, assertion); got != "workload" {
					t.Errorf("%s after %v: %s", name, after, got)
				}
			}
		}
		one.now = func() time.Time { return now.Add(67 * time.Minute) }
		if got := show(one, assertion); !strings.HasPrefix(got, "unauthenticated: the token was valid until") {
			t.Errorf("%s once it has ended: %s", name, got)
		}
	}
	one.now = time.Now
	if got := show(one, of(issuertest.Claims{"exp": nil})); !strings.HasPrefix(got, "unauthenticated: ") {
		t.Errorf("one without an end: %s", got)
	}
}

func TestCheckOAuth(t *testing.T) {
	secret := file(t, clientA)
	good := AssertionOptions{Tenant: issuertest.Tenant, Audience: "api://a", Subject: "s"}
	for name, test := range map[string]struct {
		options OAuthOptions
		want    []string
	}{
		"good":   {OAuthOptions{Key: keyA, Clients: []ClientOptions{{ID: "a", SecretFiles: []string{secret}}}}, nil},
		"no key": {OAuthOptions{Clients: []ClientOptions{{ID: "a", Assertion: &good}}}, []string{"oauth.keyFile: is missing"}},
		"no clients": {
			OAuthOptions{Key: keyA}, []string{": names nobody who may call", "oauth.key: signs nothing: there are no clients"},
		},
		"short key": {OAuthOptions{Key: "short", Clients: []ClientOptions{{ID: "a", Assertion: &good}}}, []string{
			"oauth.key: has fewer than 32 characters",
		}},
		"everything": {
			OAuthOptions{KeyFile: "/nowhere/key", Lifetime: 48 * time.Hour, Clients: []ClientOptions{
				{ID: "a", SecretFiles: []string{secret, "/nowhere/secret", file(t, "short")}, Role: "admin", Addresses: []string{"x"}},
				{ID: "a", SecretFiles: []string{secret}},
				{SecretFiles: []string{file(t, clientB)}},
				{ID: "d"},
				{ID: "e", Assertion: &AssertionOptions{Tenant: "x", Authority: "http://example"}},
			}},
			[]string{
				"oauth.keyFile: cannot be read: open /nowhere/key: no such file or directory",
				"oauth.lifetime: is longer than 24h0m0s",
				"oauth.clients[0].secretFiles: are more than two: one that goes and one that comes",
				"oauth.clients[0].role: is not one of provisioner, users-only, groups-only, reader, operator",
				"oauth.clients[0].addresses[0]: is no address and no network",
				"oauth.clients[0].secretFiles[1]: cannot be read: open /nowhere/secret: no such file or directory",
				"oauth.clients[0].secretFiles[2]: the secret has fewer than 16 characters",
				`oauth.clients[1].id: "a" is the id of another client too`,
				"oauth.clients[2].id: is missing",
				"oauth.clients[3].secretFiles: names no file, and there is no assertion: the client has nothing to show",
				"oauth.clients[4].assertion.tenant: is not the id of a tenant",
				"oauth.clients[4].assertion.authority: is not an https URL, as https://login.microsoftonline.com",
				"oauth.clients[4].assertion.audience: is missing",
				"oauth.clients[4].assertion.subject: is missing",
			},
		},
	} {
		var got []string
		o := Options{OAuth: test.options}
		o.Check(false, func(path, problem string) { got = append(got, path+": "+problem) })
		begins := cmp.Comparer(func(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) })
		if diff := cmp.Diff(test.want, got, begins); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	same := OAuthOptions{Key: keyA, Clients: []ClientOptions{
		{ID: "a", SecretFiles: []string{secret}}, {ID: "b", SecretFiles: []string{file(t, clientA)}},
	}}
	_, err := New(Options{OAuth: same}, nil)
	if err == nil || !strings.Contains(err.Error(), "clients[1].secretFiles[0]: holds the same secret as clients[0].secretFiles[0]") {
		t.Error(err)
	}
}
