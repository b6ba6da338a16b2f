package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"scimbridge/bridge/access"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
)

// tokenCommand is about the tokens that the store keeps.
type tokenCommand struct {
	New    tokenNewCommand    `cmd:"" help:"Make a token, and show it this once."`
	List   tokenListCommand   `cmd:"" help:"List the store's tokens."`
	Revoke tokenRevokeCommand `cmd:"" help:"End a token: running copies refuse it within a second or so."`
}

// tokenFlags are those of each of them.
type tokenFlags struct {
	storeFlag
	JSON bool `name:"json" help:"Print JSON."`
}

// use opens the store's tokens for as long as do runs.
func (f tokenFlags) use(w *world, do func(context.Context, *access.Tokens, *store.Store) error) error {
	return f.withStore(w, "which keeps such tokens", existing, func(ctx context.Context, s *store.Store) error {
		tokens, err := access.NewTokens(s)
		if err != nil {
			return err
		}
		return do(ctx, tokens, s)
	})
}

// act has a token made or revoked, which the journal has in the same transaction.
func (w *world) act(s *store.Store, operation string, do func(context.Context, *sql.Tx) (access.StoredToken, error)) error {
	ledger, err := journal.Open(s, journal.Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer ledger.Shut()
	host, _ := os.Hostname()
	return ledger.Act(func(ctx context.Context, tx *sql.Tx) (journal.Act, error) {
		t, err := do(ctx, tx)
		detail := "role " + t.Role.String()
		for _, said := range [][2]string{
			{"user", t.User}, {"from", strings.Join(t.Addresses, " ")}, {"expires", moment(t.Expires, "", "")},
		} {
			if said[1] != "" {
				detail += ", " + said[0] + " " + said[1]
			}
		}
		return journal.Act{
			Caller: w.caller(), Client: host, Operation: operation, Type: "token", ID: t.ID, Name: t.Name, Detail: detail,
		}, err
	})
}

type tokenNewCommand struct {
	tokenFlags
	Name      string   `arg:"" help:"The caller's name in the log. Two tokens may have one name, to take turns."`
	Role      string   `default:"provisioner" help:"provisioner, users-only, groups-only, reader or operator (${default})."`
	Expires   string   `placeholder:"DAY" help:"Its last day (UTC), as 2027-01-31, or a time, as 2027-01-31T12:00:00Z; default: none."`
	Addresses []string `name:"address" placeholder:"ADDRESS" sep:"," help:"From where alone it is valid; may be given again."`
	User      string   `placeholder:"USERNAME" help:"The userName of the account that /Me is for it."`
}

// Help shows how to use it.
func (tokenNewCommand) Help() string {
	return `Example:

  scimbridge token new entra --config scimbridge.yaml --expires 2027-01-31 --address 20.0.0.0/8

The token is printed once: the store keeps its hash alone.`
}

func (n tokenNewCommand) Run(w *world) error {
	asked, faults := access.NewStoredToken(n.Name, n.Role, n.User, n.Addresses, n.Expires, time.Now())
	if len(faults) > 0 {
		return misuse{errors.Join(faults...)}
	}
	asked.MadeBy = w.caller()
	return n.use(w, func(_ context.Context, tokens *access.Tokens, s *store.Store) error {
		var secret string
		var made access.StoredToken
		err := w.act(s, "make", func(ctx context.Context, tx *sql.Tx) (_ access.StoredToken, err error) {
			secret, made, err = tokens.MakeIn(ctx, tx, asked)
			return made, err
		})
		switch {
		case err != nil:
			return err
		case n.JSON:
			return printJSON(w.stdout, struct {
				Token string `json:"token"`
				tokenJSON
			}{secret, shownToken(made)})
		}
		fmt.Fprintf(w.stdout, "%s\n\nIt is shown this once.\n\n", secret)
		return tokenListing.table(w.stdout, made)
	})
}

type tokenListCommand struct {
	tokenFlags
	All bool `help:"Revoked and expired ones too."`
}

// Help shows how to use it.
func (tokenListCommand) Help() string {
	return `Example:

  scimbridge token list --config scimbridge.yaml --all

Tokens of the configuration stand in its files, and are not listed.`
}

func (l tokenListCommand) Run(w *world) error {
	return l.use(w, func(ctx context.Context, tokens *access.Tokens, _ *store.Store) error {
		list, err := tokens.List(ctx, l.All, time.Now())
		if err != nil {
			return err
		}
		return tokenListing.print(w.stdout, list, l.JSON)
	})
}

type tokenRevokeCommand struct {
	tokenFlags
	Token string `arg:"" help:"Its id, or its name where no other has it."`
}

// Help shows how to use it.
func (tokenRevokeCommand) Help() string {
	return `Example:

  scimbridge token revoke 3f2a1b0c --config scimbridge.yaml`
}

func (r tokenRevokeCommand) Run(w *world) error {
	return r.use(w, func(_ context.Context, tokens *access.Tokens, s *store.Store) error {
		var revoked access.StoredToken
		err := w.act(s, "revoke", func(ctx context.Context, tx *sql.Tx) (_ access.StoredToken, err error) {
			revoked, err = tokens.RevokeIn(ctx, tx, r.Token, w.caller(), time.Now())
			return revoked, err
		})
		switch {
		case err != nil:
			return err
		case r.JSON:
			return printJSON(w.stdout, shownToken(revoked))
		}
		_, err = fmt.Fprintf(w.stdout, "Token %s of %s is revoked.\n", revoked.ID, revoked.Name)
		return err
	})
}

// tokenJSON is a token as JSON. Times that are not are left out.
type tokenJSON struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Role      string    `json:"role"`
	User      string    `json:"user,omitempty"`
	Addresses []string  `json:"addresses,omitempty"`
	Made      time.Time `json:"made"`
	MadeBy    string    `json:"madeBy"`
	Expires   time.Time `json:"expires,omitzero"`
	Used      time.Time `json:"used,omitzero"`
	UsedFrom  string    `json:"usedFrom,omitempty"`
	Revoked   time.Time `json:"revoked,omitzero"`
	RevokedBy string    `json:"revokedBy,omitempty"`
}

