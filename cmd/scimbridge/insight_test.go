package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoCallersNeeded: what asks the directory by itself needs neither the callers' secrets nor the certificate that they are shown, and
// says so of the directory's password alone.
func TestNoCallersNeeded(t *testing.T) {
	ldap := company(t)
	text, err := os.ReadFile(configuration(t, ldap.URL()))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	said := string(text)
	begin := strings.Index(said, "access:")
	end := begin + strings.Index(said[begin:], "\n") + 1
	users := write("users.csv", "userPrincipalName,surname\nanna@x.example,Holm\n")
	request := write("request.http", "GET /Users HTTP/1.1\n\n")
	for name, access := range map[string]string{
		"none": "", "file": "access: {tokenFile: nowhere}\n",
		"certificate": "access: {tokenFile: nowhere}\nlisten: {tls: {certificate: no.pem, key: no.key}}\n",
	} {
		file := write(name+".yaml", said[:begin]+access+said[end:])
		for _, arguments := range [][]string{
			{"check", "--connect"},
			{"check", "--probe"},
			{"preview", users},
			{"explain", request},
			{"replay", filepath.Join(folder, "none.txtar")},
		} {
			_, stdout, stderr := program(t, nil, append(arguments, "--config", file)...)
			if strings.Contains(stderr, "access") || strings.Contains(stderr, "listen.tls") {
				t.Errorf("%s, %v:\n%s%s", name, arguments, stdout, stderr)
			}
		}
		if _, _, stderr := program(t, nil, "serve", "--config", file); !strings.Contains(stderr, "access") {
			t.Errorf("%s: serve: %s", name, stderr)
		}
	}
}
