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
	Subjects  []string  // in its place, ids and DNs as they are: records that name any of them
	Since     time.Time // the oldest
	Until     time.Time // before it
	Caller    string
	RequestID string
	Activity  string // Entra's
	Type      string // of resource; case does not matter
	Operation string
	Effect    ldif.EffectKind // that it had, or was to have
	Outcome   Outcome
	Limit     int  // 0: all
	Newest    bool // first

	keys []string // of the subject, or of several

	// Masked has a change show that it holds a secret: an empty value for each. Without it, as whoever takes something back needs it, there
	// is none.
	Masked bool

	// Those alone that a writer closed or refused behind a record of its own, up to another's number; the zero ID: all.
	after ID
	to    int64
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
	Forgotten bool   // what it says is erased; Kinds is told
	Kinds     string // of effects, that it was to have: `blocked, members removed`
	Blanked   bool   // what named somebody is erased of what it says, or of what its receipt says
}

// ErrNoRecord says that there is no record with the id.
var ErrNoRecord = errors.New("no such record")

// Get reads one record.
func Get(ctx context.Context, s *store.Store, id ID) (Account, error) { return get(ctx, s, id, false) }

// Show is Get for who looks at it: see Query.Masked.
func Show(ctx context.Context, s *store.Store, id ID) (Account, error) { return get(ctx, s, id, true) }

func get(ctx context.Context, s *store.Store, id ID, masked bool) (Account, error) {
	found, _, err := page(ctx, s, selection{
		where: "i.kind <> 'receipt' AND i.writer = $1 AND i.seq = $2", arguments: []any{id.Writer, id.Seq}, limit: 1, masked: masked,
	})
	if err == nil && len(found) == 0 {
		err = ErrNoRecord
	}
	if err != nil {
		return Account{}, err
	}
	return found[0], nil
}

// What is read at once: few records, and fewer where they are large.
const (
	pageSize   = 200
	pageOctets = 1 << 20 // as they are stored
)

// Find calls each with the records that match, in the order of time. It holds nothing in the store while each runs, and one page in memory.
func Find(ctx context.Context, s *store.Store, q Query, each func(Account) error) error {
	if q.Subject != "" {
		known, err := Who(ctx, s, q.Subject)
		if err != nil {
			return err
		}
		q.keys = known.keys(q.Subject)
	}
	for _, text := range q.Subjects {
		q.keys = append(q.keys, Subject(text))
	}
	for n, last := 0, (*Account)(nil); ; {
		where, arguments := q.where()
		if last != nil {
			arguments = append(arguments, last.Time.UnixMicro(), last.ID.Writer, last.ID.Seq)
			beyond := map[bool]string{true: "<", false: ">"}[q.Newest]
			to := len(arguments)
			where += fmt.Sprintf(" AND (i.time, i.writer, i.seq) %s ($%d, $%d, $%d)", beyond, to-2, to-1, to)
		}
		limit := pageSize
		if q.Limit > 0 && !q.looksInside() {
			limit = min(limit, q.Limit-n)
		}
		found, more, err := page(ctx, s, selection{where, arguments, q.Newest, limit, q.Masked})
		if err != nil {
			return err
		}
		for _, a := range found {
			if !q.matches(a) {
				continue
			}
			if err := each(a); err != nil {
				return err
			}
			if n++; n == q.Limit {
				return nil
			}
		}
		if !more {
			return nil
		}
		last = &found[len(found)-1]
	}
}

// looksInside says that not all of the query is in its SQL.
func (q Query) looksInside() bool { return q.Activity != "" || q.Type != "" || q.Operation != "" }

