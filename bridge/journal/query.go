package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/ldapmap/ldif"
)

// Query says which records are looked for. What is left out does not matter.
type Query struct {
	Subject   string    // id, userName, displayName or DN of a person or group: records are found that name them by any
	Since     time.Time // the oldest
	Until     time.Time // before it
	Caller    string
	RequestID string
	Effect    ldif.EffectKind // that it had, or was to have
	Outcome   Outcome
	Limit     int  // 0: all
	Newest    bool // first

	keys []string // of the subject, or of several
}

// Account is a record as it is read: an intent with what became of it, or a refusal.
type Account struct {
	ID   ID
	Kind Kind
	Intent
	Done      *Done // the last that is told; nil: nobody knows yet, or it is a refusal
	Outcome   Outcome
	Status    int    // of a refusal
	Reason    string // of a refusal
	Detail    string // of a refusal
	Forgotten bool   // what it says is erased
	Blanked   bool   // what named somebody is erased of what it says, or of what its receipt says
}

// ErrNoRecord says that there is no record with the id.
var ErrNoRecord = errors.New("no such record")

// Get reads one record.
func Get(ctx context.Context, s *store.Store, id ID) (account Account, err error) {
	err = ErrNoRecord
	failure := page(ctx, s, "i.writer = $1 AND i.seq = $2", []any{id.Writer, id.Seq}, true, 1, func(a Account) error {
		account, err = a, nil
		return nil
	})
	if failure != nil {
		return account, failure
	}
	return account, err
}

// pageSize is how many records are read at once.
const pageSize = 200

// Find calls each with the records that match, in the order of time. It holds nothing in the store while each runs.
func Find(ctx context.Context, s *store.Store, q Query, each func(Account) error) error {
	if q.Subject != "" {
		known, err := Who(ctx, s, q.Subject)
		if err != nil {
			return err
		}
		q.keys = known.keys(q.Subject)
	}
	where, arguments := q.where()
	for n := 0; q.Limit == 0 || n < q.Limit; {
		limit := pageSize
		if q.Limit > 0 {
			limit = min(limit, q.Limit-n)
		}
		var last *Account
		found := 0
		if err := page(ctx, s, where, arguments, q.Newest, limit, func(a Account) error {
			found++
			last = &a
			return each(a)
		}); err != nil {
			return err
		}
		if found < limit {
			return nil
		}
		n += found
		where, arguments = q.where()
		arguments = append(arguments, last.Time.UnixMicro(), last.ID.Writer, last.ID.Seq)
		beyond := map[bool]string{true: "<", false: ">"}[q.Newest]
		to := len(arguments)
		where += fmt.Sprintf(" AND (i.time, i.writer, i.seq) %s ($%d, $%d, $%d)", beyond, to-2, to-1, to)
	}
	return nil
}

// outcome is the last that is told of an intent, in SQL.
const outcome = `CASE i.kind WHEN 'intent' THEN COALESCE((SELECT r.outcome FROM journal_records r
	WHERE r.kind = 'receipt' AND r.of_writer = i.writer AND r.of_seq = i.seq
	ORDER BY r.time DESC, r.writer DESC, r.seq DESC LIMIT 1), 'pending') ELSE i.outcome END`

// where is the query in SQL.
func (q Query) where() (text string, arguments []any) {
	conditions := []string{"i.kind <> 'receipt'"}
	add := func(condition string, value any) {
		arguments = append(arguments, value)
		conditions = append(conditions, strings.ReplaceAll(condition, "$", fmt.Sprintf("$%d", len(arguments))))
	}
	if len(q.keys) > 0 {
		var places []string
		for _, key := range q.keys {
			arguments = append(arguments, key)
			places = append(places, fmt.Sprintf("$%d", len(arguments)))
		}
		conditions = append(conditions, "(i.writer, i.seq) IN (SELECT writer, seq FROM journal_subjects WHERE subject IN ("+
			strings.Join(places, ", ")+"))")
	}
	if !q.Since.IsZero() {
		add("i.time >= $", q.Since.UnixMicro())
	}
	if !q.Until.IsZero() {
		add("i.time < $", q.Until.UnixMicro())
	}
	if q.Caller != "" {
		add("i.caller = $", q.Caller)
	}
	if q.RequestID != "" {
		add("i.request = $", q.RequestID)
	}
	if q.Effect != "" {
		add("i.effects LIKE $", "%,"+string(q.Effect)+",%")
	}
	if q.Outcome != "" {
		add(outcome+" = $", string(q.Outcome))
	}
	return strings.Join(conditions, " AND "), arguments
}

