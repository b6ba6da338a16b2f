package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/examples"
	"scimbridge/ldapmap/ldif"
)

// TestDemoElsewhere: the cycle before a bridge that serves leaves its directory as it was; where somebody has a name already that it takes
// for its own people, it stops before it writes anything.
func TestDemoElsewhere(t *testing.T) {
	base, err := ldif.Parse(examples.OpenLDAPBase)
	if err != nil {
		t.Fatal(err)
	}
	ldap, err := memdir.Start(memdir.Options{
		Suffix: "dc=example,dc=org", RootDN: "cn=admin,dc=example,dc=org", RootPassword: "secret", Entries: base,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ldap.Close)
	file := filepath.Join(t.TempDir(), "scimbridge.yaml")
	if err := os.WriteFile(file, []byte(examples.OpenLDAP), 0o600); err != nil {
		t.Fatal(err)
	}
	log, _, _ := start(t, file, []string{
		"SCIMBRIDGE_LISTEN_ADDRESS=127.0.0.1:0", "SCIMBRIDGE_ACCESS_TOKEN=" + token, "SCIMBRIDGE_DIRECTORY_URLS=" + ldap.URL(),
		"SCIMBRIDGE_DIRECTORY_BIND_DN=cn=admin,dc=example,dc=org", "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=secret",
	})
	root, _ := listening(t, log)
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := len(ldap.Entries())

	for _, c := range []struct {
		environ   []string
		arguments []string
	}{
		{[]string{"SCIMBRIDGE_ACCESS_TOKEN=" + token}, []string{"demo", "--url", root}},
		{nil, []string{"demo", "--url", root + "/", "--token-file", secret}},
		{nil, []string{"demo", "--url", root, "--token-file", secret, "--domain", "acme.test"}},
	} {
		code, out, said := program(t, c.environ, c.arguments...)
		if code != exitOK || said != "" || !strings.HasSuffix(out, "What it made is deleted.\n") || len(ldap.Entries()) != before {
			t.Fatalf("exit code %d, %d entries, %d before\n%s%s", code, len(ldap.Entries()), before, out, said)
		}
		if slices.Contains(c.arguments, "acme.test") && (strings.Contains(out, ownDomain) || !strings.Contains(out, "@acme.test")) {
			t.Errorf("it sends names of another domain:\n%s", out)
		}
	}

	if answer := send(t, http.MethodPost, root+"/Users", token, `{"userName":"noor.haan@contoso.example"}`); answer.StatusCode != 201 {
		t.Fatal(answer.Status)
	}
	code, out, said := program(t, nil, "demo", "--url", root, "--token-file", secret)
	if code != exitFault || !strings.Contains(out, "NOT as expected") || !strings.Contains(said, errNotAsExpected.Error()) ||
		len(ldap.Entries()) != before+1 {
		t.Errorf("exit code %d, %d entries, %d before\n%s%s", code, len(ldap.Entries()), before, out, said)
	}
	if strings.Contains(out, "31 requests") || !strings.Contains(out, " are not sent.\n") {
		t.Errorf("it counts what it did not send:\n%s", out)
	}
	code, out, _ = program(t, nil, "demo", "--url", strings.TrimSuffix(root, "/v2"), "--token-file", secret)
	if code != exitFault || !strings.Contains(out, "\n1 requests, 0 as expected\n") || strings.Contains(out, "What it made") {
		t.Errorf("exit code %d: it deletes what it did not make:\n%s", code, out)
	}
	for _, arguments := range [][]string{{"demo", "--url", root}, {"demo", "--url", root, "--token-file", "nowhere"}} {
		if code, out, said := program(t, nil, arguments...); code != exitFault || said == "" {
			t.Errorf("exit code %d\n%s%s", code, out, said)
		}
	}
}
