package memdir

import (
	"bytes"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"

	"scimbridge/ldapmap/ldif"
)

// TestEntryIsEncoded: whatever the lengths are, an entry goes out as packets in packets do.
func TestEntryIsEncoded(t *testing.T) {
	for _, length := range []int{0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000} {
		e := &ldif.Entry{DN: "cn=" + strings.Repeat("d", length)}
		e.Set("none")
		e.Set("cn", strings.Repeat("v", length), "second")
		e.Set("attribute"+strings.Repeat("n", length), "")
		attributes := sequence(ber.TagSequence)
		for _, a := range e.Attributes {
			values := sequence(ber.TagSet)
			for _, v := range a.Values {
				values.AppendChild(octetString(v))
			}
			attributes.AppendChild(sequence(ber.TagSequence, octetString(a.Name), values))
		}
		if want := construct(ber.ClassApplication, 4, octetString(e.DN), attributes); !bytes.Equal(encodeEntry(e).Bytes(), want.Bytes()) {
			t.Errorf("with values of %d octets it is another", length)
		}
	}
}
