package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/store"
)

// Head is a record by its hash: it stands for all of its writer's before it. The log has one each hour, and at each end.
type Head struct {
	ID   ID
	Hash string // in hexadecimal digits
}

// String is the head as it is handed on: `12-4711:9f86…`.
func (h Head) String() string { return h.ID.String() + ":" + h.Hash }

// ParseHead reads what String gives.
func ParseHead(text string) (h Head, err error) {
	id, digits, _ := strings.Cut(text, ":")
	h.ID, err = ParseID(id)
	h.Hash = strings.ToLower(digits)
	if octets, bad := hex.DecodeString(digits); err != nil || bad != nil || len(octets) != sha256.Size {
		return Head{}, fmt.Errorf("%q is no head: it is written as 12-4711:HASH, as `head` and `hash` stand in the log", text)
	}
	return h, nil
}

// Fault is what is wrong with the journal.
type Fault struct {
	Record ID // Seq 0: the writer's chain as a whole
	What   string
}

// String is the fault as people read it.
func (f Fault) String() string {
	if f.Record.Seq == 0 {
		return fmt.Sprintf("writer %d: %s", f.Record.Writer, f.What)
	}
	return fmt.Sprintf("record %s: %s", f.Record, f.What)
}

// Verified is what was looked at.
type Verified struct {
	Writers   int
	Records   int
	Forgotten int    // records of which what they say is erased, in whole or in part
	Faults    int    // that were told
	Older     []Head // of those given: what they stand for is no longer kept
	Heads     []Head // the ends of the chains that have not ended: to be handed on to the next time
}

// Verify looks at each record of each writer, and tells each fault: a record that was changed, a gap, a chain whose end is gone. heads are
// what is known from elsewhere, such as the log: of a chain whose end was cut off together with what the store says of it nothing else
// tells. It holds nothing in the store for long, and needs no more memory for a large journal. Its error is the store's alone.
func Verify(ctx context.Context, s *store.Store, heads []Head, tell func(Fault)) (v Verified, err error) {
	given := slices.Clone(heads)
	for writer := int64(0); ; {
		before := writer
		var known bool
		if writer, known, err = nextWriter(ctx, s, writer); err != nil || writer == 0 {
			break
		}
		w := walk{writer: writer}
		given = slices.DeleteFunc(given, func(h Head) bool {
			if h.ID.Writer == writer {
				w.given = append(w.given, h)
			}
			return h.ID.Writer == writer
		})
		if missing := writer - before - 1; missing > 0 {
			if err = w.gone(ctx, s, before+1, writer-1); err != nil {
				return v, err
			}
		}
		if !known {
			w.fault(ID{Writer: writer}, "nothing says that there is such a writer")
		}
		if err = w.chain(ctx, s, &v, tell); err != nil {
			return v, err
		}
	}
	for _, h := range given {
		if err != nil {
			break
		}
		v.Faults++
		tell(Fault{h.ID, "it is missing, and its writer's whole chain with it"})
	}
	return v, err
}

// nextWriter is the next that has records or is known; 0: there is none.
func nextWriter(ctx context.Context, s *store.Store, after int64) (writer int64, known bool, err error) {
	err = s.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var one, other sql.NullInt64
		err := tx.QueryRowContext(ctx, `SELECT (SELECT MIN(writer) FROM journal_writers WHERE writer > $1),
			(SELECT MIN(writer) FROM journal_records WHERE writer > $1)`, after).Scan(&one, &other)
		known = one.Valid && (!other.Valid || one.Int64 <= other.Int64)
		writer = other.Int64
		if known {
			writer = one.Int64
		}
		return err
	})
	return writer, known, err
}

// walk goes along a writer's chain. It is a value: of a read that is tried again nothing stays.
type walk struct {
	writer int64
	given  []Head
	at     int64 // the last record that was looked at, or the last that is no longer kept
	hash   hash
	begun  bool

	anchored *Head // where the chain is cut, or soon will be

	records, forgotten int
	faults             []Fault
	older              []Head
}

func (w *walk) fault(id ID, what string, with ...any) {
	w.faults = append(w.faults, Fault{id, fmt.Sprintf(what, with...)})
}

