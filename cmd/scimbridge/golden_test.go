package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what commands print to testdata anew")

// golden holds what is printed for each section of a file, one after the other, to what stands there, and returns it.
func golden(t *testing.T, file string, print func(section string) string) (got []txtar.File) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range archive.Files {
		got = append(got, txtar.File{Name: section.Name, Data: []byte(print(section.Name))})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: got}), 0o600); err != nil {
			t.Fatal(err)
		}
		return got
	}
	for i, section := range archive.Files {
		if diff := cmp.Diff(string(section.Data), string(got[i].Data)); diff != "" {
			t.Errorf("%s: %s: %s", file, section.Name, diff)
		}
	}
	return got
}

// prints runs a command with a configuration, and says what it prints, as normal makes it; of --help as it is.
func prints(t *testing.T, environ []string, config string, normal func(string) string, arguments ...string) string {
	t.Helper()
	help := slices.Contains(arguments, "--help")
	if !help {
		arguments = append(arguments, "--config", config)
	}
	code, stdout, stderr := program(t, environ, arguments...)
	text := stdout
	if !help {
		text = normal(strings.ReplaceAll(stdout+stderr, config, "scimbridge.yaml"))
	}
	if code != exitOK {
		text += fmt.Sprintf("exit code %d\n", code)
	}
	return text
}
