package memdir

import (
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// The controls that the server knows.
const (
	assertionControl     = "1.3.6.1.1.12"            // RFC 4528
	preReadControl       = "1.3.6.1.1.13.1"          // RFC 4527
	postReadControl      = "1.3.6.1.1.13.2"          // RFC 4527
	pagingControl        = "1.2.840.113556.1.4.319"  // RFC 2696
	permissiveControl    = "1.2.840.113556.1.4.1413" // Microsoft; known, not announced, as with slapd
	matchedValuesControl = "1.2.826.0.1.3344810.2.3" // RFC 3876
	manageDSAControl     = "2.16.840.1.113730.3.4.2" // RFC 3296: there are no referrals, so it changes nothing
	whoAmIExtension      = "1.3.6.1.4.1.4203.1.11.3" // RFC 4532
	passwordModify       = "1.3.6.1.4.1.4203.1.11.1" // RFC 3062
	startTLSExtension    = "1.3.6.1.4.1.1466.20037"  // RFC 4511 §4.14; refused
	noticeOfDisconnect   = "1.3.6.1.4.1.1466.20036"  // RFC 4511 §4.4.1
	allOperational       = "1.3.6.1.4.1.4203.1.5.1"  // RFC 3673
	absoluteFilters      = "1.3.6.1.4.1.4203.1.5.3"  // RFC 4526
	modifyIncrement      = "1.3.6.1.1.14"            // RFC 4525
)

// controlUse says which operations a control may come with.
var controlUse = map[string]string{
	assertionControl:     "search compare add modify delete modrdn",
	preReadControl:       "modify delete modrdn",
	postReadControl:      "add modify modrdn",
	pagingControl:        "search",
	permissiveControl:    "modify",
	matchedValuesControl: "search",
	manageDSAControl:     "search compare add modify delete modrdn",
}

// controlNames are what slapd calls them.
var controlNames = map[string]string{
	assertionControl:     "assert",
	preReadControl:       "preread",
	postReadControl:      "postread",
	pagingControl:        "paged results",
	permissiveControl:    "permissiveModify",
	matchedValuesControl: "valuesReturnFilter",
	manageDSAControl:     "manageDSAit",
}

// controls are a request's controls, decoded.
type controls struct {
	assertion   *ldif.Filter
	preRead     []string
	postRead    []string
	reads       [2]bool // whether preRead, postRead came: they may name no attribute
	permissive  bool
	paging      *paging
	valueFilter []*ldif.Filter // RFC 3876; nil returns every value
}

// paging is the paged results control's value.
type paging struct {
	size   int
	cookie string
}

// decodeControls reads the controls that come with an operation. One that is unknown, or of no use there, fails it if it is
// critical (RFC 4511 §4.1.11).
func decodeControls(packets []*ber.Packet, operation string) (controls, *result) {
	var all controls
	seen := make(map[string]bool)
	for _, p := range packets {
		c := children(p)
		oid := c.octets()
		critical := false
		if len(c.rest) > 0 && c.rest[0].ClassType == ber.ClassUniversal && c.rest[0].Tag == ber.TagBoolean {
			critical = c.boolean()
		}
		value := ""
		if len(c.rest) > 0 {
			value = c.octets()
		}
		operations, known := controlUse[oid]
		switch {
		case c.bad:
			return controls{}, malformed
		case seen[oid] && known:
			return controls{}, fail(ldap.LDAPResultProtocolError, "%s control specified multiple times", controlNames[oid])
		case known && strings.Contains(" "+operations+" ", " "+operation+" "):
			if !all.read(oid, value) {
				problem := "is malformed"
				if value == "" {
					problem = "is absent"
				}
				return controls{}, fail(ldap.LDAPResultProtocolError, "%s control value %s", controlNames[oid], problem)
			}
		case critical && known:
			return controls{}, fail(ldap.LDAPResultUnavailableCriticalExtension, "critical extension is unavailable")
		case critical:
			return controls{}, fail(ldap.LDAPResultUnavailableCriticalExtension, "critical extension is not recognized")
		}
		seen[oid] = true
	}
	return all, nil
}

// read decodes the value of a known control.
func (all *controls) read(oid, value string) bool {
	if oid == permissiveControl {
		all.permissive = true
		return true
	}
	if oid == manageDSAControl {
		return true
	}
	p, err := ber.DecodePacketErr([]byte(value))
	if err != nil {
		return false
	}
	c := children(p)
	switch oid {
	case assertionControl:
		all.assertion, err = ldif.DecodeFilter(p)
	case preReadControl:
		all.preRead, all.reads[0] = c.strings(), true
	case postReadControl:
		all.postRead, all.reads[1] = c.strings(), true
	case pagingControl:
		all.paging = &paging{size: int(c.number()), cookie: c.octets()}
		c.bad = c.bad || all.paging.size < 0
	case matchedValuesControl:
		all.valueFilter = []*ldif.Filter{}
		for len(c.rest) > 0 && err == nil {
			var f *ldif.Filter
			f, err = ldif.DecodeFilter(c.next())
			all.valueFilter = append(all.valueFilter, f)
		}
	}
	return err == nil && !c.bad
}

// readControl makes the response control with an entry as it was before or is after a write.
func readControl(oid string, e *ldif.Entry) *ber.Packet {
	return encodeControl(oid, encodeEntry(e))
}

func pagingResponse(cookie string) *ber.Packet {
	return encodeControl(pagingControl, sequence(ber.TagSequence, integerOf(0), octetString(cookie)))
}

func encodeControl(oid string, value *ber.Packet) *ber.Packet {
	return sequence(ber.TagSequence, octetString(oid), octetString(string(value.Bytes())))
}
