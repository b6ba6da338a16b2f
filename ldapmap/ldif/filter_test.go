package ldif

import (
	"slices"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// filterEntry holds one value or more for each matching rule.
var filterEntry = &Entry{DN: "cn=Ann Example+uidNumber=7,ou=Staff,dc=example,dc=org", Attributes: []Attribute{
	{"objectClass", []string{"inetOrgPerson", "tagged"}},
	{"cn", []string{"Ann  Example"}},
	{"cn;lang-de", []string{"Änne Beispiel"}},
	{"sn", []string{"a*b(c)\\"}},
	{"member", []string{"CN=Bob\\, B,DC=example,DC=org"}},
	{"uniqueMember", []string{"cn=bob#'0101'B"}},
	{"telephoneNumber", []string{"+49 30-12 34"}},
	{"x121Address", []string{"12 34"}},
	{"userPassword", []string{"Secret"}},
	{"createTimestamp", []string{"20260102120000Z"}},
	{"uidNumber", []string{"514"}},
	{"flag", []string{"TRUE"}},
	{"externalId", []string{"Ext  1"}},
	{"facsimileTelephoneNumber", []string{"1"}},
	{"odd", []string{"Odd"}},
	{"entryUUID", []string{"8A8B8C8D-0000-4000-8000-0000000000aa"}},
	{"local", []string{"Some  Thing"}},
}}

func TestMatches(t *testing.T) {
	s := mustParse(t, openLDAP.attributes, openLDAP.classes)
	for _, c := range []struct {
		filter string
		want   string // yes, no, or undefined: neither the filter nor its negation matches
	}{
		{"(cn=ann example)", "yes"},
		{"(commonName= ANN   EXAMPLE )", "yes"},
		{"(cn=ann)", "no"},
		{"(cn=änne beispiel)", "yes"},
		{"(cn=ÄNNE BEISPIEL)", "yes"},
		{"(cn;lang-de=änne beispiel)", "yes"},
		{"(cn;lang-de=ann example)", "no"},
		{"(cn;lang-fr=ann example)", "no"},
		{"(name=ann example)", "yes"},
		{"(2.5.4.3=ann example)", "yes"},
		{`(sn=a\2ab\28c\29\5c)`, "yes"},
		{`(sn=a\2a*)`, "yes"},
		{"(uid=x)", "undefined"},
		{"(local=some thing)", "yes"}, // the schema does not know it, the entry does
		{"(local=other)", "no"},
		{"(title=x)", "undefined"},

		{"(objectClass=INETORGPERSON)", "yes"},
		{"(objectClass=person)", "yes"},
		{"(objectClass=2.5.6.6)", "yes"},
		{"(objectClass=nope)", "undefined"},
		{"(objectClass=1.2.3.4.5)", "no"},
		{"(objectClass=*)", "yes"},

		{"(member=cn=bob\\5c, b, dc=EXAMPLE,dc=org)", "yes"},
		{"(member=commonName=bob\\5c2c b,dc=example,dc=org)", "yes"},
		{"(member=cn=bob,dc=example,dc=org)", "no"},
		{"(member=bob)", "undefined"},
		{"(member=*bob*)", "undefined"},
		{"(member=*)", "yes"},
		{"(uniqueMember=CN=Bob#'0101'B)", "yes"},
		{"(uniqueMember=CN=Bob)", "no"},
		{"(telephoneNumber=+49301234)", "yes"},
		{"(telephoneNumber=*30 12*)", "yes"},
		{"(x121Address=1 234)", "yes"},
		{"(x121Address=123*)", "yes"},
		{"(userPassword=Secret)", "yes"},
		{"(userPassword=secret)", "no"},
		{"(flag=true)", "yes"},
		{"(flag=FALSE)", "no"},
		{"(flag=perhaps)", "undefined"},
		{"(externalId=Ext 1)", "yes"},
		{"(externalId=ext 1)", "no"},
		{"(externalId=ext*)", "no"},
		{"(externalId=Ext *)", "yes"},
		{"(externalId>=Ext 0)", "yes"},
		{"(externalId<=Ext 0)", "no"},
		{"(facsimileTelephoneNumber=1)", "undefined"},
		{"(facsimileTelephoneNumber=2)", "undefined"},
		{"(facsimileTelephoneNumber=*)", "yes"},
		{"(odd=Odd)", "yes"},
		{"(odd=odd)", "no"},
		{"(entryUUID=8a8b8c8d-0000-4000-8000-0000000000AA)", "yes"},
		{"(entryUUID=8a8b8c8d)", "undefined"},

		{"(createTimestamp=202601021200Z)", "yes"},
		{"(createTimestamp=2026010214+0200)", "yes"},
		{"(createTimestamp=2026010211.5+0030)", "no"},
		{"(createTimestamp=2026010212.0Z)", "yes"},
		{"(createTimestamp>=20260102115959.9Z)", "yes"},
		{"(createTimestamp<=20260102115959.9Z)", "no"},
		{"(createTimestamp>=20260102)", "undefined"},
		{"(createTimestamp>=20260102120000)", "undefined"},
		{"(uidNumber=514)", "yes"},
		{"(uidNumber=0514)", "undefined"},
		{"(uidNumber>=65)", "yes"},
		{"(uidNumber<=1000)", "yes"},
		{"(uidNumber<=-1000)", "no"},
		{"(uidNumber>=x)", "undefined"},
		{"(cn>=a)", "undefined"}, // no ordering rule
		{"(cn~=ANN EXAMPLE)", "yes"},

		{"(cn=ann*)", "yes"},
		{"(cn=*example)", "yes"},
		{"(cn=*nn ex*)", "yes"},
		{"(cn=a*n*e*e)", "yes"},
		{"(cn=ann*ann*)", "no"},
		{"(cn=ann exa*example)", "no"},
		{"(cn=*e*)", "yes"},
		{"(cn=**)", "yes"},

		{"(uidNumber:1.2.840.113556.1.4.803:=2)", "yes"},
		{"(uidNumber:1.2.840.113556.1.4.803:=3)", "no"},
		{"(uidNumber:1.2.840.113556.1.4.804:=3)", "yes"},
		{"(uidNumber:1.2.840.113556.1.4.804:=1)", "no"},
		{"(uidNumber:integerBitAndMatch:=512)", "yes"},
		{"(uidNumber:1.2.840.113556.1.4.803:=x)", "undefined"},
		{"(member:1.2.840.113556.1.4.1941:=cn=x)", "undefined"},
		{"(externalId:caseIgnoreMatch:=EXT 1)", "yes"},
		{"(externalId:2.5.13.2:=EXT 1)", "yes"},
		{"(cn:caseExactMatch:=ann example)", "no"},
		{"(cn:=ann example)", "yes"},
		{"(facsimileTelephoneNumber:=1)", "undefined"},
		{"(facsimileTelephoneNumber:caseExactMatch:=1)", "yes"},
		{"(:caseExactMatch:=Secret)", "yes"},
		{"(:caseExactMatch:=secret)", "no"},
		{"(ou:dn:=staff)", "yes"},
		{"(cn:dn:caseExactMatch:=Ann Example)", "yes"},
		{"(uidNumber:dn:=7)", "yes"},
		{"(:dn:caseIgnoreMatch:=STAFF)", "yes"},
		{"(cn:nopeMatch:=x)", "undefined"},
		{"(title:caseIgnoreMatch:=x)", "undefined"},

		{"(&)", "yes"},
		{"(|)", "no"},
		{"(&(cn=*)(title=x))", "undefined"},
		{"(&(cn=nobody)(title=x))", "no"},
		{"(|(cn=*)(title=x))", "yes"},
		{"(|(cn=nobody)(title=x))", "undefined"},
		{"(!(|(cn=nobody)(title=x)))", "undefined"},
		{"(!(cn=nobody))", "yes"},
		{"(&(|(cn=a*)(cn=b*))(!(&(uidNumber=514)(flag=FALSE))))", "yes"},
	} {
		is, not := matches(t, c.filter, s), matches(t, "(!"+c.filter+")", s)
		got := map[[2]bool]string{{true, false}: "yes", {false, true}: "no", {false, false}: "undefined"}[[2]bool{is, not}]
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.filter, got, c.want)
		}
	}
}