// gone looks why there are no records of the writers from one to another.
func (w *walk) gone(ctx context.Context, s *store.Store, from, to int64) error {
	var a anchor
	err := s.View(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		a, err = newestAnchor(ctx, tx)
		return err
	})
	if err != nil && !errors.Is(err, errNoAnchor) {
		return err
	}
	for n := from; n <= to; n++ {
		if !a.isGone(n) {
			w.fault(ID{Writer: n}, "its whole chain is missing, and nothing says that it was cut")
		}
	}
	return nil
}

// cut looks why what is older than where the walk is, at the beginning of what is kept, is not there.
func (w *walk) cut(ctx context.Context, tx *sql.Tx) error {
	a, err := newestAnchor(ctx, tx)
	if err != nil && !errors.Is(err, errNoAnchor) {
		return err
	}
	at, is := a.of(w.writer)
	switch {
	case is && at.Seq >= w.at: // what is left up to there is yet to be deleted
		w.anchored = &Head{ID{w.writer, at.Seq}, hex.EncodeToString(at.Hash)}
		if at.Seq == w.at {
			w.compare(*w.anchored)
		}
	case w.at > 0:
		w.fault(ID{w.writer, w.at}, "what is older was cut off, and nothing says so")
	}
	return nil
}

// end is what the store says of the end of a chain.
type end struct {
	head  int64
	hash  []byte
	ended bool
}

