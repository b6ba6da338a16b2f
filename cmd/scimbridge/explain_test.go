package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"scimbridge/ldapmap/ldif"
)

// requests are the files that TestExplainCommand explains; {mara} stands for an id.
var requests = map[string]string{
	"create.http": `POST /scim/v2/Users?attributes=userName HTTP/1.1
Host: scim.corp.example
Authorization: Bearer pasted-by-mistake

{"userName": "anna", "displayName": "Anna Holm", "password": "Correct-Horse-7", "nickName": "An"}
`,
	"patch.http": `PATCH /Users/{mara}

{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
  {"op": "Replace", "path": "userName", "value": "mara.lind"}, {"op": "Add", "value": {"displayName": "Mara Lind"}}]}
`,
	"delete.http":    "DELETE /Users/{mara}\n",
	"protected.http": "DELETE /Users/{boss}\n",
	"bulk.http": `POST /Bulk

{"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "failOnErrors": 1, "Operations": [
  {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "anna"}},
  {"method": "PATCH", "path": "/Users/bulkId:a", "data": {"Operations": [{"op": "add", "path": "displayName", "value": "Anna"}]}}]}
`,
	"faulty.http":  "POST\n",
	"unknown.http": "GET /Nothing\n",
	"query.http":   "GET /Users?filter=userName+eq+%22mara%22&attributes=userName HTTP/1.1\n",
}

var (
	aCSN      = regexp.MustCompile(`\d{14}\.\d{6}Z#`)
	aFraction = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z`)
)

// TestExplainCommand holds the command's help, text and JSON to testdata/explain.txtar. Nothing is written, to the directory or the store.
func TestExplainCommand(t *testing.T) {
	named := func(name string) (all []ldif.Attribute) {
		for _, attribute := range []string{"uid", "cn", "sn"} {
			all = append(all, ldif.Attribute{Name: attribute, Values: []string{name}})
		}
		return all
	}
	directory := company(t, entry("uid=mara,ou=people,dc=example,dc=org", "inetOrgPerson", named("mara")...),
		entry("uid=boss,ou=people,dc=example,dc=org", "inetOrgPerson", named("boss")...))
	file := configuration(t, directory.URL())
	folder := t.TempDir()
	environ := []string{
		"USER=admin", "SCIMBRIDGE_STORE_FILE=" + filepath.Join(folder, "store.db"),
		"SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_3_SCIM=password", "SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_3_LDAP=userPassword",
		"SCIMBRIDGE_GUARD_PROTECTED_0=uid=boss,ou=people,dc=example,dc=org",
	}
	log, stop, ended := start(t, file, environ) // which makes the store
	root, _ := listening(t, log)
	ready(t, root, "ok")
	stop()
	<-ended
	replace := []string{file, "scimbridge.yaml"}
	for _, e := range directory.Entries() {
		for _, name := range []string{"mara", "boss"} {
			if e.Value("uid") == name {
				replace = append(replace, "{"+name+"}", e.Value("entryUUID"))
			}
		}
	}
	given := strings.NewReplacer(replace...)
	for name, text := range requests {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(given.Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	normal := normalizer{}
	golden(t, "testdata/explain.txtar", func(section string) string {
		section, input, _ := strings.Cut(section, " < ")
		standardInput(t, folder, input)
		arguments := strings.Fields(section)
		for i, argument := range arguments {
			if requests[argument] != "" {
				arguments[i] = filepath.Join(folder, argument)
			}
		}
		got := prints(t, environ, file, normal.text, arguments...)
		if strings.Contains(got, "Correct-Horse") {
			t.Errorf("%s shows a password", section)
		}
		got = aCSN.ReplaceAllString(got, "20261127120000.000000Z#")
		got = aFraction.ReplaceAllString(got, "2026-11-27T12:00:00.000000Z")
		return strings.NewReplacer(folder+"/", "", file, "scimbridge.yaml").Replace(got)
	})
	if done := directory.Operations(); len(done) > 0 {
		t.Errorf("%d operations were done: %s", len(done), done[0])
	}
	if code, listed, stderr := program(t, environ, "journal", "list", "--json", "--config", file); code != exitOK ||
		strings.Contains(listed, "Users") || strings.Contains(listed, `"create"`) {
		t.Errorf("the journal has %s%s", listed, stderr)
	}
}

// standardInput has the program find the file of the folder in its standard input; "": nothing.
func standardInput(t *testing.T, folder, name string) {
	t.Helper()
	file, err := os.Open(filepath.Join(folder, name))
	if name == "" {
		file, err = os.Open(os.DevNull)
	}
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = file
	t.Cleanup(func() {
		os.Stdin = before
		file.Close()
	})
}