// TestMatchesWithoutSchema: strings match ignoring case and surplus spaces, and no attribute is undefined.
func TestMatchesWithoutSchema(t *testing.T) {
	for filter, want := range map[string]bool{
		"(CN=ann example)":                      true,
		"(externalId=ext 1)":                    true,
		"(externalId=EXT*)":                     true,
		"(member=*bob*)":                        true,
		"(title=x)":                             false,
		"(!(title=x))":                          true,
		"(cn;lang-de=änne beispiel)":            true,
		"(uidNumber:1.2.840.113556.1.4.803:=2)": true,
		"(flag>=S)":                             true,
	} {
		if got := matches(t, filter, nil); got != want {
			t.Errorf("%s: %v", filter, got)
		}
	}
	f, err := ParseFilter("(cn=*)")
	if err != nil || f.Matches(nil, nil) {
		t.Error("no entry matches")
	}
}

// TestMatchesBySyntax: where no attribute type has an equality rule (Active Directory) the syntax decides.
func TestMatchesBySyntax(t *testing.T) {
	s := mustParse(t, []string{
		"( 2.5.4.3 NAME 'cn' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )",
		"( 2.5.4.31 NAME 'member' SYNTAX '1.3.6.1.4.1.1466.115.121.1.12' )",
		"( 1.2.840.113556.1.4.8 NAME 'userAccountControl' SYNTAX '1.3.6.1.4.1.1466.115.121.1.27' SINGLE-VALUE )",
		"( 1.2.840.113556.1.4.2 NAME 'objectGUID' SYNTAX '1.3.6.1.4.1.1466.115.121.1.40' SINGLE-VALUE )",
		"( 2.5.4.0 NAME 'objectClass' SYNTAX '1.3.6.1.4.1.1466.115.121.1.38' )",
		"( 1.2.840.113556.1.4.120 NAME 'uSNChanged' SYNTAX '1.2.840.113556.1.4.906' SINGLE-VALUE )",
		"( 1.2.840.113556.1.2.2 NAME 'whenCreated' SYNTAX '1.3.6.1.4.1.1466.115.121.1.24' SINGLE-VALUE )",
	}, []string{"( 2.5.6.0 NAME 'top' ABSTRACT )", "( 2.5.6.6 NAME 'person' SUP top )", "( 1.2.840.113556.1.5.9 NAME 'user' SUP person )"})
	e := &Entry{Attributes: []Attribute{
		{"cn", []string{"Ann Example"}},
		{"member", []string{"CN=Bob,DC=example"}},
		{"userAccountControl", []string{"514"}},
		{"objectGUID", []string{"\x01\xffAB"}},
		{"objectClass", []string{"top", "person", "user"}},
		{"uSNChanged", []string{"12000"}},
		{"whenCreated", []string{"20260102120000.0Z"}},
	}}
	for filter, want := range map[string]bool{
		"(cn=ann example)":                               true,
		"(cn>=ann)":                                      true,
		"(cn=*EX*)":                                      true,
		"(member=cn=bob, dc=example)":                    true,
		"(member=*bob*)":                                 false,
		"(!(member=*bob*))":                              false,
		`(objectGUID=\01\ffAB)`:                          true,
		`(objectGUID=\01\ffab)`:                          false,
		"(objectClass=USER)":                             true,
		"(&(objectClass=user)(!(cn=bob)))":               true,
		"(uSNChanged>=2000)":                             true,
		"(whenCreated<=20260102120000Z)":                 true,
		"(userAccountControl:1.2.840.113556.1.4.803:=2)": true,
	} {
		f, err := ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Matches(e, s); got != want {
			t.Errorf("%s: %v", filter, got)
		}
	}
	if !Equal(s, "member", "CN=Bob,DC=example", "cn=bob, dc=EXAMPLE") || Equal(s, "objectGUID", "a", "A") {
		t.Error("values are not compared by their syntax")
	}
}

