package access

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/access/issuertest"
)

const (
	secretA = "alpha-0123456789abcdef"
	secretB = "bravo-0123456789abcdef"
	secretC = "charlie-0123456789abcd"
	secretD = "delta-0123456789abcdef"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// named is the name of who calls with the header.
func named(g *Gate, header string) (name string, ok bool) {
	caller, err := g.Authenticate(context.Background(), header, "192.0.2.7")
	return caller.Name, err == nil
}

func TestAuthenticate(t *testing.T) {
	digest := sha256.Sum256([]byte(secretC))
	gate, err := New(Options{
		Token:     secretA,
		TokenFile: file(t, secretB+"\n"),
		TokensFile: file(t, "- {name: entra, sha256: "+strings.ToUpper(hex.EncodeToString(digest[:]))+"}\n"+
			"- name: okta\n  token: delta-0123456789abcdef\n"),
	}, slog.New(slog.DiscardHandler))
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
		if caller, ok := named(gate, test.header); caller != test.caller || ok != test.ok {
			t.Errorf("Authenticate(%q) = %q, %v; want %q, %v", test.header, caller, ok, test.caller, test.ok)
		}
	}
}

// TestTokensAreReadAgain: a token goes with its line, and what is wrong in a file that was changed lets nobody in.
func TestTokensAreReadAgain(t *testing.T) {
	const both = "- {name: a, token: " + secretA + "}\n- {name: b, token: " + secretB + "}\n"
	for name, test := range map[string]struct {
		change func(path string) error
		in     []string // whose tokens hold then
		fault  string
	}{
		"taken out":        {replaced("- {name: b, token: " + secretB + "}\n"), []string{"b"}, ""},
		"put in":           {replaced(both + "- {name: c, token: " + secretC + "}\n"), []string{"a", "b", "c"}, ""},
		"renamed":          {replaced(strings.Replace(both, "name: a", "name: x", 1)), []string{"x", "b"}, ""},
		"one is faulty":    {replaced(both + "- {name: c, tken: " + secretC + "}\n"), []string{"a", "b"}, "line 3: holds a key other"},
		"no YAML":          {replaced(both + "- {name: [" + secretC), nil, "is not YAML"},
		"emptied":          {replaced(""), nil, "is not a list"},
		"no token is left": {replaced("[]"), nil, "lists no token"},
		"gone":             {os.Remove, nil, "no such file"},
		"no file any more": {func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, nil, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			path := file(t, both)
			o := Options{TokenFile: file(t, secretD), TokensFile: path}
			gate, err := New(o, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			known := func() (names []string) {
				for _, secret := range []string{secretA, secretB, secretC, secretD} {
					if name, ok := named(gate, "Bearer "+secret); ok {
						names = append(names, name)
					}
				}
				return names
			}
			if got := known(); !slices.Equal(got, []string{"a", "b", "tokenFile"}) || log.Len() > 0 {
				t.Fatalf("%v before, %s", got, &log)
			}
			if err := test.change(path); err != nil {
				t.Fatal(err)
			}
			if want := append(slices.Clone(test.in), "tokenFile"); !slices.Equal(known(), want) {
				t.Errorf("%v are known, want %v", known(), want)
			}
			text := log.String()
			if !strings.Contains(text, test.fault) || gate.Faulty() != (test.fault != "") || strings.Count(text, "read again") != 1 {
				t.Errorf("faulty %v, log %s", gate.Faulty(), text)
			}
			for _, secret := range []string{secretA, secretB, secretC} {
				if strings.Contains(text, secret) {
					t.Errorf("a token in the log: %s", text)
				}
			}
			if err := errors.Join(os.RemoveAll(path), os.WriteFile(path, []byte(both), 0o600)); err != nil {
				t.Fatal(err)
			}
			if got := known(); !slices.Equal(got, []string{"a", "b", "tokenFile"}) || gate.Faulty() {
				t.Errorf("%v are known when all is well again", got)
			}
		})
	}
}

// TestAFileOfTheSameTimeIsAnother: a token that was replaced is nobody's, even where time, size and mode of the file are as they were.
func TestAFileOfTheSameTimeIsAnother(t *testing.T) {
	path := file(t, secretA)
	gate, err := New(Options{TokenFile: path}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	other := file(t, secretB)
	if err := errors.Join(os.Chtimes(other, old.ModTime(), old.ModTime()), os.Rename(other, path)); err != nil {
		t.Fatal(err)
	}
	if _, ok := named(gate, "Bearer "+secretA); ok {
		t.Error("the old token is valid")
	}
	if _, ok := named(gate, "Bearer "+secretB); !ok {
		t.Error("the new token is not valid")
	}
}

// replaced writes a file anew.
func replaced(content string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(content), 0o600) }
}

