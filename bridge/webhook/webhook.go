// Package webhook tells a receiver, by HTTP, what the bridge did. What is to be told is noted in the store, in the transaction that records
// it in the journal, and is sent from there: at least once, and of one resource in the order in which it was recorded, whatever becomes of
// the bridge meanwhile. Of the copies that share a store one sends. No request waits for the receiver.
//
// A message is made of the journal's record when it is sent: what is forgotten there is not told any more, and nothing of anybody but an id
// stands in the outbox.
package webhook

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/tracing"
)

//go:embed migrations
var migrations embed.FS

// Hook notes what is to be told, and sends it once it is started. A nil Hook does nothing.
type Hook struct {
	store *store.Store
	log   *slog.Logger
	now   func() time.Time
	to    atomic.Pointer[Receiver] // nil: nobody is told

	tracer *tracing.Tracer // nil: nothing is traced

	taken, failed atomic.Int64 // attempts
	away          atomic.Bool  // the receiver

	mu     sync.Mutex
	begun  bool               // it is started
	cancel context.CancelFunc // nil: nothing was sent yet
	ended  chan struct{}
}

// Receiver is who is told, and of what.
type Receiver struct {
	options Options
	post    *poster
}

var uses = []store.Use{
	{Table: "webhook_outbox", Rights: "SELECT, INSERT, UPDATE, DELETE"},
	{Table: "webhook_sender", Rights: "SELECT, INSERT, UPDATE"},
}

// New adds the outbox to the store. Its error names what is wrong with the options, which may name nobody.
func New(o Options, s *store.Store, log *slog.Logger) (*Hook, error) {
	if err := s.Add("webhook", migrations, uses...); err != nil {
		return nil, err
	}
	h := &Hook{store: s, log: log, now: time.Now, ended: make(chan struct{})}
	to, err := h.Receiver(o)
	h.Tell(to)
	return h, err
}

// Receiver is whom the options name: who is told already, where that is the same, or nil for nobody. Its error names what is wrong.
func (h *Hook) Receiver(o Options) (*Receiver, error) {
	if h == nil || !o.Enabled() {
		return nil, nil
	}
	o = o.WithDefaults()
	post, err := newPoster(o)
	if err != nil {
		return nil, err
	}
	next := &Receiver{o, post}
	if now := h.to.Load(); now != nil && now.is(next) {
		return now, nil
	}
	return next, nil
}

func (r *Receiver) is(other *Receiver) bool {
	return reflect.DeepEqual(r.options, other.options) && r.post.authorities.Equal(other.post.authorities)
}

// Tell has another receiver told of what is noted from now on, and of what waits; nil: nobody is, and what waits waits on.
func (h *Hook) Tell(to *Receiver) {
	if h == nil {
		return
	}
	before := h.to.Swap(to)
	if before != nil && before != to {
		before.post.client.HTTPClient.CloseIdleConnections()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.send()
}

// Enabled says whether anybody is told.
func (h *Hook) Enabled() bool { return h != nil && h.to.Load() != nil }

// Trace has what is sent traced. It is to be called before Start.
func (h *Hook) Trace(t *tracing.Tracer) {
	if h != nil {
		h.tracer = t
	}
}

// Start begins to send.
func (h *Hook) Start() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun = true
	h.send()
}

// send begins to where there is somebody to be told for the first time.
func (h *Hook) send() {
	if !h.begun || h.cancel != nil || !h.Enabled() {
		return
	}
	var ctx context.Context
	ctx, h.cancel = context.WithCancel(context.Background())
	go newSender(h).run(ctx)
}

// Stop ends the sending; what is not sent is by the next that starts.
func (h *Hook) Stop() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.begun = false; h.cancel == nil {
		return
	}
	h.cancel()
	<-h.ended
}

// Needs are the records of which nobody is told yet, the oldest of each writer: a message is made when it is sent. It is a journal.Needs.
func (h *Hook) Needs(ctx context.Context, tx *sql.Tx) (ids []journal.ID, err error) {
	if !h.Enabled() {
		return nil, nil
	}
	rows, err := tx.QueryContext(ctx, "SELECT writer, MIN(seq) FROM webhook_outbox WHERE given_up = 0 AND writer > 0 GROUP BY writer")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id journal.ID
		if err := rows.Scan(&id.Writer, &id.Seq); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Observe notes what the journal records (journal.Observer).
func (h *Hook) Observe(ctx context.Context, tx *sql.Tx, e journal.Event) error {
	if !h.Enabled() || !h.tells(e) {
		return nil
	}
	resource := e.Intent.ID
	if e.Done != nil && e.Done.ID != "" {
		resource = e.Done.ID
	}
	if resource == "" || len(resource) > longestID || !utf8.ValidString(resource) || strings.Contains(resource, "\x00") {
		resource = "record " + e.ID.String() // it is about nothing that others are about
	}
	return h.note(ctx, tx, resource, e.ID, nil)
}

// tells says whether the receiver is to hear of it.
func (h *Hook) tells(e journal.Event) bool {
	to := h.to.Load()
	if to == nil { // by now
		return false
	}
	if e.Refusal != nil && e.Refusal.Why == journal.DryRun {
		return false
	}
	if e.Refusal != nil {
		return e.Refusal.Caller != "" && to.options.wants(Refused) // of strangers the journal tells
	}
	switch journal.OutcomeOf(e.Done.Receipt) {
	case journal.Written, journal.HalfDone, journal.Unknown:
		return e.Intent.Why != journal.Number && to.options.wantsAny(e.Intent.Plan.Effects)
	case journal.Refused, journal.Withdrawn, journal.NotSent:
		return e.Done.Status >= 400 && to.options.wants(Refused) // without a status the request went on
	case journal.Unchanged, journal.Pending:
	}
	return false
}

// longestID is longer than the id of anything that there is. A refusal has what its caller wrote, which not every database takes.
const longestID = 500

// Hold is what holds writes back.
type Hold struct {
	ID     string    `json:"id"`
	Effect string    `json:"effect"` // as guard.limits names it
	Type   string    `json:"type"`   // of the resources
	Why    string    `json:"why"`
	Time   time.Time `json:"-"` // when it was opened
}

// Opened notes that a hold was opened, within the transaction that opens it.
func (h *Hook) Opened(ctx context.Context, tx *sql.Tx, hold Hold) error {
	if h == nil {
		return nil
	}
	if to := h.to.Load(); to == nil || !to.options.wants(Held) {
		return nil
	}
	body, err := json.Marshal(message{Type: typeHeld, Time: hold.Time.UTC(), Data: hold})
	if err != nil {
		return err
	}
	return h.note(ctx, tx, "hold "+hold.ID, journal.ID{}, body)
}

// note puts a message into the outbox: that of a record, or the body.
func (h *Hook) note(ctx context.Context, tx *sql.Tx, resource string, record journal.ID, body []byte) error {
	now := h.now().UnixMicro()
	_, err := tx.ExecContext(ctx, `INSERT INTO webhook_outbox
		(message, resource, writer, seq, body, created, due, attempts, failure, given_up) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', 0)`,
		"msg_"+rand.Text(), resource, record.Writer, record.Seq, body, now, now)
	return err
}
