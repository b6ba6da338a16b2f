package journal

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/stringprep"
)

// payload is what a record says, as it stands in the store. What is searched by stands beside it in columns, and can be made of it again.
type payload struct {
	// Salt keeps anybody from finding out what a payload was that was forgotten, by trying what gives its digest.
	Salt []byte `json:"salt"`

	Request   string          `json:"request,omitempty"`
	Activity  string          `json:"activity,omitempty"`
	Part      *Part           `json:"part,omitempty"`
	Caller    string          `json:"caller,omitempty"`
	Client    string          `json:"client,omitempty"`
	Operation string          `json:"operation,omitempty"`
	Type      string          `json:"type,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	DN        string          `json:"dn,omitempty"`
	Why       Why             `json:"why,omitempty"`
	Body      json.RawMessage `json:"body,omitempty"`
	Plan      *wirePlan       `json:"plan,omitempty"`
	Whole     *wireEntry      `json:"whole,omitempty"`
	Referrers []wireReference `json:"referrers,omitempty"`
	Confirms  []string        `json:"confirms,omitempty"`
	Subjects  []string        `json:"subjects,omitempty"`

	Receipt *wireReceipt `json:"receipt,omitempty"`
	Outcome Outcome      `json:"outcome,omitempty"`
	Took    float64      `json:"took,omitempty"` // seconds
	Status  int          `json:"status,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Detail  string       `json:"detail,omitempty"`
	Found   bool         `json:"found,omitempty"`

	Anchor  *anchor    `json:"anchor,omitempty"`
	Erased  []erasedOf `json:"erased,omitempty"`
	Blanked bool       `json:"blanked,omitempty"` // what named a person is erased
}

const saltLength = 16

func newSalt() []byte {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // which fails never
	return salt
}

func packIntent(i *Intent) *payload {
	p := &payload{
		Salt: newSalt(), Request: i.RequestID, Activity: i.Activity, Part: i.Part, Caller: i.Caller, Client: i.Client,
		Operation: i.Operation, Type: i.Type, ID: i.ID, Name: i.Name, DN: i.about(), Why: i.Why, Body: i.Body,
		Confirms: i.Confirms, Subjects: i.Subjects,
	}
	if !i.Plan.Empty() {
		p.Plan = packPlan(i.Plan, i.secret)
	}
	if i.Whole != nil {
		whole := packEntry(i.Whole, i.secret)
		p.Whole = &whole
	}
	for _, r := range i.Referrers {
		p.Referrers = append(p.Referrers, wireReference(r))
	}
	return p
}

func packDone(d *Done, secret secrecy) *payload {
	return &payload{
		Salt: newSalt(), Receipt: packReceipt(d.Receipt, secret), Outcome: OutcomeOf(d.Receipt), Took: d.Took.Seconds(), ID: d.ID,
		Status: d.Status, Reason: cmp.Or(d.Reason, reasonOf(d.Receipt.Err)), Detail: d.Detail, Found: d.Found,
	}
}

func packRefusal(r *Refusal) *payload {
	p := packIntent(&r.Intent)
	p.Outcome, p.Status, p.Reason, p.Detail = Refused, r.Status, r.Reason, r.Detail
	if r.Why == DryRun && r.Reason == "" {
		p.Outcome = NotSent
	}
	return p
}

func (p *payload) intent(of ID) Intent {
	i := Intent{
		RequestID: p.Request, Activity: p.Activity, Part: p.Part, Caller: p.Caller, Client: p.Client, Operation: p.Operation, Type: p.Type,
		ID: p.ID, Name: p.Name, DN: p.DN, Why: p.Why, Body: p.Body, Plan: p.Plan.unpack(), Whole: p.Whole.unpack(), Confirms: p.Confirms,
		Subjects: p.Subjects, Of: of,
	}
	for _, r := range p.Referrers {
		i.Referrers = append(i.Referrers, ldif.Reference(r))
	}
	return i
}

func (p *payload) done(plan ldif.Plan) Done {
	return Done{
		Receipt: p.Receipt.unpack(plan), Took: time.Duration(p.Took * float64(time.Second)), ID: p.ID, Status: p.Status, Reason: p.Reason,
		Detail: p.Detail, Found: p.Found,
	}
}

// effects are the kinds of what the payload's plan is to do, each once between commas: `,blocked,members removed,`.
func (p *payload) effects() string {
	if p.Plan == nil {
		return ""
	}
	return kindsOf(p.Plan.Effects)
}

func kindsOf(effects []wireEffect) string {
	text := ","
	for _, e := range effects {
		if kind := string(e.Kind) + ","; !strings.Contains(text, ","+kind) {
			text += kind
		}
	}
	return text
}

// The first octet of a stored payload says how the rest stands there.
const (
	asJSON = 'j'
	asZstd = 'z'
)

// large is the size in octets from which a payload is worth compressing.
const large = 4 << 10

// Coders of zstd are made for many goroutines, and with nil for what is in memory.
var (
	compressor, _ = zstd.NewWriter(
		nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	decompressor, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(largest))
)

// largest bounds what is made of a stored payload: the body and the entries of the largest request.
const largest = 256 << 20

// buffers are what payloads are written into: most are of about a size.
var buffers = sync.Pool{New: func() any { return &bytes.Buffer{} }}

func (p *payload) encode() ([]byte, error) {
	text := buffers.Get().(*bytes.Buffer)
	defer func() {
		if text.Cap() <= 16*large {
			buffers.Put(text)
		}
	}()
	text.Reset()
	text.WriteByte(asJSON)
	encoder := json.NewEncoder(text)
	encoder.SetEscapeHTML(false) // a body stands there as it was sent
	if err := encoder.Encode(p); err != nil {
		return nil, fmt.Errorf("journal: a record cannot be written as JSON: %w", err)
	}
	if text.Len() < large {
		return bytes.Clone(text.Bytes()), nil
	}
	return compressor.EncodeAll(text.Bytes()[1:], []byte{asZstd}), nil
}

func decode(stored []byte) (*payload, error) {
	text, err := unfold(stored)
	if err != nil {
		return nil, err
	}
	p := &payload{}
	return p, json.Unmarshal(text, p)
}

// unfold is the JSON of a stored payload.
func unfold(stored []byte) ([]byte, error) {
	if len(stored) == 0 {
		return nil, fmt.Errorf("the record is empty")
	}
	switch text := stored[1:]; stored[0] {
	case asJSON:
		return text, nil
	case asZstd:
		return decompressor.DecodeAll(text, nil)
	}
	return nil, fmt.Errorf("the record is of a form that this version does not know")
}

// Subject is the key of an id, a name or a DN that records are found by.
func Subject(text string) string {
	if strings.Contains(text, "=") {
		text = ldif.NormalDN(text)
	}
	key := printable(stringprep.Key(text))
	if len(key) > longestKey {
		digest := sha256.Sum256([]byte(key))
		key = "sha256:" + hex.EncodeToString(digest[:])
	}
	return key
}

// longestKey is the longest that stands in an index as it is: one of PostgreSQL's takes 2,704 octets, and without it the record is not
// taken.
const longestKey = 1000

// printable is the text as every database takes it.
func printable(text string) string {
	if !utf8.ValidString(text) {
		text = string([]rune(text)) // each octet that is none becomes U+FFFD, as in JSON
	}
	return strings.ReplaceAll(text, "\x00", "\uFFFD")
}
