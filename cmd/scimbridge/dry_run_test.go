package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scimbridge/ldapmap/ldif"
)

// TestDryRun: requests are answered as if they were done, the directory is left as it is, and journal and log say that it was a dry run.
// The webhook tells nobody of it, and no limit counts it: what is done afterwards is told, and counted from the first.
func TestDryRun(t *testing.T) {
	person := func(name string) *ldif.Entry {
		return entry("uid="+name+",ou=people,dc=example,dc=org", "inetOrgPerson",
			ldif.Attribute{Name: "uid", Values: []string{name}}, ldif.Attribute{Name: "cn", Values: []string{name}},
			ldif.Attribute{Name: "sn", Values: []string{name}})
	}
	directory := company(t, person("anna"), person("bo"))
	ids := map[string]string{}
	for _, e := range directory.Entries() {
		ids[e.Value("uid")] = e.Value("entryUUID")
	}
	file := configuration(t, directory.URL())
	posted := make(chan string, 9)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body) // it is what it is
		posted <- string(text)
	}))
	defer receiver.Close()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{
		"SCIMBRIDGE_STORE_FILE=" + filepath.Join(t.TempDir(), "store.db"), "SCIMBRIDGE_WEBHOOK_URL=" + receiver.URL,
		"SCIMBRIDGE_WEBHOOK_KEYFILE=" + key, "SCIMBRIDGE_WEBHOOK_EVENTS=created,deleted,refused",
		"SCIMBRIDGE_GUARD_LIMITS_0_EFFECT=deleted", "SCIMBRIDGE_GUARD_LIMITS_0_MOST=1",
	}
	log, stop, ended := start(t, file, environ, "--dry-run")
	root, lines := listening(t, log)
	ready(t, root, "ok")
	ask := func(method, path, body string, want int) (made struct{ ID, UserName string }) {
		t.Helper()
		answer := send(t, method, root+path, token, body)
		defer answer.Body.Close()
		_ = json.NewDecoder(answer.Body).Decode(&made)
		if answer.StatusCode != want {
			t.Errorf("%s %s: %s", method, path, answer.Status)
		}
		return made
	}
	made := ask(http.MethodPost, "/Users", `{"userName":"mara"}`, 201)
	if made.UserName != "mara" || made.ID == "" {
		t.Errorf("%+v", made)
	}
	ask(http.MethodGet, "/Users/"+made.ID, "", 404) // nobody is there
	ask(http.MethodPost, "/Users", `{"userName":"mara"}`, 201)
	ask(http.MethodPost, "/Users", `{"userName":""}`, 400)
	ask(http.MethodDelete, "/Users/"+ids["anna"], "", 204)
	ask(http.MethodDelete, "/Users/"+ids["bo"], "", 204)
	stop()
	<-ended
	if done := directory.Operations(); len(done) > 0 {
		t.Errorf("%d operations were done: %s", len(done), done[0])
	}
	told := map[string]int{}
	for line := range lines {
		for _, text := range []string{"dry run: nothing is sent", "dry_run", "written", `"effects"`} {
			if strings.Contains(line, text) {
				told[text]++
			}
		}
	}
	if told["dry run: nothing is sent"] != 4 || told["dry_run"] < 4 || told["written"]+told[`"effects"`] > 0 {
		t.Errorf("the log tells %v", told)
	}
	_, listed, _ := program(t, environ, "journal", "list", "--json", "--config", file)
	planned, all := 0, 0
	for line := range strings.Lines(listed) {
		var record struct{ Result, Why string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err, line)
		}
		if record.Why != "dry run" || record.Result != "not sent" && record.Result != "refused" {
			t.Errorf("%s", line)
		}
		if all++; record.Result == "not sent" {
			planned++
		}
	}
	if planned != 4 || all != 5 {
		t.Errorf("the journal has %d records, %d of them of what was foreseen: %s", all, planned, listed)
	}

	log, stop, ended = start(t, file, environ)
	root, _ = listening(t, log)
	ready(t, root, "ok")
	ask(http.MethodDelete, "/Users/"+ids["anna"], "", 204)
	first := <-posted
	ask(http.MethodDelete, "/Users/"+ids["bo"], "", 503) // which the limit holds
	second := <-posted
	stop()
	<-ended
	if strings.Contains(first+second, "mara") || !strings.Contains(first, "anna") || !strings.Contains(second, "bo") || len(posted) > 0 {
		t.Errorf("the webhook was told %s and %s", first, second)
	}
}
