package directory

import (
	"errors"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// The controls that go-ldap has no type for.
const (
	controlAssertion     = "1.3.6.1.1.12"            // RFC 4528
	controlPreRead       = "1.3.6.1.1.13.1"          // RFC 4527
	controlPostRead      = "1.3.6.1.1.13.2"          // RFC 4527
	controlMatchedValues = "1.2.826.0.1.3344810.2.3" // RFC 3876
)

// assertion lets a change run only on an entry that the filter matches.
func assertion(filter string) (ldap.Control, error) {
	packet, err := ldap.CompileFilter(filter)
	if err != nil {
		return nil, err
	}
	return ldap.NewControlString(controlAssertion, true, string(packet.Bytes())), nil
}

// readEntry asks for attributes as the change finds them (controlPreRead), or leaves them (controlPostRead).
func readEntry(control string, attributes []string) ldap.Control {
	selection := ber.NewSequence("AttributeSelection")
	for _, a := range attributes {
		selection.AppendChild(octets(a))
	}
	return ldap.NewControlString(control, false, string(selection.Bytes()))
}

// matchedValues makes a search return only those of an attribute's values that are asked for.
func matchedValues(attribute string, values []string) (ldap.Control, error) {
	items := ber.NewSequence("ValuesReturnFilter")
	for _, v := range values {
		item, err := ldap.CompileFilter("(" + attribute + "=" + ldif.EscapeFilter(v) + ")")
		if err != nil {
			return nil, err
		}
		items.AppendChild(item)
	}
	return ldap.NewControlString(controlMatchedValues, true, string(items.Bytes())), nil
}

// entryRead reads the entry of the response control: a SearchResultEntry (RFC 4527 §3). It is nil where there is none.
func entryRead(control string, controls []ldap.Control) (*ldif.Entry, error) {
	c, ok := ldap.FindControl(controls, control).(*ldap.ControlString)
	if !ok {
		return nil, nil
	}
	return decodeEntry([]byte(c.ControlValue))
}

var errNoEntry = errors.New("the control holds no entry")

func decodeEntry(value []byte) (*ldif.Entry, error) {
	packet, err := ber.DecodePacketErr(value)
	if err != nil {
		return nil, errNoEntry
	}
	if len(packet.Children) != 2 {
		return nil, errNoEntry
	}
	e := &ldif.Entry{DN: text(packet.Children[0])}
	for _, attribute := range packet.Children[1].Children {
		if len(attribute.Children) != 2 {
			return nil, errNoEntry
		}
		a := ldif.Attribute{Name: text(attribute.Children[0])}
		for _, v := range attribute.Children[1].Children {
			a.Values = append(a.Values, text(v))
		}
		e.Attributes = append(e.Attributes, a)
	}
	return e, nil
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// text returns the octets of a primitive.
func text(p *ber.Packet) string { return string(p.ByteValue) }
