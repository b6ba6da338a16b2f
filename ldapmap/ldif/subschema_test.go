package ldif

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// openLDAP are definitions as slapd 2.5 publishes them.
var openLDAP = struct{ attributes, classes []string }{
	[]string{
		"( 2.5.4.0 NAME 'objectClass' DESC 'RFC4512: object classes of the entity' EQUALITY objectIdentifierMatch " +
			"SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )",
		"( 2.5.4.41 NAME 'name' DESC 'RFC4519: common supertype of name attributes' EQUALITY caseIgnoreMatch " +
			"SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )",
		"( 2.5.4.4 NAME ( 'sn' 'surname' ) DESC 'RFC2256: last (family) name(s) for which the entity is known by' SUP name )",
		"( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )",
		"( 1.3.6.1.1.16.4 NAME 'entryUUID' EQUALITY UUIDMatch ORDERING UUIDOrderingMatch SYNTAX 1.3.6.1.1.16.1 SINGLE-VALUE " +
			"NO-USER-MODIFICATION USAGE directoryOperation )",
		"( 2.5.4.23 NAME ( 'facsimileTelephoneNumber' 'fax' ) SYNTAX 1.3.6.1.4.1.1466.115.121.1.22 )",
		"( 2.5.4.31 NAME 'member' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
		"( 2.5.4.50 NAME 'uniqueMember' EQUALITY uniqueMemberMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.34 )",
		"( 2.5.4.20 NAME 'telephoneNumber' EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch " +
			"SYNTAX 1.3.6.1.4.1.1466.115.121.1.50{32} )",
		"( 2.5.4.24 NAME 'x121Address' EQUALITY numericStringMatch SUBSTR numericStringSubstringsMatch " +
			"SYNTAX 1.3.6.1.4.1.1466.115.121.1.36{15} )",
		"( 2.5.4.35 NAME 'userPassword' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40{128} )",
		"( 2.5.18.1 NAME 'createTimestamp' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch " +
			"SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )",
		"( 1.3.6.1.1.1.1.0 NAME 'uidNumber' EQUALITY integerMatch " +
			"ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )",
		"( 1.2.3.1 NAME 'flag' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 )",
		"( 1.2.3.2 NAME 'externalId' EQUALITY caseExactMatch " +
			"ORDERING caseExactOrderingMatch SUBSTR caseExactSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
		"( 1.2.3.3 NAME 'odd' EQUALITY someOwnMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
	},
	[]string{
		"( 2.5.6.0 NAME 'top' DESC 'top of the superclass chain' ABSTRACT MUST objectClass )",
		"( 2.5.6.6 NAME 'person' DESC 'RFC2256: a person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( userPassword $ telephoneNumber ) )",
		"( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP person STRUCTURAL MAY ( fax $ surname $ uidNumber ) )",
		"( 1.2.3.9 NAME 'tagged' AUXILIARY MAY externalId )",
	},
}

