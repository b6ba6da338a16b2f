// Package access says who is calling: it knows the bearer tokens (RFC 6750) that may use the bridge.
package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// Gate lets callers in. It is safe for concurrent use.
type Gate struct{ tokens []token }

// token is one bearer token that opens the gate. Only its digest is kept.
type token struct {
	name   string
	user   string // userName of the account that the caller is, or ""
	digest [sha256.Size]byte
}

// New reads the tokens that o names. Its error holds every fault that Check reports.
func New(o Options) (*Gate, error) {
	var faults []error
	tokens := o.load(func(path, problem string) {
		faults = append(faults, fmt.Errorf("access.%s: %s", path, problem))
	})
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &Gate{tokens: tokens}, nil
}

// Authenticate names the caller whose token the Authorization header carries. It compares digests of one length in constant time, and
// always all of them, so that the time taken tells nothing about a token.
func (g *Gate) Authenticate(authorizationHeader string) (caller string, ok bool) {
	presented := sha256.Sum256([]byte(bearer(authorizationHeader)))
	found := -1
	for i := range g.tokens {
		same := subtle.ConstantTimeCompare(presented[:], g.tokens[i].digest[:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 {
		return "", false
	}
	return g.tokens[found].name, true
}

// User is the userName of the account that the caller is, or "" where it is none's.
func (g *Gate) User(caller string) string {
	for _, t := range g.tokens {
		if t.name == caller {
			return t.user
		}
	}
	return ""
}

// bearer returns the credentials of the scheme Bearer, whose name ignores case (RFC 9110 §11.1), or "", which is nobody's token.
func bearer(header string) string {
	scheme, credentials, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(credentials)
}
