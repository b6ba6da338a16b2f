package access

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	secretA = "alpha-0123456789abcdef"
	secretB = "bravo-0123456789abcdef"
	secretC = "charlie-0123456789abcd"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAuthenticate(t *testing.T) {
	digest := sha256.Sum256([]byte(secretC))
	gate, err := New(Options{
		Token:     secretA,
		TokenFile: file(t, secretB+"\n"),
		TokensFile: file(t, "- {name: entra, sha256: "+strings.ToUpper(hex.EncodeToString(digest[:]))+"}\n"+
			"- name: okta\n  token: delta-0123456789abcdef\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		header, caller string
		ok             bool
	}{
		{"Bearer " + secretA, "token", true},
		{"bearer " + secretA, "token", true},
		{"BEARER   " + secretA + " ", "token", true},
		{"Bearer " + secretB, "tokenFile", true},
		{"Bearer " + secretC, "entra", true},
		{"Bearer delta-0123456789abcdef", "okta", true},
		{"", "", false},
		{"Bearer", "", false},
		{"Bearer ", "", false},
		{"non-token", "", false},
		{secretA, "", false},
		{"Basic " + secretA, "", false},
		{"Bearer" + secretA, "", false},
		{"Bearer " + secretA + "x", "", false},
		{"Bearer " + secretA[:len(secretA)-1], "", false},
		{"Bearer " + strings.ToUpper(secretA), "", false},
		{"Bearer " + hex.EncodeToString(digest[:]), "", false}, // the digest is no token
	} {
		if caller, ok := gate.Authenticate(test.header); caller != test.caller || ok != test.ok {
			t.Errorf("Authenticate(%q) = %q, %v; want %q, %v", test.header, caller, ok, test.caller, test.ok)
		}
	}
}

func TestAnEmptyTokenIsNobodys(t *testing.T) {
	gate := &Gate{}
	for _, header := range []string{"", "Bearer", "Bearer "} {
		if _, ok := gate.Authenticate(header); ok {
			t.Errorf("Authenticate(%q) let the caller in", header)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		want    []string
	}{
		"nothing": {Options{}, []string{": names no token: set token (or SCIMBRIDGE_ACCESS_TOKEN), tokenFile or tokensFile"}},
		"good":    {Options{Token: secretA}, nil},
		"short":   {Options{Token: "alpha"}, []string{"token: the token has fewer than 8 characters"}},
		"space": {
			Options{Token: "alpha 0123456789abcdef"},
			[]string{"token: the token holds a character that an Authorization header cannot carry: only visible ASCII, without spaces"},
		},
		"empty file": {Options{TokenFile: file(t, " \n")}, []string{"tokenFile: the token is empty"}},
		"same token": {
			Options{Token: secretA, TokenFile: file(t, secretA)},
			[]string{`tokenFile: is the same token as that of "token"`},
		},
		"missing files": {
			Options{TokenFile: "/nowhere/token", TokensFile: "/nowhere/tokens"},
			[]string{
				"tokenFile: cannot be read: open /nowhere/token: no such file or directory",
				"tokensFile: cannot be read: open /nowhere/tokens: no such file or directory",
			},
		},
		"list: not YAML": {Options{TokensFile: file(t, "- {token: *"+secretA+"}")}, []string{"tokensFile: is not YAML"}},
		"list: no list": {
			Options{TokensFile: file(t, "token: "+secretA)},
			[]string{"tokensFile: is not a list of {name, token} or {name, sha256}"},
		},
		"list: empty": {Options{TokensFile: file(t, "[]")}, []string{"tokensFile: lists no token"}},
		"list: every item": {
			Options{TokensFile: file(t, strings.Join([]string{
				"- {name: a, token: " + secretA + "}",
				"- {name: b, token: " + secretA + "}",
				"- {name: a, token: " + secretB + "}",
				"- {token: " + secretC + "}",
				"- {name: c}",
				"- {name: c, token: " + secretC + ", sha256: " + strings.Repeat("0", 64) + "}",
				"- {name: c, sha256: " + secretC + "}",
				"- {name: c, token: short}",
				"- {name: c, secret: " + secretC + "}",
				"- {name: c, name: d, token: " + secretC + "}",
				"- {name: c, token: [" + secretC + "]}",
				"- " + secretC,
			}, "\n"))},
			[]string{
				"tokensFile: line 4: has no name",
				"tokensFile: line 5: needs either token or sha256",
				"tokensFile: line 6: needs either token or sha256",
				"tokensFile: line 7: sha256 is not 64 hexadecimal digits",
				"tokensFile: line 8: the token has fewer than 8 characters",
				"tokensFile: line 9: holds a key other than name, user, token and sha256",
				"tokensFile: line 10: name stands twice",
				"tokensFile: line 11: token is not text",
				"tokensFile: line 12: is not {name, token} or {name, sha256}",
				`tokensFile: line 2: is the same token as that of "a"`,
				`tokensFile: line 3: the name "a" is taken by another token`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			test.options.Check(func(path, problem string) { got = append(got, path+": "+problem) })
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			for _, fault := range got {
				for _, secret := range []string{secretA, secretB, secretC} {
					if strings.Contains(fault, secret) {
						t.Errorf("a fault holds a token: %s", fault)
					}
				}
			}
			if _, err := New(test.options); (err != nil) != (test.want != nil) {
				t.Errorf("New: %v", err)
			}
		})
	}
}

func FuzzTokensFile(f *testing.F) {
	f.Add("- {name: a, token: " + secretA + "}")
	f.Add("- &a {name: a}\n- *a")
	f.Add("- {<<: {name: a}, token: x}")
	path := filepath.Join(f.TempDir(), "tokens")
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		o := Options{TokensFile: path}
		if gate, err := New(o); err == nil && len(gate.tokens) == 0 {
			t.Error("a gate without a token")
		}
	})
}
