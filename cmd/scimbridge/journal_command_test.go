package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// differs is what differs from run to run in what the commands print; what takes its place is as long, where columns hang on it.
var differs = []struct {
	what  *regexp.Regexp
	stays string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`), "2026-11-27 12:00:00Z"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`), "2026-11-27T12:00:00.000000Z"},
	{regexp.MustCompile(`took [\d.]+m?s`), "took 5ms"},
	{regexp.MustCompile(`"seconds":[\d.]+,`), `"seconds":0.005,`},
	{regexp.MustCompile(`,\d+\.\d{3},`), ",0.005,"},
	{regexp.MustCompile(`(\d+-\d+):[0-9a-f]{64}`), "$1:9f86…"},
	{regexp.MustCompile(`/\S+/store\.db`), "/var/lib/scimbridge/scimbridge.db"},
}

func stays(text string) string {
	for _, d := range differs {
		text = d.what.ReplaceAllString(text, d.stays)
	}
	return text
}

const entra, hr = "entra-0123456789abcdef", "hr-0123456789abcdef"

// asked is a request, by whose token, and the status of its answer.
type asked struct {
	token, method, path, body string
	status                    int
}

// days is a company's journal: what Entra did with Mara, and what it was not let do.
func days(t *testing.T, more ...asked) (file string, o store.Options) {
	t.Helper()
	o = storetest.SQLite(t)
	n := 0
	people := []*ldif.Entry{
		entry("dc=example,dc=org", "domain"), entry("ou=people,dc=example,dc=org", "organizationalUnit"),
		entry("ou=groups,dc=example,dc=org", "organizationalUnit"),
	}
	ldap, err := memdir.Start(memdir.Options{
		RootDN: "cn=admin,dc=example,dc=org", RootPassword: "secret", Entries: people,
		NewID: func() string { n++; return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) },
		Clock: func() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ldap.Close)
	folder := t.TempDir()
	file = filepath.Join(folder, "scimbridge.yaml")
	for name, text := range map[string]string{
		"tokens.yaml": "- {name: entra, token: " + entra + "}\n- {name: hr, token: " + hr + ", role: reader}\n",
		"scimbridge.yaml": fmt.Sprintf(`
listen: {address: "127.0.0.1:0"}
directory: {urls: [%q], bind: {dn: "cn=admin,dc=example,dc=org", password: secret}}
resources:
  - type: User
    base: ou=people,dc=example,dc=org
    objectClasses: [inetOrgPerson]
    dn: '"uid=" + rdn(userName) + "," + base'
    attributes:
      - {scim: userName, ldap: uid}
      - {scim: displayName, ldap: cn, empty: userName}
      - {scim: name.familyName, ldap: sn, empty: userName}
      - {scim: password, ldap: userPassword}
    active: {attribute: employeeType, blocked: inactive, unblocked: active}
  - type: Group
    base: ou=groups,dc=example,dc=org
    objectClasses: [groupOfNames]
    attributes: [{scim: displayName, ldap: cn}]
    members: {attribute: member}
access: {tokensFile: tokens.yaml}
store: {file: %q}
`, ldap.URL(), o.File),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, stop, ended := start(t, file, nil)
	root, lines := listening(t, log)
	ready(t, root, "ok")
	const mara, group = "/Users/00000000-0000-0000-0000-000000000004", "/Groups/00000000-0000-0000-0000-000000000005"
	for i, r := range append([]asked{
		{entra, "POST", "/Users", `{"userName":"mara@contoso.example","displayName":"Mara","password":"Hunter2-hunter2"}`, 201},
		{entra, "POST", "/Groups", `{"displayName":"Night Shift","members":[{"value":"` + mara[7:] + `"}]}`, 201},
		{hr, "DELETE", mara, ``, 403},
		{entra, "PATCH", mara, patch(disable), 200},
		{entra, "PATCH", group, patch(`{"op":"Add","path":"members","value":[{"value":"` + mara[7:] + `"}]}`), 204},
		{entra, "POST", "/Users", `{"userName":"=SUM(A1)","displayName":"\u001b[31mKöchin\u202e"}`, 201},
		{entra, "PATCH", mara, patch(`{"op":"Replace","path":"userName","value":"=sum(a1)"}`), 409},
		{entra, "DELETE", mara, ``, 204},
	}, more...) {
		request, err := http.NewRequestWithContext(t.Context(), r.method, root+r.path, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+r.token)
		request.Header.Set("X-Request-ID", fmt.Sprintf("request-%d", i+1))
		if r.token == entra {
			request.Header.Set("ADSCIMVersion", fmt.Sprintf("Date:2026-01-02, ActivityId:6b3f1ab0-0f3c-4f9b-9d8e-00000000000%d", i/2))
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != r.status {
			t.Fatalf("%s %s: %d, want %d", r.method, r.path, answer.StatusCode, r.status)
		}
	}
	stop()
	for range lines { // it is read to its end
	}
	if code := <-ended; code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	return file, o
}

// journalPrints runs a command line, and says what it prints.
func journalPrints(t *testing.T, file, line string) string {
	t.Helper()
	var arguments []string
	for i, part := range strings.Split(line, `"`) { // what is quoted is one argument
		if i%2 == 1 {
			arguments = append(arguments, part)
		} else {
			arguments = append(arguments, strings.Fields(part)...)
		}
	}
	return prints(t, []string{"USER=dpo"}, file, stays, append([]string{"journal"}, arguments...)...)
}

// TestJournalCommand holds each command's help, text, JSON and CSV to testdata/journal.txtar, of what the program itself recorded; and what
// the README says of them to what they print.
func TestJournalCommand(t *testing.T) {
	file, _ := days(t)
	printed := func(line string) string { return journalPrints(t, file, line) }
	for _, f := range golden(t, "testdata/journal.txtar", printed) {
		for _, at := range []string{"unter2", "\x1b", "\u202e"} {
			if strings.Contains(string(f.Data), at) {
				t.Errorf("journal %s prints %q", f.Name, at)
			}
		}
	}
	readme, err := os.ReadFile("../../bridge/journal/README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```\n\\$ scimbridge journal ([^\n]*)\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	for _, block := range shown {
		if diff := cmp.Diff(block[2], printed(block[1])); diff != "" {
			t.Errorf("README: journal %s: %s", block[1], diff)
		}
	}
	if len(shown) < 2 {
		t.Errorf("the README shows %d commands", len(shown))
	}
}

// TestJournalForget: who is forgotten is found no more, and the journal is sound; testdata/forget.txtar has each command in its turn.
func TestJournalForget(t *testing.T) {
	again := asked{entra, "POST", "/Users", `{"userName":"mara@contoso.example"}`, 201}
	file, _ := days(t, again)
	golden(t, "testdata/forget.txtar", func(line string) string { return journalPrints(t, file, line) })
}

// TestJournalFollow: what is done while somebody follows is printed as soon as it is closed, while the bridge runs; the end is no fault.
func TestJournalFollow(t *testing.T) {
	o := storetest.SQLite(t)
	file, environ := configuration(t, company(t).URL()), []string{"SCIMBRIDGE_STORE_FILE=" + o.File}
	log, stop, ended := start(t, file, environ)
	root, _ := listening(t, log)
	provision := func(name string) {
		t.Helper()
		answer := send(t, http.MethodPost, root+"/Users", token, `{"userName":"`+name+`"}`)
		answer.Body.Close()
		if answer.StatusCode != http.StatusCreated {
			t.Fatal(answer.Status)
		}
	}
	provision("earliest")
	provision("before")
	ctx, end := context.WithCancel(t.Context())
	printed, written := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(&world{ctx, environ, written, os.Stderr}, []string{"journal", "list", "--follow", "--limit=1", "--config", file})
		written.Close()
	}()
	scanner := bufio.NewScanner(printed)
	for _, want := range []string{"WHAT", "before", "meanwhile"} {
		if want == "meanwhile" {
			provision(want)
		}
		if !scanner.Scan() || !strings.Contains(scanner.Text(), want) {
			t.Fatalf("%q, want %q", scanner.Text(), want)
		}
	}
	end()
	if code := <-code; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestJournalUnread: who cannot read the journal is told what to do.
func TestJournalUnread(t *testing.T) {
	file := configuration(t, "ldap://127.0.0.1:1")
	made, bare := storetest.SQLite(t), storetest.SQLite(t)
	if err := storetest.Open(t, bare).Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		environ []string
		want    string
	}{
		"no store":  {nil, "names no store, which keeps the journal"},
		"no file":   {[]string{"SCIMBRIDGE_STORE_FILE=" + made.File}, "serve makes it when it first starts"},
		"no tables": {[]string{"SCIMBRIDGE_STORE_FILE=" + bare.File}, "start the bridge of this version"},
		"a folder":  {[]string{"SCIMBRIDGE_STORE_FILE=" + filepath.Dir(bare.File)}, "is a folder"},
	} {
		for _, command := range []string{"list", "export", "show 1-1"} {
			arguments := append(strings.Fields("journal "+command), "--config", file)
			code, stdout, stderr := program(t, c.environ, arguments...)
			if code != exitFault || stdout != "" || !strings.Contains(stderr, c.want) {
				t.Errorf("%s: %s: exit code %d, %s%s", name, command, code, stdout, stderr)
			}
		}
	}
	if _, err := os.Stat(made.File); !os.IsNotExist(err) {
		t.Errorf("a command that reads made the store: %v", err)
	}
	for o, want := range map[store.Options]string{
		{File: "/s.db"}:                   "run this as the account that serve runs as",
		{URL: "postgres://a@db.corp/one"}: "GRANT SELECT ON ALL TABLES",
	} {
		kind := map[bool]store.Kind{true: store.ReadOnly, false: store.Other}[o.File != ""]
		if err := helped(&store.Error{Kind: kind, Cause: os.ErrPermission}, o); !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}

func TestTimeFlag(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string][2]string{
		"2026-11-26":           {"2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"},
		"2026-11-26T10:30:00Z": {"2026-11-26T10:30:00Z", "2026-11-26T10:30:00Z"},
		"2026-11-26 10:30":     {"2026-11-26T10:30:00Z", "2026-11-26T10:30:00Z"},
		"2h":                   {"2026-11-27T10:00:00Z", "2026-11-27T10:00:00Z"},
		"7d":                   {"2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z"},
		"2w":                   {"2026-11-13T12:00:00Z", "2026-11-13T12:00:00Z"},
	} {
		var f timeFlag
		err := f.UnmarshalText([]byte(text))
		if got := [2]string{f.from(now).Format(time.RFC3339), f.to(now).Format(time.RFC3339)}; err != nil || got != want {
			t.Errorf("%s: %q, want %q, %v", text, got, want, err)
		}
	}
	for _, text := range []string{"", "soon", "-2h", "0h", "d", "-1d", "70000d", "2026-13-01"} {
		if err := new(timeFlag).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a time", text)
		}
	}
}

// TestJournalVerify: who changed a record in the store is found out by the command, and its exit code says so.
func TestJournalVerify(t *testing.T) {
	file, o := days(t)
	s := storetest.Open(t, o)
	for _, c := range []struct {
		statement string
		code      int
		holds     string
	}{
		{"SELECT 1", exitOK, `"sound": true`},
		{"UPDATE journal_records SET caller = 'somebody' WHERE seq = 6", exitFault, `"record": "1-6"`},
		{"DELETE FROM journal_records WHERE seq = 8", exitFault, `"sound": false`},
	} {
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, c.statement)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := program(t, nil, "journal", "verify", "--json", "--config", file)
		if code != c.code || !strings.Contains(stdout, c.holds) || (code == exitOK) != (stderr == "") {
			t.Errorf("%s: exit code %d, %s%s", c.statement, code, stdout, stderr)
		}
		code, stdout, _ = program(t, nil, "journal", "verify", "--config", file)
		if code != c.code || c.code == exitFault && !strings.Contains(stdout, "record 1-6: ") {
			t.Errorf("%s: exit code %d, %s", c.statement, code, stdout)
		}
	}
}
