package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"scimbridge/bridge/store"
)

// Forgotten is what Forget did.
type Forgotten struct {
	Person   Known
	Erased   int  // records about the person, and receipts of them: nothing is left of what they say
	Blanked  int  // records about others, of which what names the person is erased
	Open     []ID // records about the person, or that name him, of whose writes nobody knows yet what became: they stay as they are
	Residual bool // the SQLite file may hold what is erased until others are done with it
}

// AmbiguousError says that a name or a DN has been that of several.
type AmbiguousError struct{ IDs []string }

func (e *AmbiguousError) Error() string {
	return "it has been the name of several: say which by its id: " + strings.Join(e.IDs, ", ")
}

// ErrNobody says that the journal knows nobody by what was given.
var ErrNobody = errors.New("no record is about anybody of that id, name or DN")

// Forget erases from the journal what it says of a person, who is named by id, name or DN: of records about the person all but the columns
// of time, request, caller and effects, and of those about others each value that is the person's id, a name or a DN. The digests of what
// they said stay, and the chains hold. That it happened is recorded, at whose order, and of which records; not of whom.
func Forget(ctx context.Context, s *store.Store, log *slog.Logger, person, by string) (f Forgotten, err error) {
	l, err := Open(s, Options{}, log)
	if err != nil {
		return f, err
	}
	defer l.Shut()
	if f, err = forget(ctx, s, person, func(some []erasure) error { return l.erase(ctx, some, by) }); err == nil {
		f.Residual, err = s.Scrub(ctx)
	}
	return f, err
}

// Forgettable says what Forget would do. It takes no more than the right to read the journal.
func Forgettable(ctx context.Context, s *store.Store, person string) (Forgotten, error) {
	return forget(ctx, s, person, func([]erasure) error { return nil })
}

// forget finds what is to be erased, and has it erased some at a time.
func forget(ctx context.Context, s *store.Store, person string, erase func([]erasure) error) (f Forgotten, err error) {
	if f.Person, err = Who(ctx, s, person); err != nil {
		return f, err
	}
	switch {
	case len(f.Person.IDs) == 0:
		f.Person.Names = []string{person} // nobody but a request that was refused has it
	case f.Person.Several:
		return f, &AmbiguousError{f.Person.IDs}
	}
	g := newForgetting(f.Person)
	var last ID
	for more := true; more; {
		var some []erasure
		if more, err = g.read(ctx, s, &last, &some, &f); err != nil {
			return f, err
		}
		if len(some) == 0 {
			continue
		}
		if err := erase(some); err != nil {
			return f, err
		}
		for _, e := range some {
			if e.blanked == nil {
				g.erased[e.id] = true
				f.Erased++
			} else {
				f.Blanked++
			}
		}
	}
	if f.Erased+f.Blanked+len(f.Open) == 0 {
		return f, ErrNobody
	}
	return f, nil
}

// erasure is what becomes of a record.
type erasure struct {
	id      ID
	old     []byte
	blanked []byte   // nil: nothing stays
	keys    []string // that it is found by no more
	of      ID       // the record that the keys find
}

// erasedOf is an erasure as a record tells of it.
type erasedOf struct {
	Record ID     `json:"record"`
	Digest []byte `json:"digest,omitempty"` // of what is left
}

// forgetting is whom to forget.
type forgetting struct {
	ids     map[string]bool // keys of
	keys    map[string]bool // of the ids, names and DNs
	needles [][]byte        // in lower case: what says anything of the person holds one
	texts   []string        // in lower case: the id, names and DNs as they were written
	erased  map[ID]bool     // intents about the person: of them receipts may come later
}

