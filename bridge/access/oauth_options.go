package access

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// OAuthOptions is the section `oauth`: clients that fetch tokens which the bridge issues (RFC 6749 §4.4).
type OAuthOptions struct {
	Key      string          `koanf:"key"`               // signs the tokens, so it is the same in every copy; or keyFile
	KeyFile  string          `koanf:"keyFile" is:"file"` // holds the key; further lines are keys whose tokens still count
	Lifetime time.Duration   `koanf:"lifetime"`          // of a token, 24h at the most
	Clients  []ClientOptions `koanf:"clients"`           // who may fetch tokens
}

// ClientOptions is a client, with secrets or with an assertion of Entra's.
type ClientOptions struct {
	ID string `koanf:"id" required:"true"` // the client's
	// one or two, each with a secret: one that goes and one that comes
	SecretFiles []string          `koanf:"secretFiles" is:"file"`
	Assertion   *AssertionOptions `koanf:"assertion"` // a workload identity of Entra's in place of a secret
	// what the caller may
	Role      string   `koanf:"role" one:"provisioner users-only groups-only reader operator" default:"provisioner"`
	Addresses []string `koanf:"addresses" is:"network"` // from where alone; left out: from everywhere
}

// AssertionOptions is a workload identity of Entra's, by which a client shows who it is in place of a secret (RFC 7523 §2.2).
type AssertionOptions struct {
	Tenant string `koanf:"tenant" is:"uuid" required:"true"` // the id of Entra's tenant
	// api:// and the id of the application, which the assertion may follow by /.default
	Audience    string `koanf:"audience" required:"true"`
	Subject     string `koanf:"subject" required:"true"` // the object id of the provisioning service in the tenant
	Application string `koanf:"application"`             // an id that appid or azp must be; left out: any
	Authority   string `koanf:"authority" is:"root"`     // where the tenant's keys are found
	STS         string `koanf:"sts" is:"root"`           // what names the issuer of its tokens of version 1
}

const (
	// DefaultLifetime is what Microsoft asks of an application at the least.
	DefaultLifetime = time.Hour
	// longestLifetime keeps a token that was stolen from being of use for long: nothing but a change of its client's secret ends it.
	longestLifetime = 24 * time.Hour
	// shortestKey is in characters: 32 hexadecimal digits are as many bits as the tokens' signatures need.
	shortestKey = 32
	// shortestSecret is in characters: who has a token may try secrets out.
	shortestSecret = 16
	mostSecrets    = 2
)

// WithDefaults are the options with what holds where they say nothing.
func (o OAuthOptions) WithDefaults() OAuthOptions {
	o.Lifetime = cmp.Or(o.Lifetime, DefaultLifetime)
	return o
}

// load checks the options, and reads the files that they name.
func (o OAuthOptions) load(trusts []*trust, report func(path, problem string)) (known map[string]*client, grants map[string]*grant) {
	known, grants = map[string]*client{}, map[string]*grant{}
	keys := o.keys(report)
	switch {
	case o.Lifetime < 0:
		report("lifetime", "is negative")
	case o.Lifetime > longestLifetime:
		report("lifetime", fmt.Sprintf("is longer than %v", longestLifetime))
	}
	secrets := map[digest]string{}
	for i, options := range o.Clients {
		told := func(path, problem string) { report(fmt.Sprintf("clients[%d].%s", i, path), problem) }
		c := options.load(told)
		if i < len(trusts) {
			c.trust = trusts[i]
		}
		switch {
		case options.ID == "":
			told("id", "is missing")
			continue
		case known[options.ID] != nil:
			told("id", fmt.Sprintf("%q is the id of another client too", options.ID))
			continue
		}
		known[options.ID] = c
		add := func(secret digest, proof string) (first *grant) {
			for _, key := range slices.Backward(keys) {
				first = newGrant(c, secret, key, proof)
				grants[first.kid] = first
			}
			return first
		}
		for n, file := range options.SecretFiles {
			secret, problem := readSecret(file)
			sum := sha256.Sum256([]byte(secret))
			if other, taken := secrets[sum]; problem == "" && taken {
				problem = "holds the same secret as " + other
			}
			if problem != "" {
				told(fmt.Sprintf("secretFiles[%d]", n), problem)
				continue
			}
			secrets[sum] = fmt.Sprintf("clients[%d].secretFiles[%d]", i, n)
			if g := add(sum, "secret "+hex.EncodeToString(sum[:])); g != nil {
				c.proofs = append(c.proofs, g)
			}
		}
		if a := options.Assertion; a != nil {
			c.asserts = add(digest{}, "assertion "+a.Tenant+" "+a.Subject)
		}
	}
	return known, grants
}