// chain walks to the end.
func (w *walk) chain(ctx context.Context, s *store.Store, v *Verified, tell func(Fault)) error {
	v.Writers++
	var e end
	for more := true; more; {
		var next walk
		err := s.View(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			next = *w
			next.faults, next.older, next.given = slices.Clone(w.faults), slices.Clone(w.older), slices.Clone(w.given)
			more, e, err = next.page(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
		v.Records, v.Forgotten, v.Faults = v.Records+next.records, v.Forgotten+next.forgotten, v.Faults+len(next.faults)
		v.Older = append(v.Older, next.older...)
		for _, f := range next.faults {
			tell(f)
		}
		next.records, next.forgotten, next.faults, next.older = 0, 0, nil, nil
		*w = next
	}
	if !e.ended && w.at > 0 {
		v.Heads = append(v.Heads, Head{ID{w.writer, w.at}, hex.EncodeToString(w.hash[:])})
	}
	return nil
}

// verified is how many records one read looks at.
const verified = 500

// page looks at the next records, and where there are no more at the end of the chain.
func (w *walk) page(ctx context.Context, tx *sql.Tx) (more bool, e end, err error) {
	var first int64
	var before []byte
	err = tx.QueryRowContext(ctx, "SELECT first, before, head, hash, ended <> 0 FROM journal_writers WHERE writer = $1", w.writer).
		Scan(&first, &before, &e.head, &e.hash, &e.ended)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
		if w.begun { // it was cut meanwhile
			e.ended = true
			return false, e, nil
		}
	}
	if err != nil {
		return false, e, err
	}
	if w.at < first-1 || !w.begun {
		w.begun = true
		w.at = max(first, 1) - 1
		copy(w.hash[:], before)
		if err := w.cut(ctx, tx); err != nil {
			return false, e, err
		}
		if e.head == w.at && w.at > 0 {
			w.compare(Head{ID{w.writer, e.head}, hex.EncodeToString(e.hash)})
		}
	}
	heads := w.given
	if e.head > 0 {
		heads = append(slices.Clone(heads), Head{ID{w.writer, e.head}, hex.EncodeToString(e.hash)})
	}
	if w.anchored != nil {
		heads = append(slices.Clone(heads), *w.anchored)
	}
	found, err := w.look(ctx, tx, heads)
	if err != nil || found == verified {
		return err == nil, e, err
	}
	if e.head > w.at {
		w.fault(ID{w.writer, w.at}, "the chain ends here, and went on to %d: what came behind it was cut off", e.head)
	}
	for _, h := range w.given {
		if h.ID.Seq > w.at && h.ID.Seq != e.head {
			w.fault(h.ID, "it is missing: the chain ends at %d, and was longer", w.at)
		}
	}
	return false, e, nil
}

// look looks at some records. Where one is wrong it goes on behind it with what that says of itself.
func (w *walk) look(ctx context.Context, tx *sql.Tx, heads []Head) (found int, err error) {
	w.given = slices.DeleteFunc(w.given, func(h Head) bool {
		switch {
		case h.ID.Seq > w.at:
			return false
		case h.ID.Seq == w.at:
			w.compare(h)
		default:
			w.older = append(w.older, h)
		}
		return true
	})
	rows, err := tx.QueryContext(ctx, `SELECT seq, kind, time, of_writer, of_seq, request, caller, effects, outcome, payload, digest, hash
		FROM journal_records WHERE writer = $1 AND seq > $2 ORDER BY seq LIMIT $3`, w.writer, w.at, verified)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var odd []*row
	for rows.Next() {
		r := &row{id: ID{Writer: w.writer}}
		var at int64
		var digest, stated []byte
		if err := rows.Scan(&r.id.Seq, &r.kind, &at, &r.of.Writer, &r.of.Seq, &r.request, &r.caller, &r.effects, &r.outcome, &r.payload,
			&digest, &stated); err != nil {
			return 0, err
		}
		r.time = time.UnixMicro(at)
		copy(r.digest[:], digest)
		copy(r.hash[:], stated)
		found++
		w.records++
		switch missing := r.id.Seq - w.at - 1; {
		case missing == 1:
			w.fault(ID{w.writer, w.at + 1}, "it is missing")
		case missing > 1:
			w.fault(ID{w.writer, w.at + 1}, "it is missing, and all up to %d", r.id.Seq-1)
		case r.link(w.hash) != r.hash && r.earlier(w.hash) != r.hash: // as an earlier version has it
			w.fault(r.id, "its hash is not that of what it says and of the record before it: it was changed, or that one")
		}
		if r.payload == nil || sha256.Sum256(r.payload) != r.digest {
			odd = append(odd, r)
		} else if what := r.contradicts(); what != "" {
			w.fault(r.id, "%s", what)
		}
		w.at, w.hash = r.id.Seq, r.hash
		for _, h := range heads {
			if h.ID.Seq == w.at {
				w.compare(h)
			}
		}
		w.given = slices.DeleteFunc(w.given, func(h Head) bool { return h.ID.Seq == w.at })
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, err
	}
	for _, r := range odd {
		told, err := isErased(ctx, tx, r)
		if err != nil {
			return 0, err
		}
		switch what := r.contradicts(); {
		case told && (r.payload == nil || what == ""):
			w.forgotten++
		case told:
			w.fault(r.id, "%s", what)
		case r.payload == nil:
			w.fault(r.id, "what it says was erased, and nothing says so")
		default:
			w.fault(r.id, "what it says was changed")
		}
	}
	return found, nil
}

// compare holds where the walk is against a head.
func (w *walk) compare(h Head) {
	if hex.EncodeToString(w.hash[:]) != h.Hash {
		w.fault(h.ID, "it is another record than the one that was the head of the chain")
	}
}

// contradicts says what of the record's columns is not as its payload has it.
func (r *row) contradicts() string {
	text, err := unfold(r.payload)
	if err != nil {
		return "what it says cannot be read: " + err.Error()
	}
	var said struct {
		Request string  `json:"request"`
		Caller  string  `json:"caller"`
		Outcome Outcome `json:"outcome"`
		Plan    *struct {
			Effects []wireEffect `json:"effects"`
		} `json:"plan"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return "what it says cannot be read: " + err.Error()
	}
	effects := ""
	if said.Plan != nil {
		effects = kindsOf(said.Plan.Effects)
	}
	switch {
	case printable(said.Request) != r.request:
		return "the request that it is found by is not the one that it tells of"
	case printable(said.Caller) != r.caller:
		return "the caller that it is found by is not the one that it tells of"
	case effects != r.effects:
		return "the effects that it is found by are not those that it tells of"
	case said.Outcome != r.outcome:
		return "the outcome that it is found by is not the one that it tells of"
	}
	return ""
}