func newForgetting(k Known) *forgetting {
	g := &forgetting{ids: map[string]bool{}, keys: map[string]bool{}, erased: map[ID]bool{}}
	for _, id := range k.IDs {
		g.ids[Subject(id)] = true
	}
	for _, text := range slices.Concat(k.IDs, k.Names, k.DNs) {
		lower := strings.ToLower(text)
		g.keys[Subject(text)] = true
		g.texts = append(g.texts, lower)
		if rdn, _, is := strings.Cut(lower, ","); is && strings.Contains(rdn, "=") {
			_, lower, _ = strings.Cut(rdn, "=") // a DN may be written with spaces and without
		}
		if lower, _, _ = strings.Cut(lower, `\`); lower != "" { // and an escape in many ways
			g.needles = append(g.needles, []byte(lower))
		} else {
			g.needles = append(g.needles, nil) // which every text holds
		}
	}
	return g
}

// forgetAtOnce is how many records are read at once, fewer where they are large, and erased in one transaction at most.
const forgetAtOnce = 100

// read reads the next records, and says of which something is to be erased.
func (g *forgetting) read(ctx context.Context, s *store.Store, last *ID, some *[]erasure, f *Forgotten) (more bool, err error) {
	at := *last
	var open []ID
	err = s.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		at, open, more = *last, nil, false
		*some = nil
		rows, err := tx.QueryContext(ctx, `SELECT i.writer, i.seq, i.kind, i.of_writer, i.of_seq, i.payload,
				CASE WHEN i.kind = 'intent' THEN (SELECT r.payload FROM journal_records r
					WHERE r.kind = 'receipt' AND r.of_writer = i.writer AND r.of_seq = i.seq ORDER BY r.time DESC LIMIT 1) END,
				CASE WHEN i.kind = 'receipt' THEN (SELECT b.payload FROM journal_records b
					WHERE b.writer = i.of_writer AND b.seq = i.of_seq) END,
				CASE WHEN i.kind = 'intent' THEN (SELECT COUNT(*) FROM journal_records r
					WHERE r.kind = 'receipt' AND r.of_writer = i.writer AND r.of_seq = i.seq) ELSE 1 END
			FROM journal_records i WHERE (i.writer, i.seq) > ($1, $2) ORDER BY i.writer, i.seq LIMIT $3`,
			last.Writer, last.Seq, forgetAtOnce)
		if err != nil {
			return err
		}
		defer rows.Close()
		for n, octets := 0, 0; !more && rows.Next(); {
			var r row
			var receipt, intent []byte
			receipts := 0
			if err := rows.Scan(&r.id.Writer, &r.id.Seq, &r.kind, &r.of.Writer, &r.of.Seq, &r.payload,
				&receipt, &intent, &receipts); err != nil {
				return err
			}
			n, octets = n+1, octets+len(r.payload)+len(receipt)+len(intent)
			more = n == forgetAtOnce || octets >= pageOctets
			at = r.id
			e, touched := g.erasure(&r, receipt, intent)
			switch {
			case touched && receipts == 0:
				open = append(open, r.id)
			case touched:
				*some = append(*some, e)
			}
		}
		return rows.Err()
	})
	*last, f.Open = at, append(f.Open, open...)
	return more, err
}

// erasure is what is to be erased of a record, if anything is.
func (g *forgetting) erasure(r *row, receipt, intent []byte) (e erasure, touched bool) {
	e = erasure{id: r.id, old: r.payload, of: r.id}
	if r.payload == nil || r.kind == KindAnchor || r.kind == KindForget {
		return e, false
	}
	if r.kind == KindReceipt {
		e.of = r.of
		receipt = r.payload
		if g.erased[r.of] {
			return e, true
		}
	} else {
		intent = r.payload
	}
	if !g.mayBeIn(intent) && !g.mayBeIn(receipt) && !g.mayBeIn(r.payload) {
		return e, false
	}
	p, err := decode(r.payload)
	if err != nil {
		return e, false
	}
	if about, ids, err := readAbout(intent, receipt); err == nil && r.kind != KindAct && g.isAbout(about, ids) {
		e.keys, _ = r.found()
		return e, true
	}
	if !g.blank(p) {
		return e, false
	}
	p.Salt, p.Blanked = newSalt(), true
	for key := range g.keys {
		if key != Subject(p.ID) && key != Subject(p.Name) && key != Subject(p.DN) {
			e.keys = append(e.keys, key)
		}
	}
	e.blanked, err = p.encode()
	return e, err == nil
}

// mayBeIn says whether a stored payload may hold anything of the person.
func (g *forgetting) mayBeIn(stored []byte) bool {
	if stored == nil {
		return false
	}
	text, err := unfold(stored)
	if err != nil {
		return false
	}
	text = bytes.ToLower(text)
	return slices.ContainsFunc(g.needles, func(n []byte) bool { return bytes.Contains(text, n) })
}

// isAbout says whether a record is about the person: by the ids, or where it has none by the name or the DN.
func (g *forgetting) isAbout(p *payload, ids []string) bool {
	if len(ids) > 0 {
		return slices.ContainsFunc(ids, func(id string) bool { return g.ids[Subject(id)] })
	}
	return p.Name != "" && g.keys[Subject(p.Name)] || p.DN != "" && g.keys[Subject(p.DN)]
}

// erase erases some in one transaction, which records it.
func (l *Ledger) erase(ctx context.Context, some []erasure, by string) error {
	p := &payload{Salt: newSalt(), Operation: "forget", Caller: by, Outcome: Written}
	var ids []ID
	for _, e := range some {
		erased := erasedOf{Record: e.id}
		if e.blanked != nil {
			digest := sha256.Sum256(e.blanked)
			erased.Digest = digest[:]
		}
		p.Erased = append(p.Erased, erased)
		ids = append(ids, e.id)
	}
	now := l.now()
	r, err := newRow(KindForget, now, p)
	if err != nil {
		return err
	}
	o := &op{row: r, event: Event{Time: now, Intent: &Intent{}}, erased: ids, done: make(chan error, 1)}
	o.checks = []Check{func(ctx context.Context, tx *sql.Tx, _ Candidate) error { return l.overwrite(ctx, tx, some) }}
	l.enqueue(o)
	return <-o.done
}

// errMeanwhile says that a record is no longer what was read of it.
var errMeanwhile = errors.New("what is to be erased was changed meanwhile, by another who erases: begin again")

// overwrite puts what is left in the place of what was there.
func (l *Ledger) overwrite(ctx context.Context, tx *sql.Tx, some []erasure) error {
	for _, e := range some { // all, or none
		var now []byte
		err := tx.QueryRowContext(ctx, "SELECT payload FROM journal_records WHERE writer = $1 AND seq = $2", e.id.Writer, e.id.Seq).
			Scan(&now)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil && !bytes.Equal(now, e.old) {
			return fmt.Errorf("record %s: %w", e.id, errMeanwhile)
		}
	}
	var found [][]any
	for _, e := range some {
		if _, err := tx.ExecContext(ctx, "UPDATE journal_records SET payload = $1 WHERE writer = $2 AND seq = $3",
			e.blanked, e.id.Writer, e.id.Seq); err != nil {
			return err
		}
		for _, key := range e.keys {
			found = append(found, []any{key, e.of.Writer, e.of.Seq})
		}
	}
	return l.unfind(ctx, tx, found)
}

// isErased says whether a record tells that what is left of another is what is there.
func isErased(ctx context.Context, tx *sql.Tx, r *row) (bool, error) {
	rows, err := tx.QueryContext(ctx, `SELECT f.payload FROM journal_erased e
		JOIN journal_records f ON f.writer = e.by_writer AND f.seq = e.by_seq AND f.kind = 'forget'
		WHERE e.writer = $1 AND e.seq = $2`, r.id.Writer, r.id.Seq)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	left := sha256.Sum256(r.payload)
	told := false
	for rows.Next() {
		var stored []byte
		if err := rows.Scan(&stored); err != nil {
			return false, err
		}
		p, err := decode(stored)
		if err != nil {
			continue
		}
		told = told || slices.ContainsFunc(p.Erased, func(e erasedOf) bool {
			return e.Record == r.id && (r.payload == nil && e.Digest == nil || r.payload != nil && bytes.Equal(e.Digest, left[:]))
		})
	}
	return told, rows.Err()
}
