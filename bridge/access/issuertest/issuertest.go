// Package issuertest stands in for Entra as an issuer of tokens: a tenant with its configuration documents and keys, over HTTP on this
// machine.
package issuertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// Tenant is the issuer's.
	Tenant = "7b1f0a52-3c0d-4a4e-9f51-0d8e6a1c2b34"
	// STS names the issuer of tokens of version 1.
	STS = "https://sts.windows.net"
	// Audience and Application are those of Entra's provisioning service.
	Audience    = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
	Application = "00000014-0000-0000-c000-000000000000"
)

// Claims are what a token says; a claim that is nil is left out.
type Claims map[string]any

// Key is one that tokens are signed with.
type Key struct {
	ID        string
	Algorithm jose.SignatureAlgorithm
	Private   crypto.Signer
	Issuer    string // of whose tokens alone it is; "": of all
}

// Issuer is one that runs.
type Issuer struct {
	URL string // what an authority's is

	t      testing.TB
	mu     sync.Mutex
	shown  []Key
	down   bool
	issuer string // what the documents say instead; ""
	reads  int
	made   int
}

// Start starts one with a key for RS256 and one for ES256. It ends with the test.
func Start(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t}
	i.shown = []Key{i.NewKey(jose.RS256), i.NewKey(jose.ES256)}
	server := httptest.NewServer(http.HandlerFunc(i.answer))
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

// rsaKeys are made once: that takes a while.
var rsaKeys = [2]func() (*rsa.PrivateKey, error){sync.OnceValues(newRSA), sync.OnceValues(newRSA)}

func newRSA() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }

// NewKey makes a key that the issuer does not show.
func (i *Issuer) NewKey(algorithm jose.SignatureAlgorithm) Key {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.made++
	k := Key{ID: fmt.Sprintf("key-%d", i.made), Algorithm: algorithm}
	var err error
	if strings.HasPrefix(string(algorithm), "ES") {
		k.Private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		k.Private, err = rsaKeys[i.made%len(rsaKeys)]()
	}
	if err != nil {
		i.t.Fatal(err)
	}
	return k
}

// Key is the first that the issuer shows for the algorithm.
func (i *Issuer) Key(algorithm jose.SignatureAlgorithm) Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, k := range i.shown {
		if k.Algorithm == algorithm {
			return k
		}
	}
	i.t.Fatalf("no key for %s", algorithm)
	return Key{}
}

// Show has the issuer show these keys instead.
func (i *Issuer) Show(keys ...Key) { i.set(func() { i.shown = keys }) }

// Down has the issuer answer nothing that is of use, or all as before.
func (i *Issuer) Down(down bool) { i.set(func() { i.down = down }) }

// CallItself has the issuer's documents name another.
func (i *Issuer) CallItself(issuer string) { i.set(func() { i.issuer = issuer }) }

// Reads is how often the keys were asked for.
func (i *Issuer) Reads() (n int) {
	i.set(func() { n = i.reads })
	return n
}

func (i *Issuer) set(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

// V1 is the issuer of tokens of version 1, V2 of version 2.
func (i *Issuer) V1() string { return STS + "/" + Tenant + "/" }

// V2 is the issuer of tokens of version 2.
func (i *Issuer) V2() string { return i.URL + "/" + Tenant + "/v2.0" }

// First is a token of version 1 with some claims changed.
func (i *Issuer) First(changed Claims) string {
	return i.Sign(i.Key(jose.RS256), merged(Claims{"iss": i.V1(), "appid": Application, "ver": "1.0"}, changed))
}

// Second is a token of version 2 with some claims changed.
func (i *Issuer) Second(changed Claims) string {
	return i.Sign(i.Key(jose.RS256), merged(Claims{"iss": i.V2(), "azp": Application, "ver": "2.0"}, changed))
}

func merged(all ...Claims) Claims {
	now := time.Now()
	result := Claims{
		"aud": Audience, "tid": Tenant, "sub": "a-subject", "oid": "a-subject",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	for _, claims := range all {
		maps.Copy(result, claims)
	}
	maps.DeleteFunc(result, func(_ string, value any) bool { return value == nil })
	return result
}

// Sign signs claims with a key, as they are.
func (i *Issuer) Sign(k Key, claims Claims) string {
	i.t.Helper()
	key := jose.SigningKey{Algorithm: k.Algorithm, Key: jose.JSONWebKey{Key: k.Private, KeyID: k.ID}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		i.t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(map[string]any(claims)).Serialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}

func (i *Issuer) answer(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	const configuration = "/.well-known/openid-configuration"
	w.Header().Set("Content-Type", "application/json")
	issuers := map[string]string{"/" + Tenant: i.V1(), "/" + Tenant + "/v2.0": i.V2()}
	issuer, isDocument := issuers[strings.TrimSuffix(r.URL.Path, configuration)]
	switch {
	case i.down:
		http.Error(w, "down", http.StatusNotFound)
	case isDocument && strings.HasSuffix(r.URL.Path, configuration):
		if i.issuer != "" {
			issuer = i.issuer
		}
		i.write(w, map[string]any{
			"issuer": issuer, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	case r.URL.Path == "/keys":
		i.reads++
		set := []any{map[string]string{"kty": "of a kind to come", "kid": "x"}}
		for _, k := range i.shown {
			set = append(set, shown{jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.ID, Use: "sig"}, k.Issuer})
		}
		i.write(w, map[string]any{"keys": set})
	default:
		http.NotFound(w, r)
	}
}

// shown is a key as Entra shows it: with the issuer, which no standard has.
type shown struct {
	key    jose.JSONWebKey
	issuer string
}

// MarshalJSON adds the issuer.
func (s shown) MarshalJSON() ([]byte, error) {
	text, err := s.key.MarshalJSON()
	if err != nil || s.issuer == "" {
		return text, err
	}
	var members map[string]any
	err = json.Unmarshal(text, &members)
	if err != nil {
		return nil, err
	}
	members["issuer"] = s.issuer
	return json.Marshal(members)
}

func (i *Issuer) write(w http.ResponseWriter, value any) {
	if err := json.NewEncoder(w).Encode(value); err != nil {
		i.t.Error(err)
	}
}
