package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/examples"
	"scimbridge/ldapmap/ldif"
)

// TestDemoElsewhere: the cycle before a bridge that serves leaves its directory as it was; where somebody has a name already that it takes
// for its own people, it stops before it writes anything.
func TestDemoElsewhere(t *testing.T) {
	root, secret, ldap := elsewhere(t)
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
	if code != exitFault || !strings.Contains(out, `NOT as expected: {"Resources":[{`) ||
		!strings.Contains(said, errNotAsExpected.Error()) || len(ldap.Entries()) != before+1 {
		t.Errorf("exit code %d, %d entries, %d before\n%s%s", code, len(ldap.Entries()), before, out, said)
	}
	if strings.Contains(out, "31 requests") || !strings.Contains(out, " are not sent.\n") {
		t.Errorf("it counts what it did not send:\n%s", out)
	}
	code, out, _ = program(t, nil, "demo", "--url", strings.TrimSuffix(root, "/v2"), "--token-file", secret)
	if code != exitFault || !strings.Contains(out, "\n1 request, 0 as expected\n") || strings.Contains(out, "What it made") {
		t.Errorf("exit code %d: it deletes what it did not make:\n%s", code, out)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		environ, arguments []string
		from               string
	}{
		{[]string{"SCIMBRIDGE_ACCESS_TOKEN=wrong"}, []string{"demo", "--url", root}, "SCIMBRIDGE_ACCESS_TOKEN"},
		{nil, []string{"demo", "--url", root, "--token-file", other}, other},
	} {
		want := "The token that it refuses is that of " + c.from + ".\n"
		code, out, _ := program(t, c.environ, c.arguments...)
		if code != exitFault || !strings.Contains(out, "= 401 ") || !strings.Contains(out, want) {
			t.Errorf("exit code %d: it does not say %q:\n%s", code, want, out)
		}
	}
	for _, arguments := range [][]string{{"demo", "--url", root}, {"demo", "--url", root, "--token-file", "nowhere"}} {
		if code, out, said := program(t, nil, arguments...); code != exitFault || said == "" {
			t.Errorf("exit code %d\n%s%s", code, out, said)
		}
	}
}

// TestDemoIsReadNoMore: whoever has read enough of the cycle's output closes it, as head does. What was made is deleted all the same.
func TestDemoIsReadNoMore(t *testing.T) {
	root, secret, ldap := elsewhere(t)
	before := len(ldap.Entries())
	demo := exec.CommandContext(t.Context(), os.Args[0])
	demo.Env = append(os.Environ(), programVariable+"=demo --url "+root+" --token-file "+secret)
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var added atomic.Int32
	ldap.Fault(func(op, _ string) memdir.Fault {
		if op == "add" && added.Add(1) == 1 {
			out.Close()
		}
		return memdir.Fault{}
	})
	if err := demo.Run(); err != nil {
		t.Error(err)
	}
	if now := len(ldap.Entries()); added.Load() == 0 || now != before {
		t.Errorf("%d entries were added; there are %d, and were %d", added.Load(), now, before)
	}
}

// TestDemoIsRefused: a bridge that wants to be asked again later than a request may take is shown with its answer.
func TestDemoIsRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"detail":"no space is left for the bridge's own store","status":"503"}`)
	}))
	defer server.Close()
	code, out, said := program(t, []string{"SCIMBRIDGE_ACCESS_TOKEN=" + token}, "demo", "--url", server.URL)
	if code != exitFault || said != errNotAsExpected.Error()+"\n" ||
		!strings.Contains(out, "503 Service Unavailable, no space is left for the bridge's own store, NOT as expected (200 was)\n") {
		t.Errorf("exit code %d\n%s%s", code, out, said)
	}
}

// TestDemoIsHeld: what a limit of the bridge's keeps of its people is told once, with what lets them go and what deletes them then.
func TestDemoIsHeld(t *testing.T) {
	folder := t.TempDir()
	storage, file := filepath.Join(folder, "store.db"), filepath.Join(folder, "store.yaml")
	if err := os.WriteFile(file, []byte("store: {file: store.db}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, secret, ldap := elsewhere(t, "SCIMBRIDGE_STORE_FILE="+storage)
	before := len(ldap.Entries())
	for run := range 4 {
		code, out, said := program(t, nil, "demo", "--url", root, "--token-file", secret)
		if run < 3 {
			if code != exitOK || said != "" {
				t.Fatalf("run %d: exit code %d\n%s%s", run, code, out, said)
			}
			continue
		}
		if code != exitFault || strings.Count(said, "more than 10 deleted") != 1 ||
			!strings.Contains(said, "what it made is still there, 2 times: 503 ") {
			t.Errorf("exit code %d\n%s%s", code, out, said)
		}
		if code, out, said := program(t, nil, "hold", "approve", "1", "--config", file); code != exitOK {
			t.Errorf("exit code %d\n%s%s", code, out, said)
		}
		_, last, _ := strings.Cut(said, "  curl -X DELETE ")
		for path := range strings.FieldsSeq(last[strings.Index(last, root):]) {
			if answer := send(t, http.MethodDelete, path, token, ""); answer.StatusCode != http.StatusNoContent {
				t.Errorf("DELETE %s: %s", path, answer.Status)
			}
		}
	}
	if now := len(ldap.Entries()); now != before {
		t.Errorf("there are %d entries, and were %d", now, before)
	}
}

// elsewhere has a bridge serve the OpenLDAP example, and says where, and which file has its token.
func elsewhere(t *testing.T, environ ...string) (root, secret string, ldap *memdir.Server) {
	t.Helper()
	base, err := ldif.Parse(examples.OpenLDAPBase)
	if err != nil {
		t.Fatal(err)
	}
	ldap, err = memdir.Start(memdir.Options{
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
	log, _, _ := start(t, file, append([]string{
		"SCIMBRIDGE_LISTEN_ADDRESS=127.0.0.1:0", "SCIMBRIDGE_ACCESS_TOKEN=" + token, "SCIMBRIDGE_DIRECTORY_URLS=" + ldap.URL(),
		"SCIMBRIDGE_DIRECTORY_BIND_DN=cn=admin,dc=example,dc=org", "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=secret",
	}, environ...))
	root, _ = listening(t, log)
	secret = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return root, secret, ldap
}