func shownToken(t access.StoredToken) tokenJSON {
	return tokenJSON{
		t.ID, t.Name, t.Role.String(), t.User, t.Addresses, toSecond(t.Made), t.MadeBy, toSecond(t.Expires), toSecond(t.Used), t.UsedFrom,
		toSecond(t.Revoked), t.RevokedBy,
	}
}

// lasts is the end of a token. Where it is that of a day, it is shown as that day, which is how it is said.
func lasts(until time.Time) string {
	last := until.UTC().Add(-time.Second)
	if !until.IsZero() && last.AddDate(0, 0, 1).Truncate(24*time.Hour).Equal(until.UTC()) {
		return "end of " + last.Format(time.DateOnly)
	}
	return cmp.Or(moment(until, "", ""), "never")
}

// tokenListing shows tokens.
var tokenListing = listing[access.StoredToken]{
	none:  "There are no tokens.",
	heads: []string{"ID", "NAME", "ROLE", "USER", "ADDRESSES", "MADE", "EXPIRES", "LAST USED", "REVOKED"},
	cells: func(t access.StoredToken) []string {
		return []string{
			t.ID, t.Name, t.Role.String(), cmp.Or(t.User, "-"), cmp.Or(strings.Join(t.Addresses, ","), "all"),
			moment(t.Made, t.MadeBy, "by"), lasts(t.Expires), cmp.Or(moment(t.Used, t.UsedFrom, "from"), "never"),
			cmp.Or(moment(t.Revoked, t.RevokedBy, "by"), "-"),
		}
	},
	json: func(t access.StoredToken) any { return shownToken(t) },
}
