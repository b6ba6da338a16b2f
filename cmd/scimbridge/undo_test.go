package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var updateUndo = flag.Bool("update-undo", false, "write testdata/undo.txtar anew")

var (
	aUUID    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	aRecord  = regexp.MustCompile(`(by |"by": ")(\d+-\d+)`)
	aVersion = regexp.MustCompile(`version=[^\s\\]+`)
	aSecond  = regexp.MustCompile(`\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\dZ`)
)

// TestUndoCommand holds the command's help, text and JSON to testdata/undo.txtar: each section is a command line, `POST`, `PATCH` and
// `DELETE` of a user with its body behind a bar, or `modify` with a DN, an attribute and its values, by another hand.
func TestUndoCommand(t *testing.T) {
	const golden = "testdata/undo.txtar"
	archive, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	directory := company(t)
	file := configuration(t, directory.URL())
	environ := []string{"USER=admin", "SCIMBRIDGE_STORE_FILE=" + filepath.Join(t.TempDir(), "store.db")}
	log, stop, ended := start(t, file, environ)
	root, _ := listening(t, log)
	ready(t, root, "ok")
	users := map[string]string{} // ids by name
	var got []txtar.File
	normal := normalizer{}
	for _, section := range archive.Files {
		text := ""
		verb, rest, _ := strings.Cut(section.Name, " ")
		switch verb {
		case http.MethodPost, http.MethodPatch, http.MethodDelete:
			name, body, _ := strings.Cut(rest, " | ")
			path := "/Users"
			if id := users[name]; id != "" {
				path += "/" + id
			}
			answer := send(t, verb, root+path, token, body)
			var made struct{ ID string }
			if verb == http.MethodPost && json.NewDecoder(answer.Body).Decode(&made) == nil {
				users[name] = made.ID
			}
			answer.Body.Close()
			text = answer.Status + "\n"
		case "modify":
			fields := strings.Fields(rest)
			conn, err := ldap.DialURL(directory.URL())
			if err == nil {
				err = conn.Bind("cn=admin,dc=example,dc=org", "secret")
			}
			if err == nil {
				request := ldap.NewModifyRequest(fields[0], nil)
				request.Replace(fields[1], fields[2:])
				err = conn.Modify(request)
			}
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
		default:
			arguments := append([]string{"undo"}, strings.Fields(strings.TrimPrefix(section.Name, "undo"))...)
			help := strings.Contains(section.Name, "--help")
			if !help {
				arguments = append(arguments, "--config", file)
			}
			code, stdout, stderr := program(t, environ, arguments...)
			text = stdout
			if !help {
				text = normal.text(stdout + stderr)
			}
			if code != exitOK {
				text += fmt.Sprintf("exit code %d\n", code)
			}
		}
		got = append(got, txtar.File{Name: section.Name, Data: []byte(text)})
	}
	stop()
	<-ended
	if *updateUndo {
		if err := os.WriteFile(golden, txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: got}), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	for i, section := range archive.Files {
		if diff := cmp.Diff(string(section.Data), string(got[i].Data)); diff != "" {
			t.Errorf("%s: %s", section.Name, diff)
		}
	}
}

// TestUndoOfHostileNames: what clients and directories say reaches no terminal as more than a text.
func TestUndoOfHostileNames(t *testing.T) {
	const hostile = "\x1b[2J\u009bK\u202e\r\nx"
	shown := undoneJSON{
		Request: hostile, Caller: hostile, Operation: "patch", Type: "User", ID: hostile, Name: hostile, Did: hostile, Undo: hostile,
		LDIF: "dn: cn=\x1b[2J\n", NewID: hostile, Changed: []string{hostile}, Notes: []string{hostile}, Error: hostile,
	}
	var text, asJSON strings.Builder
	shown.print(&text)
	if err := printJSON(&asJSON, shown); err != nil {
		t.Fatal(err)
	}
	var back undoneJSON
	if err := json.Unmarshal([]byte(asJSON.String()), &back); err != nil || back.Name != hostile {
		t.Errorf("%q, %v", back.Name, err)
	}
	for _, got := range []string{text.String(), asJSON.String()} {
		if strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) || strings.Contains(got, "\nx") {
			t.Errorf("a terminal obeys %q", got)
		}
	}
}

// normalizer takes what differs from run to run out of an output.
type normalizer map[string]string

func (n normalizer) text(output string) string {
	output = aUUID.ReplaceAllStringFunc(output, func(id string) string { return n.stands("id", id) })
	output = aVersion.ReplaceAllString(output, "version=…")
	output = aSecond.ReplaceAllString(output, "2026-11-27${1}12:00:00Z")
	return aRecord.ReplaceAllStringFunc(output, func(by string) string {
		said := aRecord.FindStringSubmatch(by)
		return said[1] + n.stands("undo", said[2])
	})
}

// stands numbers what is of a kind by its first appearance.
func (n normalizer) stands(kind, text string) string {
	if n[text] == "" {
		count := 1
		for _, known := range n {
			if strings.HasPrefix(known, kind) {
				count++
			}
		}
		n[text] = fmt.Sprintf("%s#%d", kind, count)
	}
	return n[text]
}
