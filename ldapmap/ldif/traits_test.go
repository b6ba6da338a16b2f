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
