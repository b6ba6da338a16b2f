package access

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Options is the configuration's `access` section. The tokens of all three keys are valid at once.
type Options struct {
	Token     string `koanf:"token"`               // one token, for the environment to set
	TokenFile string `koanf:"tokenFile" is:"file"` // holds one token
	// a YAML list of {name, token} or {name, sha256}, with role, user, addresses and expires
	TokensFile string         `koanf:"tokensFile" is:"file"`
	Entra      []EntraOptions `koanf:"entra"` // tenants that call with tokens which Entra issues
	OAuth      OAuthOptions   `koanf:"oauth"` // clients that fetch tokens which the bridge issues
}

// MinTokenLength is short enough for tokens that people already have, and too long to be tried out over the network.
const MinTokenLength = 8

// The names under which the calls of unnamed tokens are logged.
const (
	tokenName     = "token"
	tokenFileName = "tokenFile"
)

// Check reports what is wrong with the section, each fault under its key.
// stored: there is a store, whose tokens are valid too.
func (o *Options) Check(stored bool, report func(path, problem string)) {
	callers := o.load(report)
	if callers == nil && !stored && o.none() {
		report("", "names nobody who may call: set token (or SCIMBRIDGE_ACCESS_TOKEN), tokenFile, tokensFile, entra or oauth, or a store")
	}
	clients, _ := o.OAuth.load(nil, func(path, problem string) { report("oauth."+path, problem) })
	for i, options := range o.OAuth.Clients {
		if c := clients[options.ID]; c != nil {
			checkName(c.token, callers, func(problem string) { report(fmt.Sprintf("oauth.clients[%d].id", i), problem) })
		}
	}
	for _, c := range clients {
		callers = append(callers, c.token)
	}
	o.checkEntra(callers, report)
}

// checkName: what is told of callers is told by their names.
func checkName(of token, callers []token, report func(problem string)) {
	if slices.ContainsFunc(callers, func(other token) bool { return other.name == of.name && !other.isAs(of) }) {
		report(fmt.Sprintf("%q is the name of another caller too, who has another role or user", of.name))
	}
}

// checkEntra checks the tenants, each beside those before it and the other callers.
func (o *Options) checkEntra(callers []token, report func(path, problem string)) {
	for i, tenant := range o.Entra {
		told := func(key, problem string) { report(fmt.Sprintf("entra[%d]%s", i, key), problem) }
		held := tenant.load(func(key, problem string) { told("."+key, problem) })
		checkName(held, callers, func(problem string) { told(".name", problem) })
		tenant = tenant.WithDefaults()
		named, taken := false, false
		for j, earlier := range o.Entra[:i] {
			earlier = earlier.WithDefaults()
			if !named && earlier.Name == tenant.Name {
				named = true
				told(".name", fmt.Sprintf("%q is the name of entra[%d] too", tenant.Name, j))
			}
			if !taken && tenant.overlaps(earlier) {
				taken = true
				told("", fmt.Sprintf(
					"takes tokens that entra[%d] takes already: another tenant, audience or application tells the two apart", j))
			}
		}
	}
}

// holder is what a configured caller that has no token of the configuration is.
func holder(name, role string, addresses []string, report func(path, problem string)) token {
	t := token{name: name}
	var known bool
	if t.role, known = roleOf(role); !known {
		report("role", noRole())
	}
	t.addresses = ParseAddresses(addresses, func(i int, problem string) { report(fmt.Sprintf("addresses[%d]", i), problem) })
	return t
}

// none says that the section names nobody.
func (o *Options) none() bool {
	return o.Token == "" && o.TokenFile == "" && o.TokensFile == "" && len(o.Entra)+len(o.OAuth.Clients) == 0
}

// load reads every token and reports every fault. No fault's text holds anything of a token.
func (o *Options) load(report func(path, problem string)) []token {
	var tokens []token
	add := func(path, where string, t token) {
		namesakes := 0
		for _, other := range tokens {
			if other.name == t.name {
				namesakes++
			}
			switch {
			case other.digest == t.digest:
				report(path, where+fmt.Sprintf("is the same token as that of %q", other.name))
				return
			case other.name == t.name && !other.isAs(t):
				report(path, where+fmt.Sprintf("the other token of the name %q has another role or user", t.name))
				return
			case namesakes == 2:
				report(path, where+fmt.Sprintf("two tokens have the name %q already: one that goes and one that comes", t.name))
				return
			}
		}
		tokens = append(tokens, t)
	}
	plain := func(path, name, secret string) {
		if problem := weakness(secret); problem != "" {
			report(path, problem)
			return
		}
		add(path, "", token{name: name, digest: sha256.Sum256([]byte(secret))})
	}

	if o.Token != "" {
		plain("token", tokenName, o.Token)
	}
	if o.TokenFile != "" {
		if content, err := os.ReadFile(o.TokenFile); err != nil {
			report("tokenFile", "cannot be read: "+err.Error())
		} else {
			plain("tokenFile", tokenFileName, strings.TrimSpace(string(content)))
		}
	}
	if o.TokensFile != "" {
		for _, item := range readTokens(o.TokensFile, func(problem string) { report("tokensFile", problem) }) {
			add("tokensFile", item.where, item.token)
		}
	}
	return tokens
}

// versions are those of the files that hold tokens, nil where there is none.
type versions [2]os.FileInfo

func (o *Options) versions() (v versions) {
	for i, path := range []string{o.TokenFile, o.TokensFile} {
		v[i] = Version(path)
	}
	return v
}

// Version is that of a file, nil where there is none. It is asked for at each request: what no key names costs none a system call.
func Version(path string) os.FileInfo {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return info
}

// same says whether the files are those that they were, unchanged.
func (v versions) same(other versions) bool {
	for i := range v {
		if !SameVersion(v[i], other[i]) {
			return false
		}
	}
	return true
}

// SameVersion compares a file's versions. One that was put in another's place may have its time and size.
func SameVersion(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == b
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode()
}

// weakness says why a secret cannot be a token, or "".
func weakness(secret string) string {
	switch {
	case secret == "":
		return "the token is empty"
	case bearer(secret) != "":
		return "the token begins with the word Bearer, which clients add: write the token alone"
	case len(secret) < MinTokenLength:
		return fmt.Sprintf("the token has fewer than %d characters", MinTokenLength)
	case strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "the token holds a character that an Authorization header cannot carry: only visible ASCII, without spaces"
	}
	return ""
}