// matches says whether a record that the SQL finds is what is looked for.
func (q Query) matches(a Account) bool {
	return (q.Activity == "" || a.Activity == q.Activity) && (q.Type == "" || strings.EqualFold(a.Type, q.Type)) &&
		(q.Operation == "" || a.Operation == q.Operation)
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
	if q.Activity != "" {
		add("(i.writer, i.seq) IN (SELECT writer, seq FROM journal_subjects WHERE subject = $)", Subject(q.Activity))
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
	if q.after.Writer > 0 {
		at := len(arguments)
		arguments = append(arguments, q.after.Writer, q.after.Seq, q.to)
		conditions = append(conditions, fmt.Sprintf(`(i.writer, i.seq) IN (
			SELECT CASE r.kind WHEN 'receipt' THEN r.of_writer ELSE r.writer END, CASE r.kind WHEN 'receipt' THEN r.of_seq ELSE r.seq END
			FROM journal_records r WHERE r.writer = $%d AND r.seq > $%d AND r.seq <= $%d AND r.kind <> 'intent')`, at+1, at+2, at+3))
	}
	return strings.Join(conditions, " AND "), arguments
}

// selection is which records are read, in SQL.
type selection struct {
	where     string
	arguments []any
	newest    bool
	limit     int
	masked    bool
}

// page reads records with what became of them, and says whether there may be more.
func page(ctx context.Context, s *store.Store, which selection) (accounts []Account, more bool, err error) {
	order := "i.time, i.writer, i.seq"
	if which.newest {
		order = "i.time DESC, i.writer DESC, i.seq DESC"
	}
	query := fmt.Sprintf(`SELECT i.writer, i.seq, i.kind, i.time, i.of_writer, i.of_seq, i.request, i.caller, i.effects, %s, i.payload
		FROM journal_records i WHERE %s ORDER BY %s LIMIT %d`, outcome, which.where, order, which.limit)
	err = s.View(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if accounts, more, err = which.intents(ctx, tx, query); err == nil {
			err = which.receipts(ctx, tx, accounts)
		}
		return err
	})
	return accounts, more || len(accounts) == which.limit, err
}

func (which selection) intents(ctx context.Context, tx *sql.Tx, query string) (accounts []Account, more bool, err error) {
	rows, err := tx.QueryContext(ctx, query, which.arguments...)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for octets := 0; rows.Next(); {
		var a Account
		var at int64
		var of ID
		var request, caller, effects string
		var stored []byte
		if err := rows.Scan(
			&a.ID.Writer, &a.ID.Seq, &a.Kind, &at, &of.Writer, &of.Seq, &request, &caller, &effects, &a.Outcome, &stored,
		); err != nil {
			return nil, false, err
		}
		if stored == nil {
			a.Forgotten, a.Kinds = true, strings.ReplaceAll(strings.Trim(effects, ","), ",", ", ")
			a.Intent = Intent{RequestID: request, Caller: caller, Of: of}
		} else {
			p, err := decode(stored)
			if err != nil {
				return nil, false, fmt.Errorf("record %s cannot be read: %w", a.ID, err)
			}
			if which.masked {
				p.mask()
			}
			if a.Kind == KindAnchor { // it has a number there
				of = ID{}
			}
			a.Intent, a.Status, a.Reason, a.Detail = p.intent(of), p.Status, p.Reason, p.Detail
			a.Blanked = p.Blanked
		}
		a.Time = time.UnixMicro(at)
		accounts = append(accounts, a)
		if octets += len(stored); octets >= pageOctets {
			return accounts, true, nil
		}
	}
	return accounts, false, rows.Err()
}

// receiptsOf reads the receipts of intents. A CROSS JOIN has SQLite begin with those: else it looks at every receipt that there is.
const receiptsOf = `SELECT r.of_writer, r.of_seq, r.payload FROM (VALUES %s) AS p
	CROSS JOIN journal_records r WHERE r.kind = 'receipt' AND r.of_writer = p.column1 AND r.of_seq = p.column2
	ORDER BY r.time, r.writer, r.seq`

// receipts adds to the accounts what became of them.
func (which selection) receipts(ctx context.Context, tx *sql.Tx, accounts []Account) error {
	var places []string
	var arguments []any
	for _, a := range accounts {
		if a.Kind == KindIntent {
			places = append(places, fmt.Sprintf("(CAST($%d AS BIGINT), CAST($%d AS BIGINT))", len(arguments)+1, len(arguments)+2))
			arguments = append(arguments, a.ID.Writer, a.ID.Seq)
		}
	}
	if len(places) == 0 {
		return nil
	}
	rows, err := tx.QueryContext(ctx, fmt.Sprintf(receiptsOf, strings.Join(places, ", ")), arguments...)
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
		if which.masked {
			p.mask()
		}
		done := p.done(accounts[at].Plan)
		accounts[at].Done = &done
		accounts[at].Blanked = accounts[at].Blanked || p.Blanked
	}
	return rows.Err()
}