func matches(t *testing.T, text string, s *Subschema) bool {
	t.Helper()
	f, err := ParseFilter(text)
	if err != nil {
		t.Fatal(err)
	}
	if f.String() != text {
		t.Errorf("%s is printed as %s", text, f)
	}
	p, err := ldap.CompileFilter(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	decoded, err := DecodeFilter(ber.DecodePacket(p.Bytes()))
	if err != nil && !strings.Contains(text, "**") { // an empty part is malformed on the wire
		t.Fatalf("%s: %v", text, err)
	}
	if err == nil && decoded.Matches(filterEntry, s) != f.Matches(filterEntry, s) {
		t.Errorf("%s is read as %s from its encoding", text, decoded)
	}
	return f.Matches(filterEntry, s)
}

func TestParseFilterRefuses(t *testing.T) {
	for _, text := range []string{
		"", "cn=x", "(cn=x", "cn=x)", "()", "(cn)", "(=x)", "(cn=x))", "(cn=x)(cn=y)", "((cn=x))",
		"(!)", "(!(cn=x)(cn=y))", "(&(cn=x)", "(&cn=x)", "(c n=x)",
		"( cn=x)", "(cn =x)", "(cn=(x)", `(cn=\)`, `(cn=\2)`, `(cn=\zz)`, "(cn=\x00)", "(cn=\xff)",
		"(cn>x)", "(cn<x)", "(cn~x)", "(cn>=a*b)", "(cn~=*)",
		"(:=x)", "(:dn:=x)", "(cn:dn=x)", "(cn:=a*b)", "(cn::=x)", "(cn:dn::=x)", "(cn:a b:=x)", "(& (cn=x))", "(cn=x) ",
		strings.Repeat("(!", 5000) + "(cn=x)" + strings.Repeat(")", 5000),
	} {
		if f, err := ParseFilter(text); err == nil {
			t.Errorf("%.60q is read as %s", text, f)
		} else if len(err.Error()) > 400 {
			t.Errorf("%.60q: an error of %d octets", text, len(err.Error()))
		}
	}
	_, err := ParseFilter("(&(cn=x)(sn=(y)))")
	if err == nil || !strings.Contains(err.Error(), "offset 12") {
		t.Errorf("%v does not say where", err)
	}
}

// TestDecodeFilterRefuses: what is no filter on the wire.
func TestDecodeFilterRefuses(t *testing.T) {
	deep := ber.NewString(ber.ClassContext, ber.TypePrimitive, ldap.FilterPresent, "cn", "")
	if _, err := DecodeFilter(deep); err != nil {
		t.Fatal(err)
	}
	parts := ber.NewSequence("")
	parts.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, ldap.FilterSubstringsAny, "", ""))
	emptyPart := ber.Encode(ber.ClassContext, ber.TypeConstructed, ldap.FilterSubstrings, nil, "")
	emptyPart.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "cn", ""))
	emptyPart.AppendChild(parts)
	for range 200 {
		not := ber.Encode(ber.ClassContext, ber.TypeConstructed, ldap.FilterNot, nil, "")
		not.AppendChild(deep)
		deep = not
	}
	for name, p := range map[string]*ber.Packet{
		"nothing":             nil,
		"another class":       ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "cn", ""),
		"an unknown choice":   ber.NewString(ber.ClassContext, ber.TypePrimitive, 12, "cn", ""),
		"an empty not":        ber.Encode(ber.ClassContext, ber.TypeConstructed, ldap.FilterNot, nil, ""),
		"an empty equality":   ber.Encode(ber.ClassContext, ber.TypeConstructed, ldap.FilterEqualityMatch, nil, ""),
		"empty substrings":    ber.Encode(ber.ClassContext, ber.TypeConstructed, ldap.FilterSubstrings, nil, ""),
		"an empty part":       emptyPart,
		"an empty extensible": ber.Encode(ber.ClassContext, ber.TypeConstructed, ldap.FilterExtensibleMatch, nil, ""),
		"a bad name":          ber.NewString(ber.ClassContext, ber.TypePrimitive, ldap.FilterPresent, "c n", ""),
		"no name":             ber.NewString(ber.ClassContext, ber.TypePrimitive, ldap.FilterPresent, "", ""),
		"deep nesting":        deep,
	} {
		if f, err := DecodeFilter(p); err == nil {
			t.Errorf("%s is read as %s", name, f)
		}
	}
}

