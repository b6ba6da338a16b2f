package stringprep_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"scimbridge/scim/stringprep"
)

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"jos\u00e9", "jose\u0301", true},
		{"JOSE\u0301", "jos\u00e9", true},
		{"ｍａｒａ", "Mara", true},
		{"ＭＡＲＡ", "ｍａｒａ", true},
		{" mara  lind", "mara lind ", true},
		{"mara\u00a0lind", "mara lind", true},
		{"mara\u3000lind", "mara lind", true},
		{"νίκος", "ΝΊΚΟΣ", true},
		{"straße", "STRAẞE", true},
		{"\u212a", "k", true},
		{"ſ", "S", true},
		{"№", "no", true},
		{"İvo", "ivo", true},
		{"İvo", "I\u0307vo", true},
		{"i\u0307\u0301", "İ\u0301", true},
		{"İ\u0323", "i\u0323", true},
		{"i\u0301\u0307", "i\u0301", false},
		{"straße", "strasse", false},
		{"ıvo", "ivo", false},
		{"josé", "jose", false},
		{"ᾳ", "αι", false},
		{"maralind", "mara lind", false},
		{"ma\u200bra", "mara", false},
	} {
		if got := stringprep.Equal(c.a, c.b); got != c.want {
			t.Errorf("%+q and %+q: %t", c.a, c.b, got)
		}
	}
}

// Every letter is equal to what a directory, and simple folding, take for equal.
func TestEveryLetter(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		s := string(r)
		for _, other := range []string{stringprep.Lower(s), string(unicode.SimpleFold(r)), norm.NFD.String(s), norm.NFKC.String(s)} {
			if !stringprep.Equal(s, other) && !unicode.IsMark(r) && !unicode.IsMark([]rune(other)[0]) {
				t.Errorf("%+q and %+q", s, other)
			}
		}
		if folded := stringprep.Fold(s); stringprep.Fold(folded) != folded {
			t.Errorf("%+q: %+q, folded again %+q", s, folded, stringprep.Fold(folded))
		}
	}
}

// Texts are equal however they are written, and so are those that a directory takes for equal.
func TestWritings(t *testing.T) {
	writings := []func(string) string{
		strings.ToUpper, strings.ToLower, stringprep.Lower, stringprep.Exact, norm.NFC.String, norm.NFD.String, norm.NFKD.String,
		func(v string) string { return strings.ReplaceAll(" "+v, " ", "   ") },
	}
	letters := rapid.SampledFrom([]rune("aAiIİıkKſsß\u0307\u0301\u0323éÉｍＭςσΣｶ\u3099が ǅ№µ"))
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.StringOfN(letters, 1, 8, -1).Draw(t, "text")
		other := rapid.SampledFrom(writings).Draw(t, "writing")(v)
		if strings.Contains(v, "ı") && other == strings.ToUpper(v) {
			other = v // its upper case is that of another letter
		}
		if !stringprep.Equal(v, other) {
			t.Fatalf("%+q and %+q: %+q and %+q", v, other, stringprep.Key(v), stringprep.Key(other))
		}
	})
}

func TestSpellings(t *testing.T) {
	for v, want := range map[string][]string{
		"mara":       {"mara"},
		"jos\u00e9":  {"jos\u00e9", "jose\u0301"},
		"jose\u0301": {"jose\u0301", "jos\u00e9"},
		"ｍ\u00e9":    {"ｍ\u00e9", "ｍe\u0301", "m\u00e9"},
		"ø":          {"ø"},
		"ΣΑΣ":        {"ΣΑΣ", "ΣΑς"},
		"σας":        {"σας", "σασ"},
		"İvo":        {"İvo", "I\u0307vo", "ivo"},
	} {
		if got := stringprep.Spellings(v); !slices.Equal(got, want) {
			t.Errorf("%+q: %+q", v, got)
		}
	}
}

func TestASCIIAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { stringprep.Equal("mara@contoso.example", "mara lind@contoso.example") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
