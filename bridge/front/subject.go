package front

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// subjectTypes are the names of attribute types in certificates' subjects, in lower case, by which a DN may call them, and what they are
// compared by: those that crypto/x509 writes, and of the others the object identifier.
var subjectTypes = map[string]string{
	"cn": "cn", "c": "c", "o": "o", "ou": "ou", "l": "l", "st": "st", "s": "st", "street": "street", "postalcode": "postalcode",
	"serialnumber": "serialnumber",
	"dc":           "0.9.2342.19200300.100.1.25", "uid": "0.9.2342.19200300.100.1.1",
	"e": "1.2.840.113549.1.9.1", "email": "1.2.840.113549.1.9.1", "emailaddress": "1.2.840.113549.1.9.1",
	"sn": "2.5.4.4", "title": "2.5.4.12", "gn": "2.5.4.42", "givenname": "2.5.4.42",
}

var objectIdentifier = regexp.MustCompile(`^[0-2](\.[0-9]+)+$`)

// comparableSubject is a subject in the form by which it is compared.
func comparableSubject(subject string) (string, error) {
	dn, err := ldap.ParseDN(subject)
	if err != nil || len(dn.RDNs) == 0 {
		return "", errors.New("is not a DN, as CN=provisioning,O=Corp")
	}
	for _, rdn := range dn.RDNs {
		for _, a := range rdn.Attributes {
			known, isNamed := subjectTypes[strings.ToLower(a.Type)]
			switch {
			case isNamed:
				a.Type = known
			case !objectIdentifier.MatchString(a.Type):
				return "", fmt.Errorf("names %q, which is not known of certificates: write its object identifier, as 2.5.4.97", a.Type)
			}
		}
	}
	return ldif.NormalDN(dn.String()), nil
}

// subjectOf is the subject of a certificate as it stands there. The names that crypto/x509 makes of it leave out the order, and of several
// common names all but one: another's certificate could have the subject of the right one then.
func subjectOf(certificate *x509.Certificate) (string, error) {
	var sequence pkix.RDNSequence
	if rest, err := asn1.Unmarshal(certificate.RawSubject, &sequence); err != nil || len(rest) > 0 {
		return "", errors.New("the subject of the client's certificate cannot be read")
	}
	return sequence.String(), nil
}

// ofSubject refuses a client whose certificate has none of the subjects; where there are none, nobody.
func ofSubject(subjects []string) func(tls.ConnectionState) error {
	var let []string
	for _, subject := range subjects {
		if form, err := comparableSubject(subject); err == nil { // as Check has seen to
			let = append(let, form)
		}
	}
	return func(state tls.ConnectionState) error {
		if len(subjects) == 0 {
			return nil
		}
		shown, err := subjectOf(state.PeerCertificates[0])
		if err != nil {
			return err
		}
		if form, err := comparableSubject(shown); err != nil || !slices.Contains(let, form) {
			return fmt.Errorf("%s is none of the subjects that are let in (listen.tls.clientSubjects)", shown)
		}
		return nil
	}
}
