package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"scimbridge/bridge/reason"
)

// algorithms are those by which a token may be signed (RFC 7518 §3.1): none of them takes a key that is no secret for one.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512,
}

// skew is by how much the clocks of Entra and of this machine may differ.
const skew = time.Minute

// trust is whose tokens are taken: those of a tenant, for an audience, of an application and, where it is told, a subject.
type trust struct {
	tenant, application, subject string
	audience                     []string
	issuers                      map[string]*keyring // by what `iss` says
}

// trusting makes a trust of options with their defaults.
func (o EntraOptions) trusting(rings *keyrings) *trust {
	first, second := o.STS+"/"+o.Tenant+"/", o.Authority+"/"+o.Tenant+"/v2.0"
	return &trust{tenant: o.Tenant, application: o.Application, audience: o.Audience, issuers: map[string]*keyring{
		first: rings.of(o.Tenant, first, o.Authority+"/"+o.Tenant), second: rings.of(o.Tenant, second, second),
	}}
}

// claims are what a token says of itself, in both versions of Entra's.
type claims struct {
	Issuer   string       `json:"iss"`
	Audience jwt.Audience `json:"aud"`
	Subject  string       `json:"sub"`
	Tenant   string       `json:"tid"`
	AppID    string       `json:"appid"` // version 1, and of workload identities
	AZP      string       `json:"azp"`   // version 2

	NotBefore *jwt.NumericDate `json:"nbf"` // of which the library's check lets five minutes go
}

// mismatch says why a token is none that is trusted, or nil. What it says is not yet known to be true.
func (t *trust) mismatch(c claims) error {
	switch {
	case t.issuers[c.Issuer] == nil:
		return fmt.Errorf("the token's issuer is %q", clip(c.Issuer))
	case c.Tenant != t.tenant:
		return fmt.Errorf("the token's tenant is %q", clip(c.Tenant))
	case !slices.ContainsFunc(c.Audience, func(a string) bool { return slices.Contains(t.audience, a) }):
		return fmt.Errorf("the token is for %q", clip(strings.Join(c.Audience, " ")))
	case t.application != "" && !t.isApplication(c):
		return fmt.Errorf("the token's application is %q", clip(c.AppID+c.AZP))
	case t.subject != "" && c.Subject != t.subject:
		return fmt.Errorf("the token's subject is %q", clip(c.Subject))
	}
	return nil
}

// isApplication says whether each application that the token names, one at least, is the one.
func (t *trust) isApplication(c claims) bool {
	return (c.AppID == t.application || c.AppID == "") && (c.AZP == t.application || c.AZP == "") && c.AppID+c.AZP != ""
}

// clip keeps what a stranger says short.
func clip(text string) string { return shortened(text, 100) }

func shortened(text string, most int) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// claimed reads what a token says of itself, if it may be one that is signed as it should be.
func claimed(raw string) (c claims, err error) {
	parsed, err := jwt.ParseSigned(raw, algorithms)
	if err == nil {
		err = parsed.UnsafeClaimsWithoutVerification(&c)
	}
	if err != nil {
		return c, nobody(errors.New("the token is no JWT with a signature that is taken here"))
	}
	return c, nil
}

// verify checks what the trust takes for its own: the signature by the issuer's keys, and the time. It returns until when it is valid.
func (t *trust) verify(ctx context.Context, raw string, c claims, now func() time.Time) (time.Time, error) {
	config := &oidc.Config{SkipClientIDCheck: true, Now: func() time.Time { return now().Add(-skew) }} // mismatch looks for whom it is
	for _, a := range algorithms {
		config.SupportedSigningAlgs = append(config.SupportedSigningAlgs, string(a))
	}
	keys := &signatures{ring: t.issuers[c.Issuer]}
	verified, err := oidc.NewVerifier(c.Issuer, keys, config).Verify(ctx, raw)
	over, isOver := errors.AsType[*oidc.TokenExpiredError](err)
	switch {
	case keys.err != nil:
		return time.Time{}, keys.err
	case isOver && !over.Expiry.IsZero():
		return time.Time{}, untimely("the token was valid until", over.Expiry, now())
	case c.NotBefore != nil && now().Add(skew).Before(c.NotBefore.Time()):
		return time.Time{}, untimely("the token is not valid before", c.NotBefore.Time(), now())
	case err != nil:
		return time.Time{}, nobody(err)
	}
	return verified.Expiry.Add(skew), nil
}

// untimely says that a token is not valid now, by this machine's clock.
func untimely(what string, at, now time.Time) error {
	return told(fmt.Sprintf("%s %s, and the bridge's clock says %s: is it right?",
		what, at.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)))
}

// signatures has a keyring verify one, and keeps its error, of which the library keeps the text alone.
type signatures struct {
	ring *keyring
	err  error
}

// VerifySignature returns what the token says.
func (s *signatures) VerifySignature(ctx context.Context, raw string) (payload []byte, err error) {
	payload, s.err = s.ring.verify(ctx, raw)
	return payload, s.err
}

// tenant is one of Entra's that calls with tokens of its own: who that is, and which tokens are its.
type tenant struct {
	holder token
	trust  *trust
}

// issued is a caller of which a token was verified.
type issued struct {
	*token
	until time.Time
	ring  *keyring
	read  time.Time // when the keys were read by which it was
}

// issuedTo is whose the token is that an issuer signed. What was verified once is, as long as the keys are the same.
func (g *Gate) issuedTo(ctx context.Context, raw string, d digest) (*token, error) {
	if known, ok := g.verified.Get(d); ok && known.read.Equal(known.ring.readAt()) && g.now().Before(known.until) {
		return known.token, nil
	}
	c, err := claimed(raw)
	if err != nil {
		return nil, err
	}
	err = nobody(nil)
	for i := range g.tenants {
		t := &g.tenants[i]
		if wrong := t.trust.mismatch(c); wrong != nil {
			err = nobody(wrong)
			continue
		}
		ring := t.trust.issuers[c.Issuer]
		read := ring.readAt()
		until, err := t.trust.verify(ctx, raw, c, g.now)
		if err != nil {
			return nil, err
		}
		g.verified.Add(d, issued{&t.holder, until, ring, read})
		return &t.holder, nil
	}
	return nil, err
}

// unavailable says that the keys of an issuer cannot be had: whether the caller is right cannot be told.
func unavailable(retryAfter time.Duration, cause error) error {
	return &reason.Error{Reason: reason.KeysUnavailable, RetryAfter: retryAfter, Cause: cause}
}
