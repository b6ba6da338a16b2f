package memdir

import (
	"bufio"
	"errors"
	"io"
	"math/bits"

	ber "github.com/go-asn1-ber/asn1-ber"

	"scimbridge/ldapmap/ldif"
)

// message is an LDAPMessage envelope (RFC 4511 §4.1.1).
type message struct {
	id       int64
	op       *ber.Packet
	controls []*ber.Packet
}

var errFraming = errors.New("not an LDAP message")

// readMessage reads one message of no more than limit octets. The frame is read here and not by the BER package, which would
// believe any length.
func readMessage(r *bufio.Reader, limit int) (message, error) {
	header := make([]byte, 2, 6)
	if _, err := io.ReadFull(r, header); err != nil {
		return message{}, err
	}
	length := int(header[1])
	if length > 0x7f {
		count := length & 0x7f
		if count == 0 || count > 4 { // RFC 4511 §5.1: the definite form only
			return message{}, errFraming
		}
		header = header[:2+count]
		if _, err := io.ReadFull(r, header[2:]); err != nil {
			return message{}, err
		}
		length = 0
		for _, b := range header[2:] {
			length = length<<8 | int(b)
		}
	}
	if header[0] != 0x30 || length > limit {
		return message{}, errFraming
	}
	data := make([]byte, len(header)+length)
	copy(data, header)
	if _, err := io.ReadFull(r, data[len(header):]); err != nil {
		return message{}, err
	}
	p, err := ber.DecodePacketErr(data)
	if err != nil {
		return message{}, errFraming
	}
	return decodeMessage(p)
}

func decodeMessage(p *ber.Packet) (message, error) {
	c := cursor{rest: p.Children}
	m := message{id: c.number(), op: c.next()}
	if controls := c.context(0); controls != nil {
		m.controls = controls.Children
	}
	if c.bad || m.op.ClassType != ber.ClassApplication || m.id < 0 || m.id > 1<<31-1 {
		return message{}, errFraming
	}
	return m, nil
}

// cursor takes the elements of a sequence one by one. What is not there or of another kind makes it bad, and everything taken
// from then on is empty: the caller looks once, at the end.
type cursor struct {
	rest []*ber.Packet
	bad  bool
}

// empty stands in for an element that is not there.
var empty = ber.NewString(ber.ClassContext, ber.TypePrimitive, 31, "", "")

func children(p *ber.Packet) *cursor { return &cursor{rest: p.Children} }

func (c *cursor) next() *ber.Packet {
	if len(c.rest) == 0 || c.bad {
		c.bad = true
		return empty
	}
	p := c.rest[0]
	c.rest = c.rest[1:]
	return p
}

// universal takes an element of a universal type.
func (c *cursor) universal(tags ...ber.Tag) *ber.Packet {
	p := c.next()
	for _, tag := range tags {
		if p.ClassType == ber.ClassUniversal && p.Tag == tag {
			return p
		}
	}
	c.bad = true
	return empty
}

func (c *cursor) octets() string {
	p := c.universal(ber.TagOctetString)
	if p.TagType != ber.TypePrimitive {
		c.bad = true
	}
	return content(p)
}

func (c *cursor) number() int64 {
	n, ok := c.universal(ber.TagInteger, ber.TagEnumerated).Value.(int64)
	c.bad = c.bad || !ok
	return n
}

func (c *cursor) boolean() bool {
	b, ok := c.universal(ber.TagBoolean).Value.(bool)
	c.bad = c.bad || !ok
	return b
}

// list takes a SEQUENCE or SET and returns a cursor over it.
func (c *cursor) list() *cursor {
	p := c.universal(ber.TagSequence, ber.TagSet)
	if p.TagType != ber.TypeConstructed {
		c.bad = true
	}
	return children(p)
}

// context takes an optional element with a context tag, or returns nil.
func (c *cursor) context(tag ber.Tag) *ber.Packet {
	if len(c.rest) == 0 || c.rest[0].ClassType != ber.ClassContext || c.rest[0].Tag != tag {
		return nil
	}
	return c.next()
}

// strings takes the rest as a list of octet strings.
func (c *cursor) strings() []string {
	var all []string
	for len(c.rest) > 0 && !c.bad {
		all = append(all, c.octets())
	}
	return all
}

// content returns the octets of a primitive element.
func content(p *ber.Packet) string { return p.Data.String() }

// sequence makes a constructed universal element.
func sequence(tag ber.Tag, elements ...*ber.Packet) *ber.Packet {
	return construct(ber.ClassUniversal, tag, elements...)
}

func construct(class ber.Class, tag ber.Tag, elements ...*ber.Packet) *ber.Packet {
	p := ber.Encode(class, ber.TypeConstructed, tag, nil, "")
	for _, e := range elements {
		p.AppendChild(e)
	}
	return p
}

func octetString(v string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, v, "")
}

func integerOf(n int64) *ber.Packet {
	return ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, n, "")
}

// encodeEntry makes a SearchResultEntry (RFC 4511 §4.5.2) that has each value written once: as packets in packets it would be copied for
// each that it is in.
func encodeEntry(e *ldif.Entry) *ber.Packet {
	all, values := 0, make([]int, len(e.Attributes)) // octets
	for i, a := range e.Attributes {
		for _, v := range a.Values {
			values[i] += element(len(v))
		}
		all += element(element(len(a.Name)) + element(values[i]))
	}
	p := construct(ber.ClassApplication, 4)
	p.Data.Grow(element(len(e.DN)) + element(all))
	out := appendString(p.Data.AvailableBuffer(), e.DN)
	out = appendHeader(out, ber.TagSequence, all)
	for i, a := range e.Attributes {
		out = appendHeader(out, ber.TagSequence, element(len(a.Name))+element(values[i]))
		out = appendString(out, a.Name)
		out = appendHeader(out, ber.TagSet, values[i])
		for _, v := range a.Values {
			out = appendString(out, v)
		}
	}
	p.Data.Write(out)
	return p
}

// element is how many octets one takes whose content has so many.
func element(content int) int { return len(appendHeader(nil, ber.TagSequence, content)) + content }

// appendHeader appends the header of a constructed universal element (X.690 §8.1).
func appendHeader(to []byte, tag ber.Tag, length int) []byte {
	return appendLength(append(to, byte(ber.TypeConstructed)|byte(tag)), length)
}

func appendString(to []byte, v string) []byte {
	return append(appendLength(append(to, byte(ber.TagOctetString)), len(v)), v...)
}

func appendLength(to []byte, length int) []byte {
	if length < 0x80 {
		return append(to, byte(length))
	}
	octets := (bits.Len(uint(length)) + 7) / 8
	to = append(to, 0x80|byte(octets))
	for ; octets > 0; octets-- {
		to = append(to, byte(length>>(8*(octets-1))))
	}
	return to
}

// encodeResult makes the response of an operation (RFC 4511 §4.1.9).
func encodeResult(tag ber.Tag, r *result, more ...*ber.Packet) *ber.Packet {
	code := ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(r.code), "")
	p := construct(ber.ClassApplication, tag, code, octetString(r.matched), octetString(r.text))
	for _, e := range more {
		p.AppendChild(e)
	}
	return p
}

// encodeMessage wraps a response, with its controls, for the wire.
func encodeMessage(id int64, op *ber.Packet, controls []*ber.Packet) []byte {
	p := sequence(ber.TagSequence, integerOf(id), op)
	if len(controls) > 0 {
		p.AppendChild(construct(ber.ClassContext, 0, controls...))
	}
	return p.Bytes()
}