// page reads records with what became of them.
func page(
	ctx context.Context, s *store.Store, where string, arguments []any, newest bool, limit int, each func(Account) error,
) error {
	var accounts []Account
	err := s.View(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		order := "i.time, i.writer, i.seq"
		if newest {
			order = "i.time DESC, i.writer DESC, i.seq DESC"
		}
		query := fmt.Sprintf(`SELECT i.writer, i.seq, i.kind, i.time, i.of_writer, i.of_seq, i.request, i.caller, %s, i.payload
			FROM journal_records i WHERE %s ORDER BY %s LIMIT %d`, outcome, where, order, limit)
		accounts, err = intents(ctx, tx, query, arguments)
		if err == nil && len(accounts) > 0 {
			err = receipts(ctx, tx, accounts)
		}
		return err
	})
	for _, a := range accounts {
		if err == nil {
			err = each(a)
		}
	}
	return err
}

func intents(ctx context.Context, tx *sql.Tx, query string, arguments []any) (accounts []Account, err error) {
	rows, err := tx.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a Account
		var at int64
		var of ID
		var request, caller string
		var stored []byte
		if err := rows.Scan(
			&a.ID.Writer, &a.ID.Seq, &a.Kind, &at, &of.Writer, &of.Seq, &request, &caller, &a.Outcome, &stored,
		); err != nil {
			return nil, err
		}
		if stored == nil {
			a.Forgotten = true
			a.Intent = Intent{RequestID: request, Caller: caller, Of: of}
		} else {
			p, err := decode(stored)
			if err != nil {
				return nil, fmt.Errorf("record %s cannot be read: %w", a.ID, err)
			}
			if a.Kind == KindAnchor { // it has a number there
				of = ID{}
			}
			a.Intent, a.Status, a.Reason, a.Detail = p.intent(of), p.Status, p.Reason, p.Detail
			a.Blanked = p.Blanked
		}
		a.Time = time.UnixMicro(at)
		accounts = append(accounts, a)
	}
	return accounts, rows.Err()
}

// receipts adds to the accounts what became of them.
func receipts(ctx context.Context, tx *sql.Tx, accounts []Account) error {
	var places []string
	var arguments []any
	for _, a := range accounts {
		if a.Kind == KindIntent {
			places = append(places, fmt.Sprintf("(of_writer = $%d AND of_seq = $%d)", len(arguments)+1, len(arguments)+2))
			arguments = append(arguments, a.ID.Writer, a.ID.Seq)
		}
	}
	if len(places) == 0 {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT of_writer, of_seq, payload FROM journal_records WHERE kind = 'receipt' AND (`+
		strings.Join(places, " OR ")+`) ORDER BY time, writer, seq`, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var of ID
		var stored []byte
		if err := rows.Scan(&of.Writer, &of.Seq, &stored); err != nil {
			return err
		}
		at := slices.IndexFunc(accounts, func(a Account) bool { return a.ID == of })
		if stored == nil || accounts[at].Forgotten {
			continue
		}
		p, err := decode(stored)
		if err != nil {
			return fmt.Errorf("a receipt of record %s cannot be read: %w", of, err)
		}
		done := p.done(accounts[at].Plan)
		accounts[at].Done = &done
		accounts[at].Blanked = accounts[at].Blanked || p.Blanked
	}
	return rows.Err()
}
