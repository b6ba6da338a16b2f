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

// TestFailuresAsAClientAreLimited: a secret that is guessed from many addresses is told of in one line, and its client gets its tokens.
func TestFailuresAsAClientAreLimited(t *testing.T) {
	var log bytes.Buffer
	g := gateOf(t, OAuthOptions{Key: keyA, Clients: []ClientOptions{
		{ID: "entra", SecretFiles: []string{file(t, clientA)}}, {ID: "hr", SecretFiles: []string{file(t, clientB)}},
	}})
	g.attempts.log = slog.New(slog.NewTextHandler(&log, nil))
	now := time.Now()
	g.now = func() time.Time { return now }
	addresses := 0
	try := func(client, secret string) string {
		addresses++
		address := fmt.Sprintf("10.%d.%d.1", addresses>>8, addresses&0xff)
		grant, err := g.Issue(t.Context(), Credentials{Client: client, Secret: secret, Address: address})
		why, _, _ := strings.Cut(asked(grant.Client, err), ":")
		return why
	}
	for i := range failingTogether * failuresAtOnce {
		if got := try("entra", "wrong"); got != "unauthenticated" {
			t.Fatalf("after %d: %s", i, got)
		}
	}
	for range 3 {
		for client, want := range map[[2]string]string{
			{"entra", "wrong"}: "attempts", {"entra", clientA}: "entra",
			{"hr", "wrong"}: "unauthenticated", {"no", "wrong"}: "unauthenticated",
		} {
			if got := try(client[0], client[1]); got != want {
				t.Errorf("%v: %s, want %s", client, got, want)
			}
		}
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "from many addresses") ||
		!strings.Contains(text, "id=entra") {
		t.Error(text)
	}
	now = now.Add(failuresApart / failingTogether)
	if got := try("entra", "wrong") + " " + try("entra", "wrong"); got != "unauthenticated attempts" {
		t.Errorf("later: %s", got)
	}
	for i := range 2 * failuresAtOnce { // one address does not use up what may be told of its client
		_, _ = g.Issue(t.Context(), Credentials{Client: "hr", Secret: "wrong", Address: "192.0.2.7"})
		if got := g.attempts.as["hr"].TokensAt(now); got < (failingTogether-2)*failuresAtOnce {
			t.Fatalf("after %d: %v", i, got)
		}
	}
}

// TestTokensThatAreFetchedAreLimited for each client and address: who fetches one for each request is told to keep it, and whoever has the
// client's secret elsewhere keeps it from none.
func TestTokensThatAreFetchedAreLimited(t *testing.T) {
	g := gateOf(t, OAuthOptions{Key: keyA, Clients: []ClientOptions{
		{ID: "entra", SecretFiles: []string{file(t, clientA)}}, {ID: "hr", SecretFiles: []string{file(t, clientB)}},
	}})
	now := time.Now()
	g.now = func() time.Time { return now }
	fetch := func(client, secret, address string) error {
		_, err := g.Issue(t.Context(), Credentials{Client: client, Secret: secret, Address: address})
		return err
	}
	for i := range tokensAtOnce {
		if err := fetch("entra", clientA, "192.0.2.7"); err != nil {
			t.Fatalf("after %d: %v", i, err)
		}
	}
	for range 3 {
		refusal, is := errors.AsType[*reason.Error](fetch("entra", clientA, "192.0.2.7"))
		if !is || refusal.Reason != reason.TooFast || refusal.RetryAfter <= 0 || refusal.RetryAfter > tokensApart {
			t.Errorf("%+v", refusal)
		}
	}
	for what, err := range map[string]error{
		"from elsewhere":   fetch("entra", clientA, "192.0.2.8"),
		"another client":   fetch("hr", clientB, "192.0.2.7"),
		"from who knows":   fetch("entra", clientA, ""),
		"no failed":        g.Failed("192.0.2.7"),
		"no failed of all": g.attempts.failed("192.0.2.7", "entra", now, nil),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	now = now.Add(tokensApart)
	if err := fetch("entra", clientA, "192.0.2.7"); err != nil {
		t.Errorf("later: %v", err)
	}
	if err := fetch("entra", clientA, "192.0.2.7"); err == nil {
		t.Error("right after it may again")
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
