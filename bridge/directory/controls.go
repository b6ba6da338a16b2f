package directory

import (
	"context"
	"errors"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// The controls that go-ldap has no type for.
const (
	controlAssertion     = ldif.AssertionOID
	controlPreRead       = ldif.PreReadOID
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

// valuesAlone leaves out what the search does not ask for of attributes' values, where the server can. What stands beside them is read
// whole.
func (c *Client) valuesAlone(ctx context.Context, s Search) ([]ldap.Control, error) {
	if len(s.Values) == 0 {
		return nil, nil
	}
	server, err := c.Server(ctx)
	if err != nil || !server.Controls[controlMatchedValues] {
		return nil, err
	}
	filters, named := []string{}, map[string]bool{}
	for _, a := range s.Values {
		named[strings.ToLower(a.Name)] = true
		for _, v := range a.Values {
			filters = append(filters, ldif.Equality(a.Name, v))
		}
	}
	for _, name := range s.Attributes {
		if !named[strings.ToLower(name)] {
			filters = append(filters, ldif.Presence(name))
		}
	}
	control, err := returned(filters)
	return []ldap.Control{control}, err
}

// matchedValues makes a search return only those of an attribute's values that are asked for.
func matchedValues(attribute string, values []string) (ldap.Control, error) {
	var filters []string
	for _, v := range values {
		filters = append(filters, ldif.Equality(attribute, v))
	}
	return returned(filters)
}

// returned makes a search return the values alone that one of the filters matches (RFC 3876).
func returned(filters []string) (ldap.Control, error) {
	items := ber.NewSequence("ValuesReturnFilter")
	for _, f := range filters {
		item, err := ldap.CompileFilter(f)
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
