package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"scimbridge/bridge/store"
)

//go:embed migrations
var migrations embed.FS

// Tokens are those that are kept in the store.
type Tokens struct{ store *store.Store }

// StoredToken is one of them. The token itself is nowhere.
type StoredToken struct {
	ID        string
	Name      string // of the caller
	Role      Role
	User      string // userName of the account that the caller is, or ""
	Addresses []string
	Made      time.Time
	MadeBy    string
	Expires   time.Time // zero: never
	Used      time.Time // last, to the minute; zero: never
	UsedFrom  string
	Revoked   time.Time // zero: it is not
	RevokedBy string
}

// storedPrefix begins every token of the store: what looks for secrets in files knows one, and the store is asked for no others.
const storedPrefix = "scimbridge_"

// NewTokens has the store keep tokens.
func NewTokens(s *store.Store) (*Tokens, error) {
	return &Tokens{s}, s.Add("access", migrations, store.Use{Table: "access_token", Rights: "SELECT, INSERT, UPDATE"})
}

// Fault is what is wrong with what was asked of the tokens.
type Fault string

func (f Fault) Error() string { return string(f) }

// Live says whether the token is valid at a time.
func (t *StoredToken) Live(now time.Time) bool {
	return t.Revoked.IsZero() && (t.Expires.IsZero() || now.Before(t.Expires))
}

// Make makes a token of t's name, role, user, addresses, maker and end, and returns it: it is shown this once. Its error is a Fault, or the
// store's.
func (ts *Tokens) Make(ctx context.Context, t StoredToken) (secret string, made StoredToken, err error) {
	err = ts.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		secret, made, err = ts.MakeIn(ctx, tx, t)
		return err
	})
	return secret, made, err
}

// MakeIn is Make within a transaction of the store's. With an error it wrote nothing.
func (ts *Tokens) MakeIn(ctx context.Context, tx *sql.Tx, t StoredToken) (secret string, made StoredToken, err error) {
	secret = storedPrefix + rand.Text()
	sum := sha256.Sum256([]byte(secret))
	t.ID = hex.EncodeToString(sum[:4])
	namesakes, err := find(ctx, tx, "name = $1 AND revoked = 0", t.Name)
	if err != nil {
		return "", t, err
	}
	live := 0
	for _, other := range namesakes {
		switch {
		case !other.Live(t.Made):
			continue
		case other.Role != t.Role || other.User != t.User:
			return "", t, Fault(fmt.Sprintf(
				"token %s of the name %q has another role or user: two of one name take turns", other.ID, t.Name))
		}
		if live++; live == 2 {
			return "", t, Fault(fmt.Sprintf("two tokens have the name %q already: revoke the one that goes", t.Name))
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO access_token
		(id, digest, name, role, account, addresses, made, made_by, expires, used, used_from, revoked, revoked_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '', 0, '')`,
		t.ID, sum[:], t.Name, t.Role.String(), t.User, strings.Join(t.Addresses, " "), store.Micros(t.Made), t.MadeBy,
		store.Micros(t.Expires))
	return secret, t, err
}

// List returns the tokens, the newest last; all: those too that are revoked or have expired.
func (ts *Tokens) List(ctx context.Context, all bool, now time.Time) (list []StoredToken, err error) {
	err = ts.store.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		list = nil
		found, err := find(ctx, tx, "1 = 1")
		for _, t := range found {
			strange := t.asWritten()
			if strange != nil && t.Revoked.IsZero() {
				return strange
			}
			if strange == nil && (all || t.Live(now)) {
				list = append(list, t.StoredToken)
			}
		}
		return err
	})
	return list, err
}

// Revoke ends a token, named by its id, or by its name where that is one token's alone. Its error is a Fault, or the store's.
func (ts *Tokens) Revoke(ctx context.Context, named, by string, now time.Time) (revoked StoredToken, err error) {
	err = ts.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		revoked, err = ts.RevokeIn(ctx, tx, named, by, now)
		return err
	})
	return revoked, err
}

// RevokeIn is Revoke within a transaction of the store's. With an error it wrote nothing.
func (ts *Tokens) RevokeIn(ctx context.Context, tx *sql.Tx, named, by string, now time.Time) (revoked StoredToken, err error) {
	found, err := find(ctx, tx, "(id = $1 OR name = $1) AND revoked = 0", named)
	if err != nil {
		return revoked, err
	}
	var ids []string
	for _, t := range found {
		if t.ID == named {
			found, ids = []storedToken{t}, []string{t.ID}
			break
		}
		ids = append(ids, t.ID)
	}
	switch {
	case len(found) == 0 && isStored(named): // which is not to be repeated
		return revoked, Fault("a token itself names none: say its id or name, as token list shows them")
	case len(found) == 0:
		return revoked, Fault(fmt.Sprintf("no token has the id or name %q, but for revoked ones", named))
	case len(found) > 1:
		return revoked, Fault(fmt.Sprintf(
			"%d tokens have the name %q: name one by its id, %s", len(found), named, strings.Join(ids, " or ")))
	}
	revoked = found[0].StoredToken
	revoked.Revoked, revoked.RevokedBy = now, by
	_, err = tx.ExecContext(ctx, "UPDATE access_token SET revoked = $1, revoked_by = $2 WHERE id = $3", store.Micros(now), by, revoked.ID)
	return revoked, err
}

// storedToken is a row.
type storedToken struct {
	StoredToken
	digest  digest
	strange bool // a newer bridge, or another hand, wrote it
}

// asWritten is a strange token's error.
func (t *storedToken) asWritten() error {
	if !t.strange {
		return nil
	}
	return Fault("the store holds a token that this bridge does not understand, and lets nobody in with it: " + t.ID)
}

// find reads the rows of a condition.
func find(ctx context.Context, tx *sql.Tx, condition string, values ...any) (found []storedToken, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, digest, name, role, account, addresses, made, made_by, expires, used, used_from, revoked,
		revoked_by FROM access_token WHERE `+condition+" ORDER BY made, id", values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t storedToken
		var sum []byte
		var role, addresses string
		if err := rows.Scan(
			&t.ID, &sum, &t.Name, &role, &t.User, &addresses, store.TimeInto(&t.Made), &t.MadeBy, store.TimeInto(&t.Expires),
			store.TimeInto(&t.Used), &t.UsedFrom, store.TimeInto(&t.Revoked), &t.RevokedBy,
		); err != nil {
			return nil, err
		}
		var known bool
		t.Role, known = roleOf(role)
		t.strange = !known || role == "" || len(sum) != sha256.Size
		copy(t.digest[:], sum)
		t.Addresses = strings.Fields(addresses)
		found = append(found, t)
	}
	return found, rows.Err()
}

// isShown says whether all of a text shows in a table, as what it is.
func isShown(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// NewStoredToken checks what a token is to be; report is told what is wrong by the key.
func NewStoredToken(name, role, user string, addresses []string, expires string, now time.Time) (t StoredToken, faults []error) {
	report := func(key, problem string) { faults = append(faults, Fault(key+" "+problem)) }
	held := holder(name, role, addresses, report)
	t = StoredToken{Name: name, Role: held.role, User: user, Addresses: addresses, Made: now}
	if name == "" || !isShown(name) {
		report("name", "is empty, or holds a character that does not show")
	}
	if !isShown(user) {
		report("user", "holds a character that does not show")
	}
	if expires == "" {
		return t, faults
	}
	var problem string
	if t.Expires, problem = endOf(expires); problem != "" {
		faults = append(faults, Fault(problem))
	} else if !t.Expires.After(now) {
		report("expires", "is over")
	}
	return t, faults
}
