package ldif

import (
	"encoding/hex"
	"maps"
	"strings"
	"testing"
)

// TestReached: what a server tells of how far it has got, by its row; what cannot be read tells nothing.
func TestReached(t *testing.T) {
	const (
		first  = "20260102120000.345678Z#000000#001#000000"
		second = "20260102120001.345678Z#000000#002#000000"
		copied = "{replicageneration} 6b09ed51000000010000"
		one    = "{replica 1 ldap://dc1.example:389} 6b09ed52000000010000 6b09ed54000b00010000"
		two    = "{replica 2 ldap://dc2.example:389} 6b09ed54000100020000 6b09ed58000000020000 6b09ed58"
		none   = "{replica 3 ldap://dc3.example:389}"
		bare   = "{replica 4} 6b09ed54000100040000 6b09ed54000200040000"
	)
	vector := func(hexed string) string {
		raw, err := hex.DecodeString(strings.ReplaceAll(hexed, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	const guid, other = "21156517c341d04389ca896e55e587e7", "00112233445566778899aabbccddeeff"
	for name, c := range map[string]struct {
		kind   ServerKind
		values []string
		want   map[string]string // nil: nothing is told
	}{
		"contextCSN": {OpenLDAP, []string{first, second}, map[string]string{"001": first, "002": second}},
		"no CSN":     {OpenLDAP, []string{first, "20260102120000Z"}, nil},
		"none":       {OpenLDAP, nil, nil},
		"update vector": {DS389, []string{copied, one, two, none, bare}, map[string]string{
			"6b09ed51000000010000 1": "6b09ed54000b00010000", "6b09ed51000000010000 2": "6b09ed58000000020000",
			"6b09ed51000000010000 4": "6b09ed54000200040000",
		}},
		"nothing was written":     {DS389, []string{copied, none}, nil},
		"of which copy is unsaid": {DS389, []string{one}, nil},
		"something else":          {DS389, []string{copied, one, "{replica 2} 6b09ed54000100020000"}, nil},
		"up-to-date vector": { // as Samba shows it
			ActiveDirectory,
			[]string{vector("02000000 00000000 02000000 00000000" + guid + "f80f000000000000 803ed5deb19d0100" + other +
				"0a00000000000000 0000000000000000")},
			map[string]string{guid: "00000000000000004088", other: "00000000000000000010"},
		},
		"an early one": {
			ActiveDirectory,
			[]string{vector("01000000 00000000 01000000 00000000" + guid + "f80f000000000000")},
			map[string]string{guid: "00000000000000004088"},
		},
		"a later one": {ActiveDirectory, []string{vector("03000000 00000000 01000000 00000000" + guid + "f80f000000000000")}, nil},
		"cut short":   {ActiveDirectory, []string{vector("02000000 00000000 01000000 00000000" + guid + "f80f000000000000")}, nil},
		"no head":     {ActiveDirectory, []string{vector("02000000")}, nil},
		"no cursors":  {ActiveDirectory, []string{vector("02000000 00000000 00000000 00000000")}, nil},
		"no inbound":  {ActiveDirectory, nil, nil},
	} {
		if got := c.kind.Traits().Reached.Of(c.values); !maps.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	updates := DS389.Traits().Reached
	anew := updates.Of([]string{strings.Replace(copied, "6b", "6c", 1), one})
	for server := range updates.Of([]string{copied, one}) {
		if anew[server] != "" {
			t.Error("one copy's changes are taken for another's")
		}
	}
}

func TestCounted(t *testing.T) {
	for text, want := range map[string]string{"4088": "00000000000000004088", "": "", "-1": ""} {
		if got := Counted(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
