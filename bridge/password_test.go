package bridge

import (
	"strings"
	"testing"

	"scimbridge/ldapmap/compile"
)

// Random passwords are of the length, hold each class, nothing else, and are never the same.
func TestPassword(t *testing.T) {
	for _, p := range []compile.Password{
		compile.DefaultPassword,
		{Length: 12, Classes: []string{"digit"}},
		{Length: 12, Classes: []string{"lower", "upper", "digit", "symbol"}},
	} {
		seen := map[string]bool{}
		for range 200 {
			text := password(&p)
			if len(text) != p.Length || !p.Allows(text) || seen[text] {
				t.Fatalf("%v: %q", p, text)
			}
			seen[text] = true
			for _, c := range text {
				if !strings.ContainsRune(p.Alphabet(), c) {
					t.Fatalf("%v: %q", p, text)
				}
			}
		}
	}
}