func mustParse(t testing.TB, attributes, classes []string) *Subschema {
	t.Helper()
	s, err := ParseSubschema(attributes, classes)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSubschema(t *testing.T) {
	s := mustParse(t, openLDAP.attributes, openLDAP.classes)
	want := &AttributeType{
		OID: "2.5.4.4", Names: []string{"sn", "surname"}, Sup: "name", Equality: "caseIgnoreMatch", Substring: "caseIgnoreSubstringsMatch",
		Syntax: "1.3.6.1.4.1.1466.115.121.1.15",
	}
	for _, name := range []string{"sn", "SURNAME", "2.5.4.4", "surname;lang-de"} {
		if diff := cmp.Diff(want, s.Attribute(name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if a := s.Attribute("ENTRYUUID"); a == nil || !a.SingleValue || !a.NoUserMod || !a.Operational || a.Ordering != "UUIDOrderingMatch" {
		t.Errorf("entryUUID: %+v", a)
	}
	for name, want := range map[string]string{
		"surname": "sn", "COMMONNAME;lang-de": "cn;lang-de", "2.5.4.31": "member", "Unknown": "Unknown",
	} {
		if got := s.Canonical(name); got != want {
			t.Errorf("Canonical(%s) is %s", name, got)
		}
	}
	if diff := cmp.Diff([]string{"sn", "cn", "objectClass"}, s.Must("INETORGPERSON")); diff != "" {
		t.Error(diff)
	}
	may := []string{"facsimileTelephoneNumber", "uidNumber", "externalId", "userPassword", "telephoneNumber"}
	if diff := cmp.Diff(may, s.May("inetOrgPerson", "tagged")); diff != "" {
		t.Error(diff)
	}
	if s.Class("2.5.6.6").Kind != "STRUCTURAL" || s.Class("Tagged").Kind != "AUXILIARY" || s.Class("top").Kind != "ABSTRACT" {
		t.Error("kinds are mixed up")
	}
	for _, is := range []struct {
		class, super string
		want         bool
	}{
		{"inetOrgPerson", "TOP", true},
		{"inetorgperson", "2.5.6.6", true},
		{"person", "inetOrgPerson", false},
		{"tagged", "top", false},
		{"unknown", "UNKNOWN", true},
		{"unknown", "top", false},
	} {
		if got := s.IsA(is.class, is.super); got != is.want {
			t.Errorf("IsA(%s, %s) is %v", is.class, is.super, got)
		}
	}
	for _, c := range []struct {
		attribute, description string
		want                   bool
	}{
		{"surname", "sn", true},
		{"sn", "SURNAME;lang-de", true},
		{"name", "cn", true},
		{"2.5.4.41", "commonName", true},
		{"cn", "name", false},
		{"cn", "sn", false},
		{"cn;lang-de", "cn", false},
		{"cn;lang-de", "cn;x-y;LANG-DE", true},
		{"unknown", "UNKNOWN", true},
		{"unknown", "unknown;x-y", true},
	} {
		if got := s.Covers(c.attribute, c.description); got != c.want {
			t.Errorf("Covers(%s, %s) is %v", c.attribute, c.description, got)
		}
	}
}

// TestNoSubschema: a nil schema knows nothing, without harm.
func TestNoSubschema(t *testing.T) {
	var s *Subschema
	if s.Attribute("cn") != nil || s.Class("top") != nil || s.Canonical("Surname") != "Surname" ||
		s.Must("top") != nil || s.May("top") != nil ||
		s.IsA("person", "top") || !s.IsA("Top", "top") || !s.Covers("cn", "CN;lang-de") || s.Covers("name", "cn") {
		t.Error("a nil schema knows something")
	}
}

// TestForeignDefinitions reads definitions in the form of other servers.
func TestForeignDefinitions(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want AttributeType
	}{
		"Active Directory": {
			"( 2.5.4.3 NAME 'cn' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )",
			AttributeType{OID: "2.5.4.3", Names: []string{"cn"}, Syntax: "1.3.6.1.4.1.1466.115.121.1.15", SingleValue: true},
		},
		"Active Directory, read only": {
			"( 1.2.840.113556.1.4.2 NAME 'objectGUID' SYNTAX '1.3.6.1.4.1.1466.115.121.1.40' SINGLE-VALUE NO-USER-MODIFICATION )",
			AttributeType{
				OID: "1.2.840.113556.1.4.2", Names: []string{"objectGUID"}, Syntax: "1.3.6.1.4.1.1466.115.121.1.40",
				SingleValue: true, NoUserMod: true,
			},
		},
		"389-ds": {
			"( nsuniqueid-oid NAME 'nsUniqueId' DESC 'Netscape defined attribute type' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 " +
				"NO-USER-MODIFICATION USAGE directoryOperation X-ORIGIN ( 'Netscape Directory Server' 'user defined' ) )",
			AttributeType{
				OID: "nsuniqueid-oid", Names: []string{"nsUniqueId"}, Syntax: "1.3.6.1.4.1.1466.115.121.1.15",
				NoUserMod: true, Operational: true,
			},
		},
		"389-ds, an alias list and a bare extension": {
			"( 2.5.4.4 NAME ( 'sn' 'surName' ) EQUALITY caseIgnoreMatch " +
				"SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 X-ORIGIN 'RFC 4519' X-DEPRECATED 'surName' X-DS-USE internal )",
			AttributeType{
				OID: "2.5.4.4", Names: []string{"sn", "surName"}, Equality: "caseIgnoreMatch",
				Syntax: "1.3.6.1.4.1.1466.115.121.1.15",
			},
		},
		"an apostrophe that is not escaped, and one that is": {
			`( 1.2.3 NAME 'a' DESC 'the user's own, and the other\27s' SYNTAX 1.2.4{5} USAGE userApplications )`,
			AttributeType{OID: "1.2.3", Names: []string{"a"}, Syntax: "1.2.4"},
		},
		"no spaces, an empty description, odd case": {
			"(1.2.3 name('a' 'b')DESC '' single-value)",
			AttributeType{OID: "1.2.3", Names: []string{"a", "b"}, SingleValue: true},
		},
	} {
		s := mustParse(t, []string{c.text}, nil)
		if diff := cmp.Diff(&c.want, s.Attribute(c.want.OID)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestContentRules: what a content rule lets into its class.
func TestContentRules(t *testing.T) {
	s := mustParse(t, nil, []string{
		"( 1.2.840.113556.1.5.9 NAME 'user' AUX ( mailRecipient $ securityPrincipal ) MAY ( extra ) )",
		"( 2.5.6.0 NAME 'top' ABSTRACT MUST (objectClass $ instanceType ) )",
		"( 1.2.840.113556.1.5.9 NAME 'user' SUP top STRUCTURAL MAY (givenName ) )",
		"( 1.2.840.113556.1.5.6 NAME 'securityPrincipal' SUP top AUXILIARY MUST (objectSid $ sAMAccountName ) )",
		"( 1.2.840.113556.1.3.46 NAME 'mailRecipient' SUP top AUXILIARY MAY (info ) )",
	})
	if diff := cmp.Diff([]string{"objectClass", "instanceType", "objectSid", "sAMAccountName"}, s.Must("user")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"givenName", "extra", "info"}, s.May("user")); diff != "" {
		t.Error(diff)
	}
}

// TestBadDefinitions: each is reported, and what is good is kept.
func TestBadDefinitions(t *testing.T) {
	good := "( 2.5.4.3 NAME 'cn' EQUALITY caseIgnoreMatch )"
	for _, bad := range []string{
		"", "nonsense", "( )", "( 1.2.3 NAME 'a'", "1.2.3 NAME 'a' )", "( 1.2.3 NAME )", "( 1.2.3 NAME ( 'a' )",
		"( 1.2.3 NAME 'a )", "( 'a' 'b' 'c' )",
		"( 1.2.3 NAME ( ( 'a' ) ) )", "( 1.2.3 NAME 'a' SUP missing )", "( 1.2.3 NAME 'a' SUP a )", "( $ NAME 'a' )", "( 1.2.3 NAME $ )",
	} {
		s, err := ParseSubschema([]string{bad, good}, nil)
		if err == nil {
			t.Errorf("%q is not reported", bad)
		}
		if s.Attribute("cn") == nil {
			t.Errorf("%q takes cn with it", bad)
		}
		s, _ = ParseSubschema(nil, []string{bad, "( 2.5.6.0 NAME 'top' ABSTRACT )", "( 1.2.9 NAME 'loop' SUP ( loop $ missing $ top ) )"})
		if !s.IsA("loop", "top") {
			t.Errorf("%q takes top with it", bad)
		}
	}
	_, err := ParseSubschema([]string{"( 1.2.3 NAME 'first' $ )", "( 1.2.4 NAME 'second' $ )"}, []string{"( 1.2.5 NAME 'third' $ )"})
	for _, name := range []string{"first", "second", "third"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	s, err := ParseSubschema([]string{"( 1 NAME 'a' SUP b EQUALITY x )", "( 2 NAME 'b' SUP a )"}, nil)
	if err == nil || s.Attribute("a").Equality != "x" {
		t.Errorf("a circle of supertypes: %v", err)
	}
}

func FuzzSubschema(f *testing.F) {
	for _, text := range append(openLDAP.attributes, openLDAP.classes...) {
		f.Add(text)
	}
	f.Add("(1.2.3 name('a' 'b')DESC '' X-A b X-C ( 'd' ) single-value)")
	f.Fuzz(func(t *testing.T, text string) {
		s, _ := ParseSubschema([]string{text, openLDAP.attributes[1]}, []string{text, openLDAP.classes[0]})
		s.May("top", text)
		if s.Attribute("2.5.4.41") == nil || s.Class("2.5.6.0") == nil {
			t.Errorf("%q takes the others with it", text)
		}
	})
}