func TestCandidates(t *testing.T) {
	index := map[string]map[int]struct{}{"ann": {1: {}}, "bob": {2: {}, 3: {}}}
	lookup := func(attribute, value string) (map[int]struct{}, bool) { return index[value], attribute == "uid" }
	for filter, want := range map[string][]int{
		"(uid=ann)":                         {1},
		"(uid=nobody)":                      {},
		"(|(uid=ann)(uid=bob))":             {1, 2, 3},
		"(|(uid=ann)(cn=bob))":              nil,
		"(&(cn=x)(uid=bob))":                {2, 3},
		"(&(uid=bob)(uid=ann))":             {1},
		"(&(!(uid=ann))(cn=x))":             nil,
		"(uid=a*)":                          nil,
		"(&)":                               nil,
		"(|)":                               {},
		"(&(uid=bob)(|(uid=ann)(uid=bob)))": {2, 3},
	} {
		f, err := ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		set, known := Candidates(f, lookup)
		var got []int
		for id := range set {
			got = append(got, id)
		}
		slices.Sort(got)
		if known != (want != nil) || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", filter, got, known)
		}
	}
}

func TestEqual(t *testing.T) {
	s := mustParse(t, openLDAP.attributes, openLDAP.classes)
	for _, c := range []struct {
		attribute, a, b string
		want            bool
	}{
		{"cn", "Ann  B", "ann b", true},
		{"surname;lang-de", "Ä", "ä", true},
		{"surname", "jos\u00e9", "JOSE\u0301", true},
		{"surname", "ｍａｒａ", "mara", true},
		{"surname", "νίκος", "νίκοσ", false}, // two letters to OpenLDAP
		{"externalId", "a", "A", false},
		{"facsimileTelephoneNumber", "1 2", "12", false},
		{"facsimileTelephoneNumber", "1 2", "1 2", true},
		{"telephoneNumber", "1 2", "1-2", true},
		{"member", "cn=a, dc=b", "CN=A,DC=B", true},
		{"member", "cn=a+sn=b,dc=c", "SN=B+cn=A,dc=c", true},
		{"member", "cn=jos\u00e9,dc=c", "cn=jose\u0301,dc=c", true},
		{"member", "not a DN", "NOT A DN", false},
		{"createTimestamp", "2026010212Z", "20260102130000+0100", true},
		{"createTimestamp", "20161231235960Z", "20170101000000Z", true},
		{"unknown", "A  b", "a B", true},
	} {
		if got := Equal(s, c.attribute, c.a, c.b); got != c.want {
			t.Errorf("%s: %q and %q: %v", c.attribute, c.a, c.b, got)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, text := range []string{
		"(cn=x)", `(&(|(cn=a*b**c\2a)(!(sn>=\ff)))(&)(|))`, "(a:dn:b:=c)", "(:b:=c)", "(a~=ü)", "(a<=b)", "(a=*)",
		"(member=cn=x)", "(uidNumber:1.2.840.113556.1.4.803:=2)",
		"(createTimestamp>=20260102120000Z)", "((", `(a=\`,
	} {
		f.Add(text)
	}
	s := mustParse(f, openLDAP.attributes, openLDAP.classes)
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := ParseFilter(text)
		if err != nil {
			return
		}
		if parsed.String() != text {
			t.Errorf("%q is printed as %q", text, parsed)
		}
		printed := newFilter(parsed.root).String()
		again, err := ParseFilter(printed)
		if err != nil {
			t.Fatalf("%q is printed as %q: %v", text, printed, err)
		}
		if p := newFilter(again.root).String(); p != printed {
			t.Errorf("%q is printed as %q, then as %q", text, printed, p)
		}
		if parsed.Matches(filterEntry, s) != again.Matches(filterEntry, s) {
			t.Errorf("%q and %q differ", text, printed)
		}
		p, err := ldap.CompileFilter(printed)
		if err != nil {
			return // go-ldap does not read everything that RFC 4515 allows
		}
		decoded, err := DecodeFilter(ber.DecodePacket(p.Bytes()))
		if err != nil {
			t.Fatalf("%q: %v", printed, err)
		}
		if decoded.String() != printed {
			t.Errorf("%q is %q on the wire", printed, decoded)
		}
	})
}
