package access

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"scimbridge/bridge/access/issuertest"
	"scimbridge/bridge/reason"
)

// entra is a gate that a tenant of a test's issuer calls, with a clock that can be turned.
type entra struct {
	*Gate
	*issuertest.Issuer
	clock time.Time
	calls int
	log   bytes.Buffer
}

func startEntra(t *testing.T, change func(o *EntraOptions)) *entra {
	t.Helper()
	e := &entra{Issuer: issuertest.Start(t), clock: time.Now()}
	o := EntraOptions{Tenant: issuertest.Tenant, Authority: e.URL, Role: "users-only"}
	if change != nil {
		change(&o)
	}
	var err error
	e.Gate, err = New(Options{Entra: []EntraOptions{o}, Token: secretA}, slog.New(slog.NewTextHandler(&e.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	e.now = func() time.Time { return e.clock }
	e.rings.now = e.now
	return e
}

// is holds what a token comes to: a caller's name, or the reason why it is nobody's, and what the operator is told of that.
func (e *entra) is(t *testing.T, token, want string) {
	t.Helper()
	e.calls++ // from several addresses, so that none has too many that fail
	caller, err := e.Authenticate(t.Context(), "Bearer "+token, fmt.Sprintf("192.0.2.%d", e.calls%15))
	got := caller.Name
	if refusal, ok := err.(*reason.Error); ok {
		got = fmt.Sprintf("%s: %v", refusal.Reason, refusal.Cause)
		for part := range strings.SplitSeq(token, ".") {
			if len(part) > 8 && strings.Contains(err.Error()+e.log.String(), part) {
				t.Errorf("the error or the log holds of the token: %v", err)
			}
		}
	}
	if got != want && !strings.HasPrefix(got, want+" ") {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestEntrasTokens(t *testing.T) {
	const nobody = "unauthenticated: the token"
	e := startEntra(t, nil)
	at := func(d time.Duration) int64 { return e.clock.Add(d).Unix() }
	rs, es := e.Key(jose.RS256), e.Key(jose.ES256)
	hour := issuertest.Claims{
		"iss": e.V2(), "azp": issuertest.Application, "aud": issuertest.Audience, "tid": issuertest.Tenant, "exp": at(time.Hour),
	}
	public, err := x509.MarshalPKIXPublicKey(rs.Private.Public())
	if err != nil {
		t.Fatal(err)
	}
	asSecret := func(key []byte) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: key, KeyID: rs.ID}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signer.Sign([]byte(`{"iss":"` + e.V1() + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		text, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	first := e.First(nil)
	parts := strings.Split(first, ".")
	encode := base64.RawURLEncoding.EncodeToString
	for name, test := range map[string]struct{ token, want string }{
		"version 1":              {first, "entra"},
		"version 2":              {e.Second(nil), "entra"},
		"ES256":                  {e.Sign(es, hour), "entra"},
		"PS256":                  {e.Sign(issuertest.Key{ID: rs.ID, Algorithm: jose.PS256, Private: rs.Private}, hour), "entra"},
		"appid in version 2":     {e.Second(issuertest.Claims{"appid": issuertest.Application, "azp": nil}), "entra"},
		"several audiences":      {e.First(issuertest.Claims{"aud": []string{"x", issuertest.Audience}}), "entra"},
		"within the skew":        {e.First(issuertest.Claims{"exp": at(-50 * time.Second), "nbf": at(50 * time.Second)}), "entra"},
		"expired":                {e.First(issuertest.Claims{"exp": at(-70 * time.Second)}), "unauthenticated: the token was valid until"},
		"without an end":         {e.First(issuertest.Claims{"exp": nil}), "unauthenticated: oidc: token is expired"},
		"valid in a while":       {e.First(issuertest.Claims{"nbf": at(70 * time.Second)}), nobody + " is not valid before"},
		"not yet valid":          {e.First(issuertest.Claims{"nbf": at(10 * time.Minute)}), nobody + " is not valid before"},
		"another tenant":         {e.First(issuertest.Claims{"iss": issuertest.STS + "/other/", "tid": "other"}), nobody + "'s issuer is"},
		"another tenant's claim": {e.First(issuertest.Claims{"tid": "other"}), nobody + `'s tenant is "other"`},
		"no tenant":              {e.First(issuertest.Claims{"tid": nil}), nobody + `'s tenant is ""`},
		"another audience":       {e.First(issuertest.Claims{"aud": "https://graph.microsoft.com"}), nobody + " is for"},
		"no audience":            {e.First(issuertest.Claims{"aud": nil}), nobody + " is for"},
		"another application":    {e.First(issuertest.Claims{"appid": "other"}), nobody + `'s application is "other"`},
		"two applications":       {e.First(issuertest.Claims{"azp": "other"}), nobody + `'s application is`},
		"no application":         {e.First(issuertest.Claims{"appid": nil}), nobody + `'s application is ""`},
		"changed":                {parts[0] + "." + encode([]byte(`{"iss":"`+e.V1()+`"}`)) + "." + parts[2], nobody + "'s tenant is"},
		"changed but for claims": {first[:len(first)-8] + "AAAAAAAA", nobody + "'s signature is by none of its issuer's keys"},
		"the other key's name": {
			e.Sign(issuertest.Key{ID: es.ID, Algorithm: jose.RS256, Private: rs.Private}, hour), nobody + "'s signature is by none",
		},
		"none":                     {encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", nobody + " is no JWT"},
		"None":                     {encode([]byte(`{"alg":"None","typ":"JWT"}`)) + "." + parts[1] + ".", nobody + " is no JWT"},
		"the public key as secret": {asSecret(public), nobody + " is no JWT"},
		"the same in PEM": {
			asSecret(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})), nobody + " is no JWT",
		},
		"no JWT": {"a.b.c", nobody + " is no JWT"},
		"empty":  {"..", nobody + " is no JWT"},
	} {
		t.Run(name, func(t *testing.T) {
			e.is(t, test.token, test.want)
			e.is(t, test.token, test.want) // what was verified once is what it was
		})
	}
	e.is(t, secretA, "token")
	caller, err := e.Authenticate(t.Context(), "Bearer "+first, "")
	if err != nil || caller.Role != UsersOnly {
		t.Errorf("%+v %v", caller, err)
	}
	e.clock = e.clock.Add(time.Hour + 61*time.Second)
	e.is(t, first, "unauthenticated: the token was valid until")
}

// TestKeysChange: a new key is taken at once, one that the issuer gives up no longer once the keys are read again.
func TestKeysChange(t *testing.T) {
	e := startEntra(t, nil)
	old, ec := e.First(nil), e.Key(jose.ES256)
	e.is(t, old, "entra")
	e.clock = e.clock.Add(rereading)
	next := e.NewKey(jose.RS256)
	e.Show(next, ec)
	e.is(t, old, "entra") // it is known still
	e.is(t, e.First(nil), "entra")
	e.clock = e.clock.Add(rereading)
	e.is(t, old, "unauthenticated: the token's signature is by none of its issuer's keys")
	if e.Reads() != 3 {
		t.Errorf("the keys were read %d times", e.Reads())
	}

	// The same name for another key: the bad signature has it read.
	e.clock = e.clock.Add(rereading)
	e.Show(issuertest.Key{ID: next.ID, Algorithm: jose.RS256, Private: e.NewKey(jose.RS256).Private})
	e.is(t, e.First(issuertest.Claims{"jti": "1"}), "entra")
}

// TestKeysOfOtherTenants are shown beside the tenant's, and sign nothing for it.
func TestKeysOfOtherTenants(t *testing.T) {
	e := startEntra(t, nil)
	const other = "9188040d-6c67-4c5b-b112-36a304b66dad" // of personal accounts
	own, all, others := e.NewKey(jose.ES256), e.NewKey(jose.ES256), e.NewKey(jose.ES256)
	own.Issuer, all.Issuer, others.Issuer = e.V2(), e.URL+"/{tenantid}/v2.0", e.URL+"/"+other+"/v2.0"
	e.Show(own, all, others)
	claims := issuertest.Claims{
		"iss": e.V1(), "appid": issuertest.Application, "aud": issuertest.Audience, "tid": issuertest.Tenant,
		"exp": e.clock.Add(time.Hour).Unix(),
	}
	e.is(t, e.Sign(own, claims), "entra")
	e.is(t, e.Sign(all, claims), "entra")
	e.clock = e.clock.Add(rereading)
	e.is(t, e.Sign(others, claims), "unauthenticated: the token's signature is by none of its issuer's keys")
}

// TestKeysAreNotReadForStrangers: who makes tokens up does not decide how often the issuer is asked.
func TestKeysAreNotReadForStrangers(t *testing.T) {
	e := startEntra(t, nil)
	e.is(t, e.First(nil), "entra")
	strange := e.NewKey(jose.ES256)
	claims := issuertest.Claims{
		"iss": e.V1(), "appid": issuertest.Application, "aud": issuertest.Audience, "tid": issuertest.Tenant,
		"exp": e.clock.Add(time.Hour).Unix(),
	}
	for range 50 {
		e.is(t, e.Sign(strange, claims), "keys-unavailable: the keys were read a moment ago")
	}
	strange.ID = e.Key(jose.ES256).ID
	for range 50 {
		e.is(t, e.Sign(strange, claims), "unauthenticated: the token's signature is by none of its issuer's keys")
	}
	if e.Reads() != 1 {
		t.Errorf("the keys were read %d times", e.Reads())
	}
	e.is(t, e.First(issuertest.Claims{"jti": "1"}), "entra")
	for range 50 {
		e.is(t, e.First(issuertest.Claims{"tid": "other"}), "unauthenticated: the token's tenant is")
	}
	e.clock = e.clock.Add(rereading)
	strange.ID = "strange"
	e.is(t, e.Sign(strange, claims), "unauthenticated: the token's signature is by none of its issuer's keys")
	if e.Reads() != 2 {
		t.Errorf("the keys were read %d times", e.Reads())
	}
}

// TestTheIssuerIsDown: while its keys are not known nobody is told that he is nobody; those that are known go on.
func TestTheIssuerIsDown(t *testing.T) {
	e := startEntra(t, nil)
	e.Down(true)
	token := e.First(nil)
	e.is(t, token, "keys-unavailable: 404")
	_, err := e.Authenticate(t.Context(), "Bearer "+token, "")
	if refusal, ok := errors.AsType[*reason.Error](err); !ok || refusal.RetryAfter != firstReading {
		t.Errorf("%v", err)
	}
	e.is(t, secretA, "token")
	e.is(t, e.First(issuertest.Claims{"tid": "other"}), "unauthenticated: the token's tenant is")
	e.Down(false)
	e.is(t, token, "keys-unavailable: the keys were read a moment ago")
	e.clock = e.clock.Add(firstReading)
	e.is(t, token, "entra")
	e.Down(true)
	e.clock = e.clock.Add(rereading)
	e.rings.refresh(t.Context(), 0)
	e.is(t, token, "entra")
	e.is(t, e.First(issuertest.Claims{"jti": "1"}), "entra")
	e.is(t, token[:len(token)-8]+"AAAAAAAA", "unauthenticated: the token's signature is by none of its issuer's keys")
	if text := e.log.String(); !strings.Contains(text, "known=0") || !strings.Contains(text, "known=2") {
		t.Error(text)
	}
}

// TestTheDocumentNamesAnother: keys of an issuer that does not say it is the one are not taken.
func TestTheDocumentNamesAnother(t *testing.T) {
	e := startEntra(t, nil)
	e.CallItself(issuertest.STS + "/other/")
	e.is(t, e.First(nil), "keys-unavailable: "+e.URL+"/"+issuertest.Tenant+" is the configuration of another issuer,")
	e.is(t, e.Second(nil), "keys-unavailable: "+e.V2()+" is the configuration of another issuer,")
}

// TestKeysAreReadWhereTheyAre: an issuer that sends elsewhere, which may be anywhere and in clear text, or says more than is to the point,
// has no keys, and the log does not repeat it.
func TestKeysAreReadWhereTheyAre(t *testing.T) {
	issuer := issuertest.Start(t)
	for name, answer := range map[string]http.Handler{
		"elsewhere": http.RedirectHandler(issuer.URL+"/"+issuertest.Tenant+"/.well-known/openid-configuration", http.StatusFound),
		"at length": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			for err := error(nil); err == nil; {
				_, err = io.WriteString(w, strings.Repeat("blocked ", 1000))
			}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			front := httptest.NewServer(answer)
			defer front.Close()
			e := startEntra(t, func(o *EntraOptions) { o.Authority = front.URL })
			e.is(t, issuer.First(nil), "keys-unavailable:")
			if text := e.log.String(); len(text) > 1000 || !strings.Contains(text, "the keys of an issuer of tokens cannot be read") {
				t.Errorf("%d octets: %.300s", len(text), text)
			}
		})
	}
}

func TestEntrasTokensFromElsewhere(t *testing.T) {
	const anApp = "0c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e4f"
	e := startEntra(t, func(o *EntraOptions) {
		o.Name, o.Audience, o.Addresses = "hr", []string{"one", "two"}, []string{"192.0.2.0/28"}
		o.Application = strings.ToUpper(anApp)
	})
	token := e.Second(issuertest.Claims{"aud": "two", "azp": anApp})
	e.is(t, token, "hr")
	e.is(t, e.Second(nil), "unauthenticated: the token is for")
	if _, err := e.Authenticate(t.Context(), "Bearer "+token, "192.0.2.16"); err == nil {
		t.Error("from another address")
	}
}
