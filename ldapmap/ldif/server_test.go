package ldif

import "testing"

// Which DNs are one name to a server; NFC is composed, NFD is not.
func TestServerComparesNames(t *testing.T) {
	schema, err := ParseSubschema([]string{
		"( 2.5.4.3 NAME ( 'cn' 'commonName' ) EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
		"( 2.5.4.11 NAME 'ou' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
		"( 1.9.1 NAME 'key' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dn, base               string
		composes, plain, maybe bool // whether dn is under base: to a server that composes names, to one that does not, as may be
	}{
		{"cn=a,ou=Zoe\u0308", "ou=zo\u00eb", true, false, true},
		{"ou=Zo\u00eb", "ou=Zoe\u0308", true, false, true},
		{"cn=a,OU=Ops", "ou=ops", true, true, true},
		{"commonName=a", "cn=A", true, false, true},
		{"cn=b,key=A", "key=a", false, true, true},
		{"cn=b,key=A", "key=A", true, true, true},
		{`cn=a\,ou=ops`, "ou=ops", false, false, false},
		{"cn=a,ou=develops", "ops", false, false, false},
		{"ou=ops", "cn=a,ou=ops", false, false, false},
		{"cn=\u00eb", "", true, true, true},
		{"", "", true, true, true},
		{"no name", "", false, false, false},
	} {
		composing := &Server{Traits: OpenLDAP.Traits(), Schema: schema}
		other := &Server{Traits: DS389.Traits(), Schema: schema}
		if got := composing.Under(c.dn, c.base); got != c.composes {
			t.Errorf("composing, %+q under %+q: %v", c.dn, c.base, got)
		}
		if got := other.Under(c.dn, c.base); got != c.plain {
			t.Errorf("%+q under %+q: %v", c.dn, c.base, got)
		}
		if got := other.MayBeUnder(c.dn, c.base) && composing.MayBeUnder(c.dn, c.base); got != c.maybe {
			t.Errorf("%+q may be under %+q: %v", c.dn, c.base, got)
		}
		if up, down := composing.Under(c.dn, c.base), composing.Under(c.base, c.dn); composing.SameDN(c.dn, c.base) != (up && down) && up {
			t.Errorf("composing, %+q and %+q: under %v, above %v", c.dn, c.base, up, down)
		}
	}
}

// TestServerMayTellApart: in ASCII every server takes a letter in either case for one; a server whose rules are known says so itself.
func TestServerMayTellApart(t *testing.T) {
	for _, c := range []struct {
		a, b string
		may  bool // 389 Directory Server may
	}{
		{"uid=ibrahim", "uid=\u0130brahim", true},
		{"uid=\u0219tefan", "uid=\u0218tefan", true},
		{"uid=\u0219tefan", "UID=\u0219TEFAN", false},
		{"uid=ibrahim", "uid=Ibrahim", false},
		{"uid=ibrahim", "uid=ebrahim", false}, // nobody takes them for one
	} {
		for kind, may := range map[ServerKind]bool{DS389: c.may, OpenLDAP: false, ActiveDirectory: false} {
			if got := (&Server{Traits: kind.Traits()}).MayTellApart(c.a, c.b); got != may {
				t.Errorf("%s: %+q and %+q: %t", kind, c.a, c.b, got)
			}
		}
	}
}
