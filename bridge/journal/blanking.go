package journal

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"scimbridge/scim"
)

// forgotten stands in the place of what named a person.
const forgotten = "(forgotten)"

// names says whether a value is the person's: an id, a name or a DN, or holds an id or a DN.
func (g *forgetting) names(value string) bool {
	if value == "" || value == forgotten {
		return false
	}
	return g.keys[Subject(value)] || slices.ContainsFunc(g.texts, func(text string) bool {
		return (strings.Contains(text, "=") || g.ids[Subject(text)]) && holds(strings.ToLower(value), text)
	})
}

// mentions says whether a text has an id, a name or a DN of the person in it.
func (g *forgetting) mentions(text string) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc(g.texts, func(t string) bool { return holds(lower, t) })
}

// holds says whether a text holds a word, or words, that nothing is written together with.
func holds(text, word string) bool {
	for at := 0; word != ""; {
		n := strings.Index(text[at:], word)
		if n < 0 {
			return false
		}
		at += n
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		if !isInWord(before) && !isInWord(after) {
			return true
		}
		at += len(word)
	}
	return false
}

func isInWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// blank takes out of a record about somebody else what names the person. It says whether there was any.
func (g *forgetting) blank(p *payload) (touched bool) {
	b := &blanking{forgetting: g}
	p.Subjects = slices.DeleteFunc(p.Subjects, func(text string) bool {
		named := g.names(text)
		b.touched = b.touched || named
		return named
	})
	p.Body = b.body(p.Body)
	b.entry(p.Whole)
	if p.Plan != nil {
		for n := range p.Plan.Entries {
			b.entry(&p.Plan.Entries[n])
		}
		for n := range p.Plan.Steps {
			s := &p.Plan.Steps[n]
			b.change(&s.Change)
			b.change(s.Inverse)
			b.value(&s.Keeps)
		}
		for n := range p.Plan.Effects {
			e := &p.Plan.Effects[n]
			b.value(&e.DN)
			b.value(&e.ID)
			b.values(e.Values)
		}
	}
	if p.Receipt != nil {
		for n := range p.Receipt.Steps {
			s := &p.Receipt.Steps[n]
			b.change(s.Sent)
			b.entry(s.Left)
			b.text(&s.Inverse)
		}
		b.text(&p.Receipt.Error)
	}
	b.text(&p.Detail)
	return b.touched
}

// blanking blanks what names the person, and notes whether anything did.
type blanking struct {
	*forgetting
	touched bool
}

func (b *blanking) value(v *string) {
	if b.names(*v) {
		*v, b.touched = forgotten, true
	}
}

func (b *blanking) values(values []string) {
	for n := range values {
		b.value(&values[n])
	}
}

func (b *blanking) text(v *string) {
	if b.mentions(*v) {
		*v, b.touched = forgotten, true
	}
}

// entry blanks values; of the person's own entry nothing stays.
func (b *blanking) entry(e *wireEntry) {
	if e == nil {
		return
	}
	if b.value(&e.DN); e.DN == forgotten {
		e.Attributes, e.Absent = nil, nil
	}
	b.attributes(e.Attributes)
}

func (b *blanking) attributes(attributes []wireAttribute) {
	for n := range attributes {
		b.values(attributes[n].Values)
	}
}

// change blanks values; of a change of the person's own entry the names of attributes stay.
func (b *blanking) change(c *wireChange) {
	if c == nil {
		return
	}
	if b.value(&c.DN); c.DN == forgotten {
		c.Entry, c.If = nil, nil
		for n := range c.Mods {
			c.Mods[n].Values, c.Mods[n].Octets = nil, nil
		}
		if c.NewRDN != "" {
			c.NewRDN = forgotten
		}
	}
	b.attributes(c.Entry)
	for n := range c.Mods {
		b.values(c.Mods[n].Values)
	}
	if c.If != nil {
		b.value(&c.If.ID)
		b.attributes(c.If.Found)
		if c.If.Shows != nil {
			b.value(&c.If.Shows.Value)
		}
	}
	b.change(c.Else)
}

// body blanks values of a request, and of an object whose value refers to the person all texts.
func (b *blanking) body(body json.RawMessage) json.RawMessage {
	if len(body) == 0 {
		return body
	}
	before := b.touched
	b.touched = false
	var blanked any
	object, err := scim.Decode(body)
	if err == nil {
		blanked = b.inBody(object)
	}
	touched := b.touched
	b.touched = before || touched
	switch {
	case err != nil && b.mentions(string(body)):
		b.touched = true
		return nil
	case err != nil || !touched:
		return body
	}
	return blanks{}.append(nil, blanked)
}

func (b *blanking) inBody(v any) any {
	switch v := v.(type) {
	case scim.Object:
		refers := slices.ContainsFunc(v, func(m scim.Member) bool {
			text, is := m.Value.(string)
			return is && (strings.EqualFold(m.Name, "value") || strings.EqualFold(m.Name, "$ref")) && b.names(text)
		})
		for n := range v {
			if _, text := v[n].Value.(string); text && refers && !strings.EqualFold(v[n].Name, "op") {
				v[n].Value, b.touched = forgotten, true
			} else {
				v[n].Value = b.inBody(v[n].Value)
			}
		}
		return v
	case []any:
		for n := range v {
			v[n] = b.inBody(v[n])
		}
		return v
	case string:
		b.value(&v)
		return v
	}
	return v
}
