package access

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// TestNewSound: what is faulty lets nobody in, and who is not known is told to come back; the rest is let in, and no fault is an error.
func TestNewSound(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("a-secret-of-a-client"), 0o600); err != nil {
		t.Fatal(err)
	}
	const tenant, strong = "7b1f0a52-3c0d-4a4e-9f51-0d8e6a1c2b34", "alpha-0123456789abcdef"
	key := "0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		o                Options
		tenants, clients int
		tokens           int
		faulty           bool
	}{
		"nobody":       {o: Options{}},
		"sound":        {o: Options{Token: strong, Entra: []EntraOptions{{Tenant: tenant}}}, tenants: 1, tokens: 1},
		"a weak token": {o: Options{Token: "short", Entra: []EntraOptions{{Tenant: tenant}}}, tenants: 1, faulty: true},
		"no such file": {o: Options{Token: strong, TokenFile: "/nowhere"}, tokens: 1, faulty: true},
		"a wrong tenant": {
			o: Options{Entra: []EntraOptions{{Tenant: "corp.example"}, {Tenant: tenant, Name: "b"}}}, tenants: 1, faulty: true,
		},
		"one that takes another's": {
			o: Options{Entra: []EntraOptions{{Tenant: tenant}, {Tenant: tenant, Name: "b"}}}, tenants: 1, faulty: true,
		},
		"a wrong role": {o: Options{OAuth: OAuthOptions{Key: key, Clients: []ClientOptions{
			{ID: "a", SecretFiles: []string{file}, Role: "king"}, {ID: "b", SecretFiles: []string{file}},
		}}}, clients: 1, faulty: true},
		"tokens that are for too long": {o: Options{OAuth: OAuthOptions{Key: key, Lifetime: longestLifetime + 1, Clients: []ClientOptions{
			{ID: "b", SecretFiles: []string{file}},
		}}}, faulty: true},
		"a secret that is not there": {o: Options{OAuth: OAuthOptions{Key: key, Clients: []ClientOptions{
			{ID: "b", SecretFiles: []string{file, "/nowhere"}},
		}}}, clients: 1},
	} {
		g, err := NewSound(c.o, nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(g.tenants) != c.tenants || len(g.clients.known) != c.clients || len(g.tokens) != c.tokens || g.Faulty() != c.faulty {
			t.Errorf("%s: %d tenants, %d clients, %d tokens, faulty %v",
				name, len(g.tenants), len(g.clients.known), len(g.tokens), g.Faulty())
		}
		if g.Reread(); g.Faulty() != c.faulty {
			t.Errorf("%s: read again, faulty %v", name, g.Faulty())
		}
	}
}
