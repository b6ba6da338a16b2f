package access

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"scimbridge/bridge/access/issuertest"
	"scimbridge/bridge/reason"
)

// TestFailuresAreLimited for each address, and whoever is right is let in all the same.
func TestFailuresAreLimited(t *testing.T) {
	var log bytes.Buffer
	g, err := New(Options{Token: secretA, OAuth: OAuthOptions{Key: keyA, Clients: []ClientOptions{
		{ID: "entra", SecretFiles: []string{file(t, clientA)}},
	}}}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	g.now = func() time.Time { return now }
	try := func(address string) (why reason.Reason, wait time.Duration) {
		t.Helper()
		_, err := g.Authenticate(t.Context(), "Bearer wrong", address)
		refusal, ok := errors.AsType[*reason.Error](err)
		if !ok {
			t.Fatal(err)
		}
		return refusal.Reason, refusal.RetryAfter
	}
	right := func(address string) {
		t.Helper()
		if _, err := g.Authenticate(t.Context(), "Bearer "+secretA, address); err != nil {
			t.Errorf("the right one from %s: %v", address, err)
		}
		grant, err := g.Issue(t.Context(), Credentials{Client: "entra", Secret: clientA, Address: address})
		if err != nil {
			t.Errorf("the right client from %s: %v", address, err)
		}
		if _, err := g.Authenticate(t.Context(), "Bearer "+grant.Token, address); err != nil {
			t.Errorf("the right client's token from %s: %v", address, err)
		}
	}
	const one, other = "2001:db8::1", "2001:db8::2:1" // of one network
	for i := range failuresAtOnce {
		if why, _ := try([]string{one, other}[i%2]); why != reason.Unauthenticated {
			t.Fatalf("after %d: %s", i, why)
		}
		right(one)
	}
	for range 3 {
		if why, wait := try(one); why != reason.Attempts || wait <= 0 || wait > failuresApart {
			t.Errorf("%s, %v", why, wait)
		}
		right(one)
		right(other)
	}
	if _, err := g.Issue(t.Context(), Credentials{Client: "entra", Secret: "wrong", Address: one}); asked("", err) != "attempts: <nil>" {
		t.Error(err)
	}
	n := strings.Count(log.String(), "attempts to be let in keep failing")
	if n != 1 || !strings.Contains(log.String(), "client=2001:db8::/64") {
		t.Errorf("told %d times: %s", n, &log)
	}
	if why, _ := try("192.0.2.7"); why != reason.Unauthenticated {
		t.Errorf("another address: %s", why)
	}
	now = now.Add(failuresApart)
	if why, _ := try(one); why != reason.Unauthenticated {
		t.Errorf("later: %s", why)
	}
	if why, _ := try(one); why != reason.Attempts {
		t.Errorf("right after: %s", why)
	}
	for i := range 2 * failingAddresses { // which take no more room than is given
		try(fmt.Sprintf("10.%d.%d.1", i>>8, i&0xff))
	}
	if n := g.attempts.from.Len(); n != failingAddresses {
		t.Errorf("%d addresses are kept", n)
	}
}

// TestWhoCannotBeToldIsLimited: who makes up tokens by a key that may be a new one of the issuer's, which has to be looked for, is limited
// as any other who is nobody, and told to come back no sooner than it can be told.
func TestWhoCannotBeToldIsLimited(t *testing.T) {
	e := startEntra(t, nil)
	right := e.First(nil)
	e.is(t, right, "entra")
	made := e.Sign(e.NewKey(jose.ES256), issuertest.Claims{
		"iss": e.V1(), "appid": issuertest.Application, "aud": issuertest.Audience, "tid": issuertest.Tenant,
		"exp": e.clock.Add(time.Hour).Unix(),
	})
	limited := 0
	for range failuresAtOnce + 3 {
		_, err := e.Authenticate(t.Context(), "Bearer "+made, "198.51.100.1")
		if refusal, ok := errors.AsType[*reason.Error](err); !ok || refusal.RetryAfter < time.Second {
			t.Fatal(err)
		} else if refusal.Reason == reason.Attempts {
			limited++
		}
		if _, err := e.Authenticate(t.Context(), "Bearer "+right, "198.51.100.1"); err != nil {
			t.Fatal(err)
		}
	}
	if limited != 3 {
		t.Errorf("%d were limited", limited)
	}
}
