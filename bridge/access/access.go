// Package access says who is calling, and what their role lets them do: it knows the bearer tokens (RFC 6750) that may use the bridge.
package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"scimbridge/bridge/reason"
)

// Gate lets callers in. It is safe for concurrent use. The files of the configuration are read again when they change: a token that is
// taken out of one is nobody's from the next request on. What is wrong in a changed file lets nobody in: of a file that cannot be read no
// token is valid, of a tokens file with faulty items those are that are sound.
type Gate struct {
	options Options
	log     *slog.Logger
	now     func() time.Time

	tenants  []tenant
	rings    *keyrings
	clients  *clients
	attempts *attempts
	stored   *stored // nil: there is no store
	verified *lru.Cache[digest, issued]
	whole    bool // the options are all that the configuration says

	mu     sync.Mutex
	read   versions
	tokens []token
	faulty bool
}

// Caller is who calls.
type Caller struct {
	Name string
	Role Role
	User string // userName of the account that the caller is, or ""
}

// token is one bearer token that opens the gate. Only its digest is kept. Two may have one name, so that one can take the other's place.
type token struct {
	name      string
	role      Role
	user      string
	addresses Addresses // that it is for; none: all
	expires   time.Time // zero: never
	digest    digest
	id        string // in the store; ""
}

// isAs says whether both are of one role, and of one user.
func (t *token) isAs(other token) bool { return t.role == other.role && t.user == other.user }

// verifiedTokens are more than are in use at a time: who calls with tokens of an issuer has one for an hour.
const verifiedTokens = 256

// digest is a token's SHA-256.
type digest = [sha256.Size]byte

// New reads the tokens that o names. Its error holds every fault that Check reports.
func New(o Options, log *slog.Logger) (*Gate, error) { return NewWith(o, nil, log) }

// NewWith is New with the tokens of a store beside them; nil: there is none.
func NewWith(o Options, tokens *Tokens, log *slog.Logger) (*Gate, error) {
	var faults []error
	o.Check(tokens != nil, func(path, problem string) { faults = append(faults, fmt.Errorf("access.%s: %s", path, problem)) })
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return newGate(o, tokens, true, log)
}

// newGate makes a gate of options that were checked. whole: they are all that the configuration says.
func newGate(o Options, tokens *Tokens, whole bool, log *slog.Logger) (*Gate, error) {
	g := &Gate{options: o, log: log, now: time.Now, read: o.versions(), whole: whole, faulty: !whole, rings: newKeyrings(log)}
	g.tokens = o.load(func(string, string) { g.faulty = true })
	for _, options := range o.Entra {
		g.tenants = append(g.tenants, tenant{options.load(func(string, string) {}), options.WithDefaults().trusting(g.rings)})
	}
	g.clients = newClients(o.OAuth, g.rings, log)
	if tokens != nil {
		g.stored = &stored{tokens: tokens, now: time.Now, log: log, uses: map[string]use{}, told: map[string]bool{}}
	}
	var err error
	if g.attempts, err = newAttempts(log); err != nil {
		return nil, err
	}
	g.verified, err = lru.New[digest, issued](verifiedTokens)
	return g, err
}

// Reread reads the files again, changed or not.
func (g *Gate) Reread() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reread(g.options.versions())
	if g.Issues() {
		g.clients.current(true)
	}
}

// Faulty says whether something is wrong with a file, so that who is not known may be known again once it is mended.
func (g *Gate) Faulty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.faulty
}

// current are the tokens as the files have them now.
func (g *Gate) current() []token {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := g.options.versions(); !now.same(g.read) {
		g.reread(now)
	}
	return g.tokens
}

func (g *Gate) reread(now versions) {
	g.read, g.faulty = now, !g.whole
	g.tokens = g.options.load(func(path, problem string) {
		g.faulty = true
		g.log.Error("what is faulty among the tokens lets nobody in", "key", "access."+path, "problem", problem)
	})
	g.log.Info("the tokens were read again", "tokens", len(g.tokens))
}

