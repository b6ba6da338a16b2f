package ldif

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
)

func TestSplitDN(t *testing.T) {
	for dn, want := range map[string][2]string{
		"":                        {"", ""},
		"cn=a":                    {"cn=a", ""},
		"cn=a,dc=b,dc=c":          {"cn=a", "dc=b,dc=c"},
		"cn=a, dc=b":              {"cn=a", "dc=b"},
		`cn=a\,b,dc=c`:            {`cn=a\,b`, "dc=c"},
		`cn=a\\,dc=c`:             {`cn=a\\`, "dc=c"},
		`cn=a\2c,dc=c`:            {`cn=a\2c`, "dc=c"},
		`cn="a,b",dc=c`:           {`cn="a,b"`, "dc=c"},
		`cn=a;dc=c`:               {"cn=a", "dc=c"},
		`cn=a+uid=b\+c,dc=c`:      {`cn=a+uid=b\+c`, "dc=c"},
		`cn=\`:                    {`cn=\`, ""},
		"CN=x\\0ADEL:1,CN=D,DC=c": {"CN=x\\0ADEL:1", "CN=D,DC=c"},
	} {
		rdn, parent := SplitDN(dn)
		if rdn != want[0] || parent != want[1] {
			t.Errorf("%s is cut into %q and %q", dn, rdn, parent)
		}
	}
}

func TestSameDN(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"cn=a,dc=b", "CN=A, DC=B", true},
		{`cn=a\2cb`, `cn=a\,b`, true},
		{`cn=a\,b`, `cn=a,b=`, false},
		{"cn=José", "CN=JOSÉ", true},
		{`cn=Jos\c3\a9`, "cn=josé", true},
		{"cn=a  b", "cn=a b", true},
		{"cn=a+uid=b,dc=c", "UID=b+cn=a,dc=c", true},
		{"cn=a+uid=b,dc=c", "cn=a,uid=b,dc=c", false},
		{"cn=a", "cn=b", false},
		{"cn=a", "cn=a,dc=b", false},
		{"no DN", "NO DN ", true},
		{`cn=a\=b`, "cn=a=b", true},
	} {
		if got := SameDN(c.a, c.b); got != c.same {
			t.Errorf("%s and %s: %v (%s, %s)", c.a, c.b, got, NormalDN(c.a), NormalDN(c.b))
		}
	}
}

func TestUnder(t *testing.T) {
	for _, c := range []struct {
		dn, base string
		want     bool
	}{
		{"cn=a,ou=b,dc=c", "OU=B, dc=c", true},
		{"ou=b,dc=c", "ou=b,dc=c", true},
		{"ou=b,dc=c", "cn=a,ou=b,dc=c", false},
		{"cn=a,xou=b,dc=c", "ou=b,dc=c", false},
		{`cn=a\,ou=b,dc=c`, "ou=b,dc=c", false},
		{"cn=a,ou=BÜRO,dc=c", "ou=Büro,dc=c", true},
		{"cn=a,dc=c", "", true},
		{"no DN", "dc=c", false},
		{"dc=c", "no DN", false},
	} {
		if got := Under(c.dn, c.base); got != c.want {
			t.Errorf("%s under %s: %v", c.dn, c.base, got)
		}
	}
	for want, bases := range map[string][]string{
		"dc=c":      {"ou=a,dc=c", "OU=b,DC=C"},
		"ou=a,dc=c": {"ou=x,ou=a,dc=c", "ou=a,dc=c"},
		"":          {"dc=a", "dc=b"},
	} {
		if got := CommonBase(bases...); got != want {
			t.Errorf("%q have %s in common", bases, got)
		}
	}
	if CommonBase() != "" {
		t.Error("nothing has something in common")
	}
}

func TestRDN(t *testing.T) {
	rdn, err := ParseRDN(`CN=a\, b+uid=\ c\=,dc=d`)
	if diff := cmp.Diff(RDN{{"CN", "a, b"}, {"uid", " c="}}, rdn); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got := rdn.String(); got != `CN=a\, b+uid=\ c\=` {
		t.Errorf("the RDN is printed %s", got)
	}
	if diff := cmp.Diff([]string{"a, b"}, rdn.Values("cn")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rdn, err := ParseRDN(""); err != nil || rdn != nil {
		t.Errorf("an empty DN has the RDN %v, %v", rdn, err)
	}
	if _, err := ParseRDN("nothing"); err == nil {
		t.Error("a word is a DN")
	}
	if got := (Change{DN: "cn=a,dc=b", NewRDN: "cn=c"}).NewDN(); got != "cn=c,dc=b" {
		t.Errorf("renamed it is %s", got)
	}
}

// What is compared without being parsed comes to the same.
func FuzzPlainDN(f *testing.F) {
	for _, seed := range []string{
		"", "cn=a,dc=b", "CN=Mara Lind,OU=Night Shift,DC=example", "cn=a", "cn=,dc=b", "=a", "cn=a,", ",cn=a", "cn=a ,dc=b",
		"cn= a", "cn=a  b", "cn=a=b", "cn=a+sn=b", "1.2=a", "2cn=a", "c-n=a", "-cn=a", "cn=a#", "cn=#04", "cn=a;dc=b",
		"cn", "cn=é", "cn=a\\,b", "cn=\"a\"", "c n=a", "cn =a",
	} {
		f.Add(seed, "dc=b")
		f.Add("dc=b", seed)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, dn := range []string{a, b} {
			if !isPlain(dn) {
				continue
			}
			parsed, err := ldap.ParseDN(dn)
			if err != nil {
				t.Fatalf("%q is plain and no DN: %v", dn, err)
			}
			if got := strings.Join(normalRDNs(parsed), ","); got != NormalDN(dn) {
				t.Errorf("%q is parsed to %q and plainly %q", dn, got, NormalDN(dn))
			}
		}
		child, err := ldap.ParseDN(a)
		top, fault := ldap.ParseDN(b)
		want := err == nil && fault == nil && len(top.RDNs) <= len(child.RDNs) &&
			slices.Equal(normalRDNs(child)[len(child.RDNs)-len(top.RDNs):], normalRDNs(top))
		if got := Under(a, b); got != want {
			t.Errorf("%q under %q: %v", a, b, got)
		}
	})
}

// Any name makes an RDN that is read as that name, by us and by any reader of RFC 4514, and stays one RDN within a DN.
func FuzzDN(f *testing.F) {
	for _, seed := range []string{
		"", " ", "  ", "a", " a ", "#1", "a#", `,+"\<>;=#`, "a,b=c", "é", "\x00", "a\nb", `\2c`, "=", "\xff\xfe",
		"Mara  Lind", "ß/%*", "\u2028", strings.Repeat(`\`, 7),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		rdn := "cn=" + EscapeRDN(name)
		dn := rdn + ",ou=people,dc=example"
		parsed, err := ParseRDN(dn)
		if err != nil || len(parsed) != 1 || parsed[0] != (AVA{"cn", name}) {
			t.Fatalf("%q becomes %s, read as %q, %v", name, rdn, parsed, err)
		}
		if head, parent := SplitDN(dn); head != rdn || parent != "ou=people,dc=example" {
			t.Fatalf("%s is cut into %q and %q", dn, head, parent)
		}
		if !SameDN(dn, parsed.String()+", OU=People,dc=example") || !Under(dn, "ou=people,dc=example") ||
			Under("ou=people,dc=example", dn) {
			t.Fatalf("%s is not itself, or not where it is", dn)
		}
		if normal := NormalDN(dn); NormalDN(normal) != normal {
			t.Fatalf("%q has the normal form %q, whose normal form is %q", dn, normal, NormalDN(normal))
		}
		whole, err := ldap.ParseDN(dn)
		if err != nil || len(whole.RDNs) != 3 {
			t.Fatalf("%s: %v, %v", dn, whole, err)
		}
		if utf8.ValidString(name) && !utf8.ValidString(dn) {
			t.Fatalf("%q is not UTF-8", dn)
		}
	})
}

// No text makes a reader of DNs fall over.
func FuzzAnyDN(f *testing.F) {
	for _, seed := range []string{"cn=a,dc=b", `cn="a,b"`, `cn=\`, "cn=a+", ",", "cn=#04", "a=b;c=d", "\xff=\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dn string) {
		if normal := NormalDN(dn); !SameDN(dn, dn) || NormalDN(dn) != normal {
			t.Fatalf("%q is not itself", dn)
		}
		rdn, parent := SplitDN(dn)
		if len(rdn)+len(parent) > len(dn) {
			t.Fatalf("%q is cut into %q and %q", dn, rdn, parent)
		}
		Under(dn, parent)
		CommonBase(dn, parent, rdn)
		_, _ = ParseRDN(dn)
	})
}
