package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/store/storetest"
)

// TestCheckCommand holds what check prints to testdata/check.txtar. Each section is a command line, with what is otherwise in the
// environment in parentheses.
func TestCheckCommand(t *testing.T) {
	ldap := company(t)
	file := configuration(t, ldap.URL())
	golden(t, "testdata/check.txtar", func(section string) string {
		line, env, _ := strings.Cut(strings.TrimSuffix(section, ")"), " (")
		arguments := append(strings.Fields(line), "--config", file)
		environ := strings.Fields(env)
		for i, variable := range environ {
			environ[i] = "SCIMBRIDGE_" + variable
		}
		code, stdout, stderr := program(t, environ, arguments...)
		address := strings.TrimPrefix(ldap.URL(), "ldap://")
		text := strings.NewReplacer(file, "scimbridge.yaml", address, "127.0.0.1:389", "\t", "    ").Replace(stdout + stderr)
		if code != exitOK {
			text += "(it fails)\n"
		}
		return text
	})
}

// TestCheckWithoutSecrets: a map is checked where neither secrets nor files are, unless the directory is to be asked.
func TestCheckWithoutSecrets(t *testing.T) {
	examples, err := filepath.Glob("../../examples/*/scimbridge.yaml")
	if err != nil || len(examples) < 7 {
		t.Fatal(examples, err)
	}
	for _, file := range examples {
		code, stdout, stderr := program(t, nil, "check", "--config", file)
		want := file + ": no faults; not here: access, "
		if code != exitOK || !strings.HasPrefix(stdout, want) || strings.Count(stdout, "\n") != 1 || stderr != "" {
			t.Errorf("%s: exit code %d\n%s%s", file, code, stdout, stderr)
		}
		code, stdout, stderr = program(t, nil, "check", "--config", file, "--connect")
		if code != exitFault || stdout != "" || !strings.Contains(stderr, "a DN needs a password") {
			t.Errorf("%s: exit code %d\n%s%s", file, code, stdout, stderr)
		}
	}
	missing := filepath.Join(t.TempDir(), "scimbridge.yaml")
	text, err := os.ReadFile(configuration(t, "ldaps://localhost"))
	if err != nil {
		t.Fatal(err)
	}
	const elsewhere = "passwordFile: nowhere}, tls: {ca: nowhere.pem, certificate: c, key: k}"
	faulty := strings.Replace(string(text), "password: secret}", elsewhere, 1)
	if err := os.WriteFile(missing, []byte(faulty), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := program(t, nil, "check", "--config", missing)
	const want = "not here: directory.bind.passwordFile, directory.tls.ca, directory.tls.certificate"
	if code != exitOK || !strings.Contains(stdout, want) {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

// TestCheckTellsOfASecretFileThatIsNotRead: the environment's secret goes before it. Another file in its place is as
// any key that the environment sets.
func TestCheckTellsOfASecretFileThatIsNotRead(t *testing.T) {
	text, err := os.ReadFile(configuration(t, "ldaps://localhost"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "scimbridge.yaml")
	content := strings.Replace(string(text), "password: secret}", "passwordFile: nowhere}", 1)
	content = strings.Replace(content, "token: "+token, "tokenFile: token", 1)
	for path, content := range map[string]string{file: content, filepath.Join(folder, "token"): "a-token-of-32-characters-or-so-it-is\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	password, other := "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD", "SCIMBRIDGE_ACCESS_TOKEN"
	code, stdout, stderr := program(t, []string{password + "=secret", other + "=" + token}, "check", "--config", file)
	for key, variable := range map[string]string{"directory.bind.passwordFile": password, "access.tokenFile": other} {
		if want := key + " names is not read: " + variable + " is set"; code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("exit code %d, without %q\n%s%s", code, want, stdout, stderr)
		}
	}
	_, stdout, stderr = program(t, []string{password + "FILE=elsewhere"}, "check", "--config", file)
	if strings.Contains(stdout, "is not read") {
		t.Errorf("of a file in the place of another:\n%s%s", stdout, stderr)
	}
	_, stdout, stderr = program(t, []string{password + "FILE=elsewhere", password + "=secret"}, "check", "--config", file, "--connect")
	if !strings.Contains(stderr, "contradicts") {
		t.Errorf("of two in the environment:\n%s%s", stdout, stderr)
	}
}

// TestServeLogsWhatCheckFinds, and serves all the same.
func TestServeLogsWhatCheckFinds(t *testing.T) {
	ldap := company(t)
	log, stop, ended := start(t, configuration(t, ldap.URL()), []string{"SCIMBRIDGE_RESOURCES_0_BASE=ou=staff,dc=example,dc=org"})
	root, lines := listening(t, log)
	want := []string{
		`"level":"ERROR","msg":"check","code":"base-missing","place":"SCIMBRIDGE_RESOURCES_0_BASE","key":"resources[0].base[0]",` +
			`"problem":"ou=staff,dc=example,dc=org is missing`,
		`"ldif":"dn: ou=staff,dc=example,dc=org\nobjectClass: organizationalUnit`,
		`"level":"WARN","msg":"check","code":"entra-active"`,
		`"level":"INFO","msg":"check","code":"entra-emails"`,
	}
	told := map[string]bool{}
	for line := range lines {
		for _, w := range want {
			told[w] = told[w] || strings.Contains(line, w)
		}
		if len(told) == len(want) && told[want[3]] {
			answer := send(t, http.MethodGet, root+"/ServiceProviderConfig", token, "")
			if answer.Body.Close(); answer.StatusCode != http.StatusOK {
				t.Errorf("%s", answer.Status)
			}
			stop()
			break
		}
	}
	for range lines { // or the program would wait for somebody to read them
	}
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	for _, w := range want {
		if !told[w] {
			t.Errorf("nothing tells %s", w)
		}
	}
}

// TestCheckLooksAtTheStore, and makes none.
func TestCheckLooksAtTheStore(t *testing.T) {
	file, folder := configuration(t, company(t).URL()), t.TempDir()
	there := storetest.SQLite(t)
	holding(t, storetest.Open(t, there))
	if err := os.WriteFile(filepath.Join(folder, "text"), []byte("no database, whatever its length may be"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		variable string
		code     int
		told     string
	}{
		"none":      {"FILE=", exitOK, ""},
		"there":     {"FILE=" + there.File, exitOK, ""},
		"missing":   {"FILE=" + filepath.Join(folder, "s.db"), exitOK, "hint: SCIMBRIDGE_STORE_FILE: store.file: "},
		"no folder": {"FILE=" + filepath.Join(folder, "x", "s.db"), exitFault, "the folder " + filepath.Join(folder, "x") + " is missing"},
		"text":      {"FILE=" + filepath.Join(folder, "text"), exitFault, "mend: put a backup in place, or name another file"},
		"away":      {"URL=postgres:///db?host=" + folder, exitFault, "psql 'postgres:///db?host=" + folder + "' -c 'SELECT 1'"},
	} {
		code, stdout, stderr := program(t, []string{"SCIMBRIDGE_STORE_" + c.variable}, "check", "--config", file, "--connect")
		if code != c.code || !strings.Contains(stdout, c.told) || strings.Contains(stdout, "[store") != (c.told != "") {
			t.Errorf("%s: exit code %d\n%s%s", name, code, stdout, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "s.db")); !os.IsNotExist(err) {
		t.Errorf("the file is there: %v", err)
	}
}

// TestProbeIsInTheJournal, where there is one; no limit counts it, and nothing of it is left.
func TestProbeIsInTheJournal(t *testing.T) {
	ldap := company(t)
	file := configuration(t, ldap.URL())
	environ := []string{
		"USER=admin", "SCIMBRIDGE_STORE_FILE=" + filepath.Join(t.TempDir(), "store.db"),
		"SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=pwdAccountLockedTime",
	}
	check := func() {
		t.Helper()
		code, stdout, stderr := program(t, environ, "check", "--config", file, "--probe")
		if code != exitOK || strings.Contains(stdout, "unseen-rights") || !strings.HasSuffix(stdout, "; what the probe made is removed\n") {
			t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
		}
		for _, e := range ldap.Entries() {
			if strings.Contains(e.DN, "scimbridge-check-") {
				t.Errorf("left behind: %s", e.DN)
			}
		}
	}
	check() // before there is a store, and none is made
	log, stop, ended := start(t, file, environ)
	root, lines := listening(t, log)
	go func() {
		for range lines { // or the program would wait for somebody to read them
		}
	}()
	ready(t, root, "ok")
	check()
	stop()
	<-ended
	_, listed, _ := program(t, environ, "journal", "list", "--config", file, "--json")
	for _, want := range []string{`"created uid=scimbridge-check-`, `"deleted uid=scimbridge-check-`, `"caller":"admin"`} {
		if strings.Count(listed, strings.Trim(want, `"`)) == 0 {
			t.Errorf("no %s in %s", want, listed)
		}
	}
}

// TestProbeThatIsBrokenOff tells what it could not remove, whatever else it does not come to.
func TestProbeThatIsBrokenOff(t *testing.T) {
	ldap := company(t)
	ctx, end := context.WithCancel(t.Context())
	ldap.Fault(func(op, dn string) memdir.Fault {
		switch made := strings.Contains(dn, "scimbridge-check-"); {
		case made && op == "add":
			end()
		case made && op == "delete":
			return memdir.Fault{Code: 53}
		}
		return memdir.Fault{}
	})
	var out, err bytes.Buffer
	code := run(&world{ctx, nil, &out, &err}, []string{"check", "--config", configuration(t, ldap.URL()), "--probe"})
	said := out.String() + err.String()
	for _, want := range []string{"still there: uid=scimbridge-check-", context.Canceled.Error()} {
		if code != exitFault || !strings.Contains(said, want) {
			t.Errorf("exit code %d, no %q in\n%s", code, want, said)
		}
	}
}