func TestAnEmptyTokenIsNobodys(t *testing.T) {
	gate, err := New(Options{Token: secretA}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{"", "Bearer", "Bearer "} {
		if _, ok := named(gate, header); ok {
			t.Errorf("Authenticate(%q) let the caller in", header)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		want    []string
	}{
		"nothing": {Options{}, []string{
			": names nobody who may call: set token (or SCIMBRIDGE_ACCESS_TOKEN), tokenFile, tokensFile, entra or oauth, or a store",
		}},
		"good":  {Options{Token: secretA}, nil},
		"short": {Options{Token: "alpha"}, []string{"token: the token has fewer than 8 characters"}},
		"space": {
			Options{Token: "alpha 0123456789abcdef"},
			[]string{"token: the token holds a character that an Authorization header cannot carry: only visible ASCII, without spaces"},
		},
		"empty file": {Options{TokenFile: file(t, " \n")}, []string{"tokenFile: the token is empty"}},
		"same token": {
			Options{Token: secretA, TokenFile: file(t, secretA)},
			[]string{`tokenFile: is the same token as that of "token"`},
		},
		"one name, and another role": {
			Options{
				TokensFile: file(t, "- {name: a, token: "+secretA+"}\n- {name: b, token: "+secretB+", role: reader}"),
				Entra: []EntraOptions{
					{Tenant: issuertest.Tenant, Name: "a", Role: "reader"},
					{Tenant: issuertest.Tenant, Name: "c", Role: "users-only", Application: "other"},
				},
				OAuth: OAuthOptions{Key: keyA, Clients: []ClientOptions{
					{ID: "b", Role: "operator", SecretFiles: []string{file(t, clientA)}},
					{ID: "c", Role: "users-only", SecretFiles: []string{file(t, clientB)}},
				}},
			},
			[]string{
				`oauth.clients[0].id: "b" is the name of another caller too, who has another role or user`,
				`entra[0].name: "a" is the name of another caller too, who has another role or user`,
			},
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
		"list: two of them": {
			Options{TokensFile: file(t, "- {name: a, token: "+secretA+"}\n---\n- {name: b, token: "+secretB+"}")},
			[]string{"tokensFile: is more than one document (---): write one list"},
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
				"- {name: a, token: " + secretC + "}",
				"- {name: c, token: " + secretD + ", role: admin}",
				"- {name: c, token: " + secretD + ", addresses: [192.0.2.0/24, 192.0.2.7/24]}",
				"- {name: c, token: " + secretD + ", addresses: [" + secretC + "]}",
				"- {name: c, token: " + secretD + ", addresses: []}",
				"- {name: c, token: " + secretD + ", addresses: {a: b}}",
				"- {name: c, token: " + secretD + ", expires: soon}",
				"- {name: d, token: " + secretD + ", role: reader}",
				"- {name: d, token: echo-0123456789abcdef}",
			}, "\n"))},
			[]string{
				"tokensFile: line 4: has no name",
				"tokensFile: line 5: needs either token or sha256",
				"tokensFile: line 6: needs either token or sha256",
				"tokensFile: line 7: sha256 is not 64 hexadecimal digits",
				"tokensFile: line 8: the token has fewer than 8 characters",
				"tokensFile: line 9: holds a key other than name, token, sha256, role, user, addresses, expires",
				"tokensFile: line 10: name stands twice",
				"tokensFile: line 11: token is not text",
				"tokensFile: line 12: is not {name, token} or {name, sha256}",
				"tokensFile: line 14: role is not one of provisioner, users-only, groups-only, reader, operator",
				"tokensFile: line 15: addresses[1] is an address within the network 192.0.2.0/24: write that, or the address without /",
				"tokensFile: line 16: addresses[0] is no address and no network, as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32",
				"tokensFile: line 17: addresses is empty: left out, the token is for all",
				"tokensFile: line 18: addresses is not text",
				"tokensFile: line 19: expires is no day and no time, as 2027-01-31 (its end, in UTC) or 2027-01-31T12:00:00Z",
				`tokensFile: line 2: is the same token as that of "a"`,
				`tokensFile: line 13: two tokens have the name "a" already: one that goes and one that comes`,
				`tokensFile: line 21: the other token of the name "d" has another role or user`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			test.options.Check(false, func(path, problem string) { got = append(got, path+": "+problem) })
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
			if _, err := New(test.options, nil); (err != nil) != (test.want != nil) {
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
		if gate, err := New(o, nil); err == nil && len(gate.tokens) == 0 {
			t.Error("a gate without a token")
		}
	})
}
