package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Kind is what a record is.
type Kind string

// The kinds of record.
const (
	KindIntent  Kind = "intent"
	KindReceipt Kind = "receipt"
	KindRefusal Kind = "refusal"
	KindAnchor  Kind = "anchor" // what was cut off the chains
	KindForget  Kind = "forget" // what was erased of other records
	KindAct     Kind = "act"    // what was done to what the bridge itself keeps
)

// hash is a SHA-256.
type hash [sha256.Size]byte

// row is a record as it stands in the store.
type row struct {
	id   ID
	kind Kind
	time time.Time
	of   ID

	request, caller, effects string
	outcome                  Outcome

	payload []byte // nil: forgotten
	digest  hash   // of the payload: it stays when that goes
	hash    hash   // over the hash of the record before it, and what is above
}

// newRow makes a row of a payload. Its place in the chain is not known yet.
func newRow(kind Kind, at time.Time, p *payload) (*row, error) {
	stored, err := p.encode()
	if err != nil {
		return nil, err
	}
	return &row{
		kind: kind, time: at, request: printable(p.Request), caller: printable(p.Caller), effects: p.effects(), outcome: p.Outcome,
		payload: stored, digest: sha256.Sum256(stored),
	}, nil
}

// link is the hash of a record behind the one with the hash before. It holds all that the store has of the record in its row, and what it
// says by the digest: both hold when that is forgotten.
func (r *row) link(before hash) hash {
	earlier := r.earlier(before)
	b := append(make([]byte, 0, 256), earlier[:]...)
	for _, text := range []string{r.request, r.caller, r.effects, string(r.outcome)} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	return sha256.Sum256(b)
}

// earlier is the hash that records had before: without what is searched by, which the payload has too, until it is forgotten.
func (r *row) earlier(before hash) hash {
	b := make([]byte, 0, 2*sha256.Size+64)
	b = append(b, before[:]...)
	for _, n := range []int64{r.id.Writer, r.id.Seq, r.time.UnixMicro(), r.of.Writer, r.of.Seq} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, r.digest[:]...)
	b = append(b, r.kind...)
	return sha256.Sum256(b)
}