// Authenticate says who calls from the address with the Authorization header. Its error has the reason Unauthenticated, or one that says
// that it cannot be told at the moment, or that too many failed from there; the cause is for the operator and names no secret.
func (g *Gate) Authenticate(ctx context.Context, authorizationHeader, address string) (Caller, error) {
	t, err := g.find(ctx, authorizationHeader)
	if err == nil && len(t.addresses) > 0 && !t.addresses.Hold(address) {
		err = nobody(fmt.Errorf("the token %q is not for this address", t.name))
	}
	if err != nil {
		return Caller{}, g.attempts.failed(address, "", g.now(), err)
	}
	if t.id != "" {
		g.stored.used(t, address)
	}
	return Caller{t.name, t.role, t.user}, nil
}

// Failed counts a request for a token that cannot be read. Its error, if there is one, has the reason Attempts.
func (g *Gate) Failed(address string) error {
	err := nobody(errors.New("a request for a token cannot be read"))
	if limited := g.attempts.failed(address, "", g.now(), err); limited != err {
		return limited
	}
	return nil
}

// Knows says whether the Authorization header is somebody's, from wherever.
func (g *Gate) Knows(ctx context.Context, authorizationHeader string) bool {
	_, err := g.find(ctx, authorizationHeader)
	return err == nil
}

// find is the token that an Authorization header carries. It compares digests of one length in constant time, and always all of them, so
// that the time taken tells nothing about a token.
func (g *Gate) find(ctx context.Context, authorizationHeader string) (*token, error) {
	credentials := bearer(authorizationHeader)
	presented := sha256.Sum256([]byte(credentials))
	tokens, found := g.current(), -1
	for i := range tokens {
		same := subtle.ConstantTimeCompare(presented[:], tokens[i].digest[:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found >= 0 {
		if t := &tokens[found]; !t.expired(g.now()) {
			return t, nil
		}
		return nil, nobody(fmt.Errorf("the token %q has expired", tokens[found].name))
	}
	t, err := g.elsewhere(ctx, credentials, presented)
	if g.Faulty() && isNobody(err) { // it may be a token that cannot be read now: its caller is to come back, not to give up
		return nil, &reason.Error{Reason: reason.TokensFaulty}
	}
	return t, err
}

// elsewhere is the token that does not stand in the configuration: the store's, or one that was issued.
func (g *Gate) elsewhere(ctx context.Context, credentials string, presented digest) (*token, error) {
	switch {
	case bearer(credentials) != "":
		return nil, told("the Authorization header says Bearer twice: the client adds the word, so its field takes the token alone")
	case g.stored != nil && isStored(credentials):
		return g.stored.find(ctx, presented)
	case len(g.tenants)+len(g.clients.trusts) > 0 && strings.Count(credentials, ".") == 2: // a JWT (RFC 7515 §3.1)
		return g.jwtOf(ctx, credentials, presented)
	}
	return nil, nobody(nil)
}

// jwtOf is whose a token is that was issued: by the bridge, or by an issuer that it trusts.
func (g *Gate) jwtOf(ctx context.Context, raw string, d digest) (*token, error) {
	if t, ours, err := g.clients.holderOf(raw, g.now()); ours {
		return t, err
	}
	return g.issuedTo(ctx, raw, d)
}

// nobody is why a caller is none, for the operator.
func nobody(cause error) error { return &reason.Error{Reason: reason.Unauthenticated, Cause: cause} }

// told is nobody, of which the client may hear too.
func told(why string) error {
	return &reason.Error{Reason: reason.Unauthenticated, Detail: why, Cause: errors.New(why)}
}

// causeOf is why a caller is none, where there is more to say than that nobody has the token.
func causeOf(err error) string {
	if cause := errors.Unwrap(err); cause != nil {
		return cause.Error()
	}
	return "nobody has the token"
}

func isNobody(err error) bool {
	known, ok := errors.AsType[*reason.Error](err)
	return ok && known.Reason == reason.Unauthenticated
}

// bearer returns the credentials of the scheme Bearer, whose name ignores case (RFC 9110 §11.1), or "", which is nobody's token.
func bearer(header string) string {
	scheme, credentials, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(credentials)
}
