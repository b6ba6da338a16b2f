package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestDryRun: requests are answered as if they were done, the directory is left as it is, and journal and log say that it was a dry run.
func TestDryRun(t *testing.T) {
	directory := company(t)
	file := configuration(t, directory.URL())
	environ := []string{"SCIMBRIDGE_STORE_FILE=" + filepath.Join(t.TempDir(), "store.db")}
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
	if told["dry run: nothing is sent"] != 2 || told["dry_run"] < 4 || told["written"]+told[`"effects"`] > 0 {
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
	if planned != 2 || all != 3 {
		t.Errorf("the journal has %d records, %d of them of what was foreseen: %s", all, planned, listed)
	}
}
