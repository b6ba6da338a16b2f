package journal

import (
	"errors"
	"slices"
	"unicode/utf8"

	"scimbridge/ldapmap/ldif"
)

// This file is how plans and receipts stand in the journal: JSON that loses nothing but secrets. A receipt is told beside the plan of its
// intent, and repeats nothing of it.

// wireEntry is an entry. Of the attributes that it was read with it tells those too that it had not, and of no others whether it had them.
type wireEntry struct {
	DN         string          `json:"dn"`
	Attributes []wireAttribute `json:"attributes,omitempty"`
	Absent     []string        `json:"absent,omitempty"`
}

// wireAttribute has its values as text, where all of them are, or else in base64; of a secret there is but their number.
type wireAttribute struct {
	Name   string   `json:"name"`
	Values []string `json:"values,omitempty"`
	Octets [][]byte `json:"octets,omitempty"`
	Secret int      `json:"secret,omitempty"`
}

type wireMod struct {
	Op ldif.ModOp `json:"op"`
	wireAttribute
	Settled bool `json:"settled,omitempty"`
}

type wireCondition struct {
	ID      string          `json:"id,omitempty"`
	Version string          `json:"version,omitempty"`
	AsLeft  bool            `json:"asLeft,omitempty"`
	Made    bool            `json:"made,omitempty"`
	Shows   *ldif.AVA       `json:"shows,omitempty"`
	Found   []wireAttribute `json:"found,omitempty"`
}

type wireChange struct {
	Kind         ldif.Kind       `json:"kind"`
	DN           string          `json:"dn"`
	Entry        []wireAttribute `json:"entry,omitempty"`
	Place        bool            `json:"place,omitempty"`
	Mods         []wireMod       `json:"mods,omitempty"`
	NewRDN       string          `json:"newRDN,omitempty"`
	DeleteOldRDN bool            `json:"deleteOldRDN,omitempty"`
	NewSuperior  string          `json:"newSuperior,omitempty"`
	Apart        bool            `json:"apart,omitempty"`
	Restores     bool            `json:"restores,omitempty"`
	Revives      string          `json:"revives,omitempty"`
	Leaves       bool            `json:"leaves,omitempty"`
	Secrets      []string        `json:"secrets,omitempty"`
	If           *wireCondition  `json:"if,omitempty"`
	Else         *wireChange     `json:"else,omitempty"`
}

type wireReference struct {
	ID        string `json:"id"`
	DN        string `json:"dn"`
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
}

type wireEffect struct {
	Kind       ldif.EffectKind `json:"kind"`
	DN         string          `json:"dn"`
	ID         string          `json:"id,omitempty"`
	Attributes []string        `json:"attributes,omitempty"`
	Values     []string        `json:"values,omitempty"`
}

type wireStep struct {
	Change  wireChange  `json:"change"`
	Inverse *wireChange `json:"inverse,omitempty"`
	Before  int         `json:"before,omitempty"` // among the plan's entries, from 1
	Keeps   string      `json:"keeps,omitempty"`
	Late    bool        `json:"late,omitempty"`
	Stays   bool        `json:"stays,omitempty"`
	Alone   bool        `json:"alone,omitempty"`
	Again   bool        `json:"again,omitempty"`
}

type wirePlan struct {
	Entries []wireEntry  `json:"entries,omitempty"` // as they were read
	Before  int          `json:"before,omitempty"`
	Steps   []wireStep   `json:"steps,omitempty"`
	Effects []wireEffect `json:"effects,omitempty"`
}

type wireOutcome struct {
	State   string      `json:"state"`
	Sent    *wireChange `json:"sent,omitempty"` // left out where nothing was sent, and where it was as planned
	Planned bool        `json:"planned,omitempty"`
	Left    *wireEntry  `json:"left,omitempty"`
	Inverse string      `json:"inverse,omitempty"`

	ReadBack bool `json:"readBack,omitempty"`
}

type wireReceipt struct {
	Steps []wireOutcome `json:"steps,omitempty"`
	Error string        `json:"error,omitempty"`
}

// secrecy says of an attribute that its values are not written down.
type secrecy func(name string) bool

func packAttributes(attributes []ldif.Attribute, secret secrecy) []wireAttribute {
	if len(attributes) == 0 {
		return nil
	}
	packed := make([]wireAttribute, len(attributes))
	for i, a := range attributes {
		packed[i] = packAttribute(a.Name, a.Values, secret)
	}
	return packed
}

