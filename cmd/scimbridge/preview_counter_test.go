package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPreviewCreatedWithNumber: a row that takes a number makes an entry, though the counter, which was there, is changed first.
func TestPreviewCreatedWithNumber(t *testing.T) {
	directory := company(t)
	folder := t.TempDir()
	for name, text := range map[string]string{
		"scimbridge.yaml": fmt.Sprintf(`
directory: {urls: [%q], bind: {dn: "cn=admin,dc=example,dc=org", password: secret}}
access: {token: preview-counter-0123456789}
resources:
  - type: User
    base: ou=people,dc=example,dc=org
    objectClasses: [inetOrgPerson]
    dn: '"uid=" + rdn(userName) + "," + base'
    attributes:
      - {scim: userName, ldap: uid}
      - {scim: displayName, ldap: cn, empty: userName}
      - {scim: name.familyName, ldap: sn, empty: userName}
      - {ldap: employeeNumber, on: create, allocate: {from: 1000, to: 9000, counter: "cn=next,ou=people,dc=example,dc=org"}}
`, directory.URL()),
		"users.csv": "userPrincipalName\nanna@x.example\nbo@x.example\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, users := filepath.Join(folder, "scimbridge.yaml"), filepath.Join(folder, "users.csv")
	code, stdout, stderr := program(t, nil, "preview", "--config", file, users)
	if code != exitOK || strings.Contains(stdout, "linked") || !strings.Contains(stdout, "created      2       0") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}
