package access

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"scimbridge/bridge/reason"
)

// issuerName is what the bridge calls itself in its tokens.
const issuerName = "scimbridge"

// clients issues tokens and knows them. There is nothing to remember: what a token is signed with follows from the key and from what its
// client showed itself by, so that every copy knows the token, and none does once that secret is taken out.
type clients struct {
	options OAuthOptions
	trusts  []*trust // by client; nil: it has no assertion
	log     *slog.Logger

	mu     sync.Mutex
	read   []os.FileInfo
	known  map[string]*client
	grants map[string]*grant // by the token's key id
	faulty bool
}

// client is one that is configured.
type client struct {
	token
	trust   *trust
	proofs  []*grant // of secrets
	asserts *grant   // of assertions; nil: it has none
}

// grant is what tokens are signed with that a client gets for one secret, or for assertions.
type grant struct {
	*client
	secret digest
	kid    string
	mac    []byte
}

// newGrant derives what a client's tokens are signed with, and a name of it that tells nothing of it.
func newGrant(c *client, secret digest, key, proof string) *grant {
	const macSize, nameSize = sha256.Size, 12
	derived, err := hkdf.Key(sha256.New, []byte(key), nil, "scimbridge access token: "+c.name+": "+proof, macSize+nameSize)
	if err != nil {
		panic(err) // of another size alone
	}
	return &grant{c, secret, base64.RawURLEncoding.EncodeToString(derived[macSize:]), derived[:macSize]}
}

func newClients(o OAuthOptions, rings *keyrings, log *slog.Logger) *clients {
	c := &clients{options: o, log: log}
	for _, options := range o.Clients {
		var t *trust
		if options.Assertion != nil {
			t = options.Assertion.trusting(rings)
		}
		c.trusts = append(c.trusts, t)
	}
	c.read = c.versions()
	c.known, c.grants = o.load(c.trusts, func(string, string) { c.faulty = true })
	return c
}

// versions are those of the files, in one order.
func (c *clients) versions() (all []os.FileInfo) {
	all = append(all, Version(c.options.KeyFile))
	for _, options := range c.options.Clients {
		for _, file := range options.SecretFiles {
			all = append(all, Version(file))
		}
	}
	return all
}

// current are the clients, and what their tokens are signed with, as the files have it now.
func (c *clients) current(again bool) (known map[string]*client, grants map[string]*grant, faulty bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.versions(); again || !slices.EqualFunc(now, c.read, SameVersion) {
		c.read, c.faulty = now, false
		c.known, c.grants = c.options.load(c.trusts, func(path, problem string) {
			c.faulty = true
			c.log.Error("what is faulty among the clients lets nobody in", "key", "access.oauth."+path, "problem", problem)
		})
		c.log.Info("the clients' secrets were read again", "clients", len(c.known))
	}
	return c.known, c.grants, c.faulty
}

// own are the algorithms of the bridge's own tokens.
var own = []jose.SignatureAlgorithm{jose.HS256}

// issue makes a token.
func (g *grant) issue(now time.Time, lifetime time.Duration) (string, error) {
	key := jose.SigningKey{Algorithm: jose.HS256, Key: g.mac}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", g.kid))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: issuerName, Subject: g.name, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(lifetime)),
	}).Serialize()
}

// holderOf is the client that a token of the bridge's own was issued to; ours is false where it is none.
func (c *clients) holderOf(raw string, now time.Time) (t *token, ours bool, err error) {
	parsed, err := jwt.ParseSigned(raw, own)
	if err != nil || len(c.options.Clients) == 0 {
		return nil, false, nil
	}
	_, grants, faulty := c.current(false)
	g := grants[parsed.Headers[0].KeyID]
	if g == nil {
		if faulty {
			return nil, true, &reason.Error{Reason: reason.TokensFaulty}
		}
		return nil, true, nobody(errors.New("the token was issued for a secret, or by a key, that is none any more"))
	}
	var said jwt.Claims
	if err := parsed.Claims(g.mac, &said); err != nil {
		return nil, true, nobody(errors.New("the token's signature is not the bridge's"))
	}
	if err := said.ValidateWithLeeway(jwt.Expected{Issuer: issuerName, Subject: g.name, Time: now}, skew); err != nil {
		return nil, true, nobody(fmt.Errorf("the token of %q: %w", g.name, err))
	}
	return &g.token, true, nil
}

// Grant is a token that was issued.
type Grant struct {
	Client   string
	Token    string
	Lifetime time.Duration
}

// Credentials are what a client shows. Of a secret and an assertion it shows one.
type Credentials struct {
	Client, Secret, Assertion string
	Address                   string
}

// Issues says whether there are clients that fetch tokens.
func (g *Gate) Issues() bool { return len(g.options.OAuth.Clients) > 0 }

// Issue gives a client a token. Its errors are those of Authenticate.
func (g *Gate) Issue(ctx context.Context, shown Credentials) (Grant, error) {
	known, _, faulty := g.clients.current(false)
	from, err := known[shown.Client].shows(ctx, shown, g.now)
	if err != nil {
		if faulty && isNobody(err) {
			err = &reason.Error{Reason: reason.TokensFaulty}
		}
		client := ""
		if known[shown.Client] != nil {
			client = shown.Client
		}
		return Grant{}, g.attempts.failed(shown.Address, client, g.now(), err)
	}
	if err := g.attempts.fetch(shown.Address, shown.Client, g.now()); err != nil {
		return Grant{}, err
	}
	lifetime := g.options.OAuth.WithDefaults().Lifetime
	issued, err := from.issue(g.now(), lifetime)
	return Grant{shown.Client, issued, lifetime}, err
}

// shows is the grant that what a client shows is for. c is nil for one that is not known, which takes no less time.
func (c *client) shows(ctx context.Context, shown Credentials, now func() time.Time) (found *grant, err error) {
	if c == nil {
		c = &client{}
		err = nobody(errors.New("there is no client of the client_id that was sent")) // which may be a secret, in the wrong place
	}
	sum := sha256.Sum256([]byte(shown.Secret))
	for _, g := range c.proofs {
		if subtle.ConstantTimeCompare(sum[:], g.secret[:]) == 1 {
			found = g
		}
	}
	switch {
	case err != nil:
		return nil, err
	case len(c.addresses) > 0 && !c.addresses.Hold(shown.Address):
		return nil, nobody(fmt.Errorf("the client %q is not for this address", c.name))
	case shown.Assertion == "" && found == nil:
		return nil, nobody(fmt.Errorf("the secret is none of the client %q", c.name))
	case shown.Assertion == "":
		return found, nil
	case c.asserts == nil:
		return nil, nobody(fmt.Errorf("the client %q has no assertion", c.name))
	}
	said, err := claimed(shown.Assertion)
	if err != nil {
		return nil, err
	}
	if wrong := c.trust.mismatch(said); wrong != nil {
		return nil, nobody(wrong)
	}
	_, err = c.trust.verify(ctx, shown.Assertion, said, now)
	return c.asserts, err
}
