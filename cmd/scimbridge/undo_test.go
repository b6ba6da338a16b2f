package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/memdir"
)

var (
	aUUID    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	aRecord  = regexp.MustCompile(`(by |"by": ")(\d+-\d+)`)
	aVersion = regexp.MustCompile(`version=[^\s\\]+`)
	aSecond  = regexp.MustCompile(`\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\dZ`)
)

// TestUndoCommand holds the command's help, text and JSON to testdata/undo.txtar: each section is a command line, `POST`, `PATCH` and
// `DELETE` of a user with its body behind a bar, or `modify` with a DN, an attribute and its values, by another hand.
func TestUndoCommand(t *testing.T) {
	d := newOffice(t)
	users := map[string]string{} // ids by name
	normal := normalizer{}
	golden(t, "testdata/undo.txtar", func(section string) string {
		verb, rest, _ := strings.Cut(section, " ")
		switch verb {
		case http.MethodPost, http.MethodPatch, http.MethodDelete:
			name, body, _ := strings.Cut(rest, " | ")
			path := "/Users"
			if id := users[name]; id != "" {
				path += "/" + id
			}
			answer := send(t, verb, d.root+path, token, body)
			var made struct{ ID string }
			if verb == http.MethodPost && json.NewDecoder(answer.Body).Decode(&made) == nil {
				users[name] = made.ID
			}
			answer.Body.Close()
			return answer.Status + "\n"
		case "modify":
			byAnother(t, d.directory.URL(), verb, strings.Fields(rest)...)
			return ""
		}
		arguments := strings.Fields(strings.TrimPrefix(section, "undo"))
		return prints(t, d.environ, d.file, normal.text, append([]string{"undo"}, arguments...)...)
	})
	d.stop()
	<-d.ended
}

// byAnother changes a directory by another hand: `modify` with a DN, an attribute and its values, `modrdn` with a DN and another RDN,
// `delete`.
func byAnother(t *testing.T, url, verb string, fields ...string) {
	t.Helper()
	conn, err := ldap.DialURL(url)
	if err == nil {
		err = conn.Bind("cn=admin,dc=example,dc=org", "secret")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	switch verb {
	case "modify":
		request := ldap.NewModifyRequest(fields[0], nil)
		request.Replace(fields[1], fields[2:])
		err = conn.Modify(request)
	case "modrdn":
		err = conn.ModifyDN(ldap.NewModifyDNRequest(fields[0], fields[1], true, ""))
	case "delete":
		err = conn.Del(ldap.NewDelRequest(fields[0], nil))
	}
	if err != nil {
		t.Fatalf("%s %q: %v", verb, fields, err)
	}
}

// TestUndoIsReadNoMore: whoever has read enough of what is taken back closes it, as head does. All is taken back all the same.
func TestUndoIsReadNoMore(t *testing.T) {
	d := newOffice(t)
	before := len(d.directory.Entries())
	for _, name := range []string{"mara", "noor", "omar"} {
		answer := send(t, http.MethodPost, d.root+"/Users", token, `{"userName":"`+name+`"}`)
		if answer.Body.Close(); answer.StatusCode != http.StatusCreated {
			t.Fatal(answer.Status)
		}
	}
	d.stop()
	<-d.ended
	undo := exec.CommandContext(t.Context(), os.Args[0])
	undo.Env = slices.Concat(os.Environ(), d.environ,
		[]string{programVariable + "=undo --config " + d.file + " --since 2h --caller token --apply"})
	out, err := undo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var removed atomic.Int32
	d.directory.Fault(func(op, _ string) memdir.Fault {
		if op == "delete" && removed.Add(1) == 1 {
			out.Close()
		}
		return memdir.Fault{}
	})
	if err := undo.Run(); err != nil {
		t.Error(err)
	}
	if now := len(d.directory.Entries()); removed.Load() != 3 || now != before {
		t.Errorf("%d were removed; there are %d entries, and were %d", removed.Load(), now, before)
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
