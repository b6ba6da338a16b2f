package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestThePackageCommentShowsAGoodFile(t *testing.T) {
	text := Example()
	t.Chdir(t.TempDir())
	certificate, key := selfSigned(t)
	for name, content := range map[string]string{
		"scimbridge.yaml": text, "tls.crt": certificate, "tls.key": key, "ca.pem": certificate, "bind.password": "secret",
		"clients.pem": certificate, "client.crt": certificate, "client.key": key,
		"oauth.key": strings.Repeat("0123456789abcdef", 2), "entra.secret": "charlie-0123456789", "entra-next.secret": "delta-0123456789",
		"webhook.key": "whsec_" + strings.Repeat("0123456789abcdef", 2),
		"token":       "alpha-0123456789abcdef", "tokens.yaml": "- {name: entra, token: bravo-0123456789abcdef}",
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load("scimbridge.yaml", nil); err != nil {
		t.Error(err)
	}
}

// TestThePackageCommentShowsEveryKey, in a comment at least.
func TestThePackageCommentShowsEveryKey(t *testing.T) {
	text := Example()
	var visit func(reflect.Type)
	visit = func(section reflect.Type) {
		for field := range fieldsOf(section) {
			if key := field.Tag.Get("koanf"); !strings.Contains(text, key+":") {
				t.Errorf("%s of %s is not shown", key, section)
			}
			inner := field.Type
			for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				visit(inner)
			}
		}
	}
	visit(shape)
}

// TestAbsent: of the file that the package comment shows nothing is wrong but that its files are not here.
func TestAbsent(t *testing.T) {
	text := Example()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("scimbridge.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, faults, err := Read("scimbridge.yaml", nil)
	if err != nil || c == nil || len(faults) < 10 {
		t.Fatal(faults, err)
	}
	for _, f := range faults {
		if !f.Absent {
			t.Errorf("%s is told for a fault", f)
		}
	}
	wrong := strings.Replace(text, "tokensFile: tokens.yaml ", "token: short             ", 1)
	if err := os.WriteFile("scimbridge.yaml", []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	_, faults, _ = Read("scimbridge.yaml", nil)
	told := false
	for _, f := range faults {
		told = told || f.Path == "access.token" && !f.Absent
	}
	if !told {
		t.Errorf("a short token is told for one that is not here: %v", faults)
	}
}