func packAttribute(name string, values []string, secret secrecy) wireAttribute {
	packed := wireAttribute{Name: name}
	switch {
	case secret(name):
		packed.Secret = len(values)
	case slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }):
		for _, v := range values {
			packed.Octets = append(packed.Octets, []byte(v))
		}
	default:
		packed.Values = values
	}
	return packed
}

func (a wireAttribute) unpack() ldif.Attribute {
	values := a.Values
	for _, v := range a.Octets {
		values = append(values, string(v))
	}
	return ldif.Attribute{Name: a.Name, Values: values}
}

func unpackAttributes(packed []wireAttribute) []ldif.Attribute {
	if len(packed) == 0 {
		return nil
	}
	attributes := make([]ldif.Attribute, len(packed))
	for i, a := range packed {
		attributes[i] = a.unpack()
	}
	return attributes
}

func packEntry(e *ldif.Entry, secret secrecy) wireEntry {
	packed := wireEntry{DN: e.DN, Attributes: packAttributes(e.Attributes, secret)}
	for _, name := range e.Asked {
		if e.Values(name) == nil && name != "*" && name != "+" && !secret(name) {
			packed.Absent = append(packed.Absent, name)
		}
	}
	return packed
}

func (e *wireEntry) unpack() *ldif.Entry {
	if e == nil {
		return nil
	}
	entry := &ldif.Entry{DN: e.DN, Attributes: unpackAttributes(e.Attributes)}
	if len(e.Absent) > 0 {
		entry.Asked = slices.Clone(e.Absent)
		for _, a := range e.Attributes {
			entry.Asked = append(entry.Asked, a.Name)
		}
	}
	return entry
}

func packChange(c *ldif.Change) *wireChange {
	if c == nil {
		return nil
	}
	packed := &wireChange{
		Kind: c.Kind, DN: c.DN, Entry: packAttributes(c.Entry, c.Secret), Place: c.Place,
		NewRDN: c.NewRDN, DeleteOldRDN: c.DeleteOldRDN, NewSuperior: c.NewSuperior, Apart: c.Apart, Leaves: c.Leaves,
		Restores: c.Restores, Revives: c.Revives, Secrets: c.Secrets, If: packCondition(c), Else: packChange(c.Else),
	}
	for _, m := range c.Mods {
		packed.Mods = append(packed.Mods, wireMod{m.Op, packAttribute(m.Name, m.Values, c.Secret), m.Settled})
	}
	return packed
}

func packCondition(c *ldif.Change) *wireCondition {
	held := c.If
	packed := &wireCondition{
		ID: held.ID, Version: held.Version, AsLeft: held.AsLeft, Made: held.Made, Found: packAttributes(held.Found, c.Secret),
	}
	if held.Shows != (ldif.AVA{}) && !c.Secret(held.Shows.Type) {
		packed.Shows = &held.Shows
	}
	return packed
}

func (c *wireChange) unpack() *ldif.Change {
	if c == nil {
		return nil
	}
	change := &ldif.Change{
		Kind: c.Kind, DN: c.DN, Entry: unpackAttributes(c.Entry), Place: c.Place,
		NewRDN: c.NewRDN, DeleteOldRDN: c.DeleteOldRDN, NewSuperior: c.NewSuperior, Apart: c.Apart, Leaves: c.Leaves,
		Restores: c.Restores, Revives: c.Revives, Secrets: c.Secrets, Else: c.Else.unpack(),
	}
	for _, m := range c.Mods {
		change.Mods = append(change.Mods, ldif.Mod{Op: m.Op, Name: m.Name, Values: m.wireAttribute.unpack().Values, Settled: m.Settled})
	}
	if held := c.If; held != nil {
		change.If = ldif.Condition{
			ID: held.ID, Version: held.Version, AsLeft: held.AsLeft, Made: held.Made, Found: unpackAttributes(held.Found),
		}
		if held.Shows != nil {
			change.If.Shows = *held.Shows
		}
	}
	return change
}