// load reads what a client is, without its secrets.
func (o ClientOptions) load(report func(path, problem string)) *client {
	switch {
	case len(o.SecretFiles) > mostSecrets:
		report("secretFiles", "are more than two: one that goes and one that comes")
	case len(o.SecretFiles) == 0 && o.Assertion == nil:
		report("secretFiles", "names no file, and there is no assertion: the client has nothing to show")
	}
	if o.Assertion != nil {
		o.Assertion.check(func(path, problem string) { report("assertion."+path, problem) })
	}
	return &client{token: holder(o.ID, o.Role, o.Addresses, report)}
}

func (o AssertionOptions) check(report func(path, problem string)) {
	as := o.entra()
	checkTenant(as.Tenant, report)
	checkAuthority("authority", as.Authority, report)
	checkAuthority("sts", as.STS, report)
	if o.Audience == "" {
		report("audience", "is missing: api:// and the application's id, as Entra shows it")
	}
	if o.Subject == "" {
		report("subject", "is missing: the object id of the provisioning service in the tenant, as Entra shows it")
	}
}

// WithDefaults are the options with what holds where they say nothing.
func (o AssertionOptions) WithDefaults() AssertionOptions {
	o.Authority, o.STS = cmp.Or(o.Authority, DefaultAuthority), cmp.Or(o.STS, DefaultSTS)
	return o
}

// entra are the options as those of a tenant that calls.
func (o AssertionOptions) entra() EntraOptions {
	return EntraOptions{Tenant: o.Tenant, Authority: o.Authority, STS: o.STS}.WithDefaults()
}

func (o AssertionOptions) trusting(rings *keyrings) *trust {
	t := o.entra().trusting(rings)
	t.application, t.subject = asIssued(o.Application), asIssued(o.Subject)
	audience := strings.TrimSuffix(o.Audience, scopeOfAll)
	t.audience = []string{audience, audience + scopeOfAll}
	return t
}

// scopeOfAll follows the audience in what Entra's portal shows, and not in all assertions.
const scopeOfAll = "/.default"

// keys reads what tokens are signed with; the first signs.
func (o OAuthOptions) keys(report func(path, problem string)) (keys []string) {
	text, path := o.Key, "key"
	switch {
	case o.Key != "" && o.KeyFile != "":
		report("keyFile", "is set beside key")
		return nil
	case o.KeyFile != "":
		path = "keyFile"
		content, err := os.ReadFile(o.KeyFile)
		if err != nil {
			report(path, "cannot be read: "+err.Error())
			return nil
		}
		text = string(content)
	case o.Key == "" && len(o.Clients) > 0:
		report("keyFile", "is missing: it signs the clients' tokens, the same in every copy; openssl rand -hex 32 makes one")
		return nil
	case len(o.Clients) == 0:
		if o.Key != "" {
			report(path, "signs nothing: there are no clients")
		}
		return nil
	}
	for key := range strings.FieldsSeq(text) {
		if len(key) < shortestKey {
			report(path, fmt.Sprintf("has fewer than %d characters", shortestKey))
			return nil
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		report(path, "is empty")
	}
	return keys
}

// readSecret reads a file that holds a secret.
func readSecret(file string) (secret, problem string) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", "cannot be read: " + err.Error()
	}
	secret = strings.TrimSpace(string(content))
	if len(secret) < shortestSecret {
		return "", fmt.Sprintf("the secret has fewer than %d characters", shortestSecret)
	}
	return secret, ""
}
