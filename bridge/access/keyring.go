package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/hashicorp/go-retryablehttp"
)

const (
	// keysAge is how long keys are taken for the issuer's: one that it gives up is taken for no longer, while it can be asked.
	keysAge = time.Hour
	// rereading is how long keys are not read again for a token that they do not fit: whoever makes such tokens up has no say in how often
	// the issuer is asked. Issuers show a key hours before they sign with it.
	rereading = 30 * time.Second
	// firstReading takes the place of rereading while there are no keys.
	firstReading = 5 * time.Second
	// readingTimeout bounds the reading of keys, its retries included: the caller waits for it.
	readingTimeout = 5 * time.Second
	// keysSize is more than an issuer's configuration, or its keys, take.
	keysSize = 1 << 20
)

// keyrings are those of all issuers, each once.
type keyrings struct {
	client *http.Client
	log    *slog.Logger
	now    func() time.Time
	all    []*keyring
}

func newKeyrings(log *slog.Logger) *keyrings {
	client := retryablehttp.NewClient()
	client.Logger = nil // the keyring tells what came of it
	client.RetryMax, client.RetryWaitMin, client.RetryWaitMax = 2, 200*time.Millisecond, time.Second
	client.HTTPClient.Transport = bounded{client.HTTPClient.Transport}
	around := client.StandardClient()
	for _, c := range []*http.Client{client.HTTPClient, around} {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return &keyrings{client: around, log: log, now: time.Now}
}

// bounded reads no more of an answer than keysSize.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(request)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, keysSize), response.Body}
	}
	return response, err
}

// of is the keyring of a tenant's issuer whose configuration is found below an address (OpenID Connect Discovery §4).
func (r *keyrings) of(tenant, issuer, discovery string) *keyring {
	for _, k := range r.all {
		if k.issuer == issuer && k.discovery == discovery {
			return k
		}
	}
	k := &keyring{keyrings: r, tenant: tenant, issuer: issuer, discovery: discovery}
	r.all = append(r.all, k)
	return k
}

// refresh reads the keys of every issuer that were not read for so long. Where that fails, those that are known go on.
func (r *keyrings) refresh(ctx context.Context, age time.Duration) {
	for _, k := range r.all {
		_ = k.reread(ctx, age) // which tells of it
	}
}

// keyring holds the public keys of one issuer. It is safe for concurrent use.
type keyring struct {
	*keyrings
	tenant, issuer, discovery string

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	read    time.Time // when they were; zero: never
	tried   time.Time // when a reading last began
	reading *reading  // that is under way; nil: none
}

// reading is one for which any number of callers wait.
type reading struct {
	ended chan struct{}
	err   error
}

// readAt is when the keys were read; zero: never.
func (k *keyring) readAt() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.read
}

// verify returns what the issuer signed. A token that no key fits has the keys read again: the issuer may have changed them.
func (k *keyring) verify(ctx context.Context, raw string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil {
		return nil, nobody(err)
	}
	payload, named := k.open(signed)
	if payload != nil {
		return payload, nil
	}
	err = k.reread(ctx, k.pause())
	if payload, _ := k.open(signed); payload != nil {
		return payload, nil
	}
	if err == nil || named {
		return nil, nobody(errors.New("the token's signature is by none of its issuer's keys"))
	}
	return nil, unavailable(k.wait(), err)
}

// open returns what was signed by one of the keys, or nil and whether the key that it names is there.
func (k *keyring) open(signed *jose.JSONWebSignature) (payload []byte, named bool) {
	k.mu.Lock()
	keys := k.keys
	k.mu.Unlock()
	kid := signed.Signatures[0].Header.KeyID
	for _, key := range keys {
		if key.KeyID != kid {
			continue
		}
		if payload, err := signed.Verify(key); err == nil {
			return payload, true
		}
		named = true
	}
	return nil, named
}

// pause is how long after a reading the next may follow.
func (k *keyring) pause() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.read.IsZero() {
		return firstReading
	}
	return rereading
}

// wait is how long it takes until another reading may begin.
func (k *keyring) wait() time.Duration {
	pause := k.pause()
	k.mu.Lock()
	defer k.mu.Unlock()
	return max(time.Second, pause-k.now().Sub(k.tried))
}

var errReadLately = errors.New("the keys were read a moment ago")

// reread reads the keys again, or waits for the reading that is under way. One that would begin less than pause after the last does not.
func (k *keyring) reread(ctx context.Context, pause time.Duration) error {
	k.mu.Lock()
	r := k.reading
	switch now := k.now(); {
	case r != nil:
	case pause > 0 && !k.tried.IsZero() && now.Sub(k.tried) < pause:
		k.mu.Unlock()
		return errReadLately
	default:
		r = &reading{ended: make(chan struct{})}
		k.reading, k.tried = r, now
		go k.fetch(r) // for all who wait: it does not end with one of them
	}
	k.mu.Unlock()
	select {
	case <-r.ended:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *keyring) fetch(r *reading) {
	ctx, cancel := context.WithTimeout(context.Background(), readingTimeout)
	defer cancel()
	keys, err := k.discover(ctx)
	k.mu.Lock()
	known := len(k.keys)
	if err == nil {
		k.keys, k.read = keys, k.now()
	}
	k.reading, r.err = nil, err
	k.mu.Unlock()
	defer close(r.ended)
	if err != nil {
		k.log.Warn("the keys of an issuer of tokens cannot be read", "issuer", k.issuer, "known", known, "error", err)
	} else if known == 0 {
		k.log.Info("the keys of an issuer of tokens were read", "issuer", k.issuer, "keys", len(keys))
	}
}

// discover asks the issuer where its keys are, and for them.
func (k *keyring) discover(ctx context.Context) ([]jose.JSONWebKey, error) {
	// The first version's configuration does not lie below the issuer that it names, so the library leaves the name to us.
	ctx = oidc.InsecureIssuerURLContext(oidc.ClientContext(ctx, k.client), k.issuer)
	provider, err := oidc.NewProvider(ctx, k.discovery)
	if err != nil {
		return nil, errors.New(shortened(err.Error(), 500)) // which may hold all that was answered
	}
	var told struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := provider.Claims(&told); err != nil {
		return nil, err
	}
	if told.Issuer != k.issuer {
		return nil, fmt.Errorf("%s is the configuration of another issuer, %q", k.discovery, clip(told.Issuer))
	}
	if strings.HasPrefix(k.discovery, "https:") && !strings.HasPrefix(told.Keys, "https:") {
		return nil, fmt.Errorf("the keys of %s are not at an https address", k.issuer)
	}
	return k.get(ctx, told.Keys)
}

// get reads a JSON Web Key Set (RFC 7517 §5). A key of a kind that is not known is passed over.
func (k *keyring) get(ctx context.Context, address string) (keys []jose.JSONWebKey, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := k.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", address, response.Status)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && key.IsPublic() && key.Use != "enc" && k.signsFor(raw) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s holds no key that can be used", address)
	}
	return keys, nil
}

// anyTenant stands in the issuer that Entra gives a key which signs the tokens of all tenants.
const anyTenant = "{tenantid}"

// signsFor says whether a key may sign the tenant's tokens. Entra shows keys beside each other that sign for all tenants, and for one, as
// that of personal accounts, and names the issuer with each.
func (k *keyring) signsFor(key []byte) bool {
	var of struct {
		Issuer string `json:"issuer"`
	}
	return json.Unmarshal(key, &of) == nil &&
		(of.Issuer == "" || strings.Contains(of.Issuer, anyTenant) || strings.Contains(of.Issuer, k.tenant))
}