// packPlan is the plan with the entries that it was made of, each once.
func packPlan(p ldif.Plan, secret secrecy) *wirePlan {
	packed := &wirePlan{}
	numbers := map[*ldif.Entry]int{}
	number := func(e *ldif.Entry) int {
		if e == nil {
			return 0
		}
		n, known := numbers[e]
		if !known {
			packed.Entries = append(packed.Entries, packEntry(e, secret))
			n = len(packed.Entries)
			numbers[e] = n
		}
		return n
	}
	packed.Before = number(p.Before)
	for _, s := range p.Steps {
		packed.Steps = append(packed.Steps, wireStep{
			Change: *packChange(&s.Change), Inverse: packChange(s.Inverse), Before: number(s.Before), Keeps: s.Keeps.ID, Late: s.Keeps.Late,
			Stays: s.Stays, Alone: s.Alone, Again: s.Again,
		})
	}
	for _, e := range p.Effects {
		packed.Effects = append(packed.Effects, wireEffect{e.Kind, e.DN, e.ID, e.Attributes, e.Values})
	}
	return packed
}

func (p *wirePlan) unpack() (plan ldif.Plan) {
	if p == nil {
		return plan
	}
	entries := []*ldif.Entry{nil}
	for i := range p.Entries {
		entries = append(entries, p.Entries[i].unpack())
	}
	entry := func(n int) *ldif.Entry {
		if n < 0 || n >= len(entries) {
			return nil
		}
		return entries[n]
	}
	plan.Before = entry(p.Before)
	for _, s := range p.Steps {
		plan.Steps = append(plan.Steps, ldif.Step{
			Change: *s.Change.unpack(), Inverse: s.Inverse.unpack(), Before: entry(s.Before), Keeps: ldif.Keeps{ID: s.Keeps, Late: s.Late},
			Stays: s.Stays, Alone: s.Alone, Again: s.Again,
		})
	}
	for _, e := range p.Effects {
		plan.Effects = append(plan.Effects, ldif.Effect{Kind: e.Kind, DN: e.DN, ID: e.ID, Attributes: e.Attributes, Values: e.Values})
	}
	return plan
}

func packReceipt(r ldif.Receipt, secret secrecy) *wireReceipt {
	packed := &wireReceipt{}
	for i, s := range r.Steps {
		step := wireOutcome{State: s.State.String(), ReadBack: s.ReadBack}
		switch {
		case s.Sent.Kind == "":
		case isAsPlanned(s.Sent, r.Plan.Steps[i].Change):
			step.Planned = true
		default:
			step.Sent = packChange(&s.Sent)
		}
		if s.Left != nil {
			left := packEntry(s.Left, secret)
			step.Left = &left
		}
		if s.Inverse != nil {
			step.Inverse = s.Inverse.Error()
		}
		packed.Steps = append(packed.Steps, step)
	}
	if r.Err != nil {
		packed.Error = r.Err.Error()
	}
	return packed
}

// unpack is the receipt of the plan. Its errors have their texts alone.
func (r *wireReceipt) unpack(plan ldif.Plan) ldif.Receipt {
	receipt := ldif.NewReceipt(plan)
	for i, s := range r.Steps {
		if i >= len(receipt.Steps) {
			break
		}
		step := &receipt.Steps[i]
		step.State, step.Left, step.ReadBack = stateOf(s.State), s.Left.unpack(), s.ReadBack
		switch {
		case s.Planned:
			step.Sent = plan.Steps[i].Change
		case s.Sent != nil:
			step.Sent = *s.Sent.unpack()
		}
		if s.Inverse != "" {
			step.Inverse = errors.New(s.Inverse)
		}
	}
	if r.Error != "" {
		receipt.Err = errors.New(r.Error)
	}
	return receipt
}

// stateOf is the state of a text that State.String gave.
func stateOf(text string) ldif.State {
	for s := ldif.NotSent; s <= ldif.Stands; s++ {
		if s.String() == text {
			return s
		}
	}
	return ldif.Unknown
}

// isAsPlanned says that what was sent is what the plan says, to the letter.
func isAsPlanned(sent, planned ldif.Change) bool {
	sameAttribute := func(a, b ldif.Attribute) bool { return a.Name == b.Name && slices.Equal(a.Values, b.Values) }
	return sent.Kind == planned.Kind && sent.DN == planned.DN && sent.NewRDN == planned.NewRDN && sent.NewSuperior == planned.NewSuperior &&
		sent.DeleteOldRDN == planned.DeleteOldRDN && sent.Place == planned.Place && sent.If.ID == planned.If.ID &&
		slices.EqualFunc(sent.Entry, planned.Entry, sameAttribute) &&
		slices.EqualFunc(sent.Mods, planned.Mods, func(a, b ldif.Mod) bool {
			return a.Op == b.Op && a.Name == b.Name && a.Settled == b.Settled && slices.Equal(a.Values, b.Values)
		})
}
