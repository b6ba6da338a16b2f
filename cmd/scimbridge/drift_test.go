package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestDriftCommand holds the command's help, text and JSON to testdata/drift.txtar: each section is a command line, a request of a client's
// with its body behind a bar, or what another hand did to the directory (byAnother). {mara} stands for the id of whom a POST made.
func TestDriftCommand(t *testing.T) {
	directory := company(t)
	file := configuration(t, directory.URL())
	environ := []string{"USER=admin", "SCIMBRIDGE_STORE_FILE=" + filepath.Join(t.TempDir(), "store.db")}
	log, stop, ended := start(t, file, environ)
	root, _ := listening(t, log)
	ready(t, root, "ok")
	var ids []string // names and ids
	normal := normalizer{}
	golden(t, "testdata/drift.txtar", func(section string) string {
		section = strings.NewReplacer(ids...).Replace(section)
		verb, rest, _ := strings.Cut(section, " ")
		switch verb {
		case http.MethodPost, http.MethodPatch, http.MethodDelete:
			path, body, _ := strings.Cut(rest, " | ")
			answer := send(t, verb, root+path, token, body)
			var made struct{ ID, UserName string }
			if verb == http.MethodPost && json.NewDecoder(answer.Body).Decode(&made) == nil {
				ids = append(ids, "{"+made.UserName+"}", made.ID)
			}
			answer.Body.Close()
			return answer.Status + "\n"
		case "modify", "modrdn", "delete":
			byAnother(t, directory.URL(), verb, strings.Fields(rest)...)
			return ""
		}
		return prints(t, environ, file, normal.text, strings.Fields(section)...)
	})
	stop()
	<-ended
}
