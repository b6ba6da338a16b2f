package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestDriftCommand holds the command's help, text and JSON to testdata/drift.txtar: each section is a command line, a request of a client's
// with its body behind a bar, or what another hand did to the directory (byAnother). {mara} stands for the id of whom a POST made.
func TestDriftCommand(t *testing.T) {
	d := newOffice(t)
	var ids []string // names and ids
	normal := normalizer{}
	golden(t, "testdata/drift.txtar", func(section string) string {
		section = strings.NewReplacer(ids...).Replace(section)
		verb, rest, _ := strings.Cut(section, " ")
		switch verb {
		case http.MethodPost, http.MethodPatch, http.MethodDelete:
			path, body, _ := strings.Cut(rest, " | ")
			answer := send(t, verb, d.root+path, token, body)
			var made struct{ ID, UserName string }
			if verb == http.MethodPost && json.NewDecoder(answer.Body).Decode(&made) == nil {
				ids = append(ids, "{"+made.UserName+"}", made.ID)
			}
			answer.Body.Close()
			return answer.Status + "\n"
		case "modify", "modrdn", "delete":
			byAnother(t, d.directory.URL(), verb, strings.Fields(rest)...)
			return ""
		}
		return prints(t, d.environ, d.file, normal.text, strings.Fields(section)...)
	})
	d.stop()
	<-d.ended
}
