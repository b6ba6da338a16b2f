package ldif

import (
	"testing"
)

func TestIDs(t *testing.T) {
	const guid = "00112233-4455-6677-8899-aabbccddeeff"
	raw := "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
	if got := guidText(raw); got != guid {
		t.Errorf("objectGUID is %s", got)
	}
	if guidText("short") != "" {
		t.Error("a short GUID has a text")
	}
	for kind, c := range map[ServerKind]struct{ good, want, bad string }{
		ActiveDirectory: {guid, `(objectGUID=\33\22\11\00\55\44\77\66\88\99\aa\bb\cc\dd\ee\ff)`, "{" + guid + "}"},
		OpenLDAP:        {guid, "(entryUUID=" + guid + ")", "urn:uuid:" + guid},
		Generic:         {guid, "(entryUUID=" + guid + ")", "*"},
		DS389:           {"ab-12*", `(nsUniqueId=ab-12\2a)`, ""},
	} {
		typ := kind.Traits()
		if got, ok := typ.IDFilter(c.good); !ok || got != c.want {
			t.Errorf("%s: %s", kind, got)
		}
		if got, ok := typ.IDFilter(c.bad); ok {
			t.Errorf("%s: %q becomes %s", kind, c.bad, got)
		}
	}
}

func TestModified(t *testing.T) {
	const fine, second = "20260102120000.345678Z", "20260102120000Z"
	for _, c := range []struct{ csn, modified, want string }{
		{fine + "#000006#000#000000", second, fine},
		{fine + "#000006#000#000000", "20250102120000Z", "20250102120000Z"}, // imported
		{"", second, second},
		{"odd", second, second},
		{fine + "#000006#000#000000", "", ""},
	} {
		e := &Entry{}
		e.Set("entryCSN", c.csn)
		e.Set("modifyTimestamp", c.modified)
		if got := OpenLDAP.Traits().Modified(e); got != c.want {
			t.Errorf("%s beside %s: %s, want %s", c.csn, c.modified, got, c.want)
		}
	}
}

// TestNeverModified: what a server tells of an entry that nobody has changed, by its row.
func TestNeverModified(t *testing.T) {
	e := &Entry{}
	e.Set("createTimestamp", "20260102120000Z")
	e.Set("whenCreated", "20260102120000.0Z")
	for kind, want := range map[ServerKind]string{OpenLDAP: "", DS389: "", ActiveDirectory: "", Generic: "20260102120000Z"} {
		if got := kind.Traits().Modified(e); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}
