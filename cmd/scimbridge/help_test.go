package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/txtar"

	"scimbridge/bridge/release"
)

// grammar is the program's, of which nothing is run.
func grammar(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := kong.New(new(commandLine), kong.Name("scimbridge"), kong.Writers(io.Discard, io.Discard),
		kong.Exit(func(int) { panic("the grammar is only read") }), kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

// eachCommand hands over the program, each command, and each group of them, with its words.
func eachCommand(t *testing.T, one func(words []string, n *kong.Node)) {
	t.Helper()
	var walk func(words []string, n *kong.Node)
	walk = func(words []string, n *kong.Node) {
		one(words, n)
		for _, child := range n.Children {
			walk(append(slices.Clone(words), child.Name), child)
		}
	}
	walk(nil, grammar(t).Model.Node)
}

// anExample is a line that could be typed.
var anExample = regexp.MustCompile(`(?m)^ +(scimbridge .*)$`)

// TestHelpHasAnExample: each command's, each group's and the program's own --help shows a line that can be typed, and is right.
func TestHelpHasAnExample(t *testing.T) {
	commands := 0
	eachCommand(t, func(words []string, n *kong.Node) {
		commands++
		code, text, _ := program(t, nil, append(slices.Clone(words), "--help")...)
		_, rest, said := strings.Cut(text, "\nExample")
		rest, _, _ = strings.Cut(rest, "\nFlags:")
		examples := anExample.FindAllStringSubmatch(rest, -1)
		if code != exitOK || !said || len(examples) == 0 {
			t.Errorf("scimbridge %s --help has no example: %s", strings.Join(words, " "), text)
		}
		for _, example := range examples {
			typed, _, _ := strings.Cut(example[1], " > ")
			arguments := strings.Fields(typed)[1:]
			if len(arguments) < len(words) || !slices.Equal(arguments[:len(words)], words) {
				t.Errorf("scimbridge %s --help shows another: %s", strings.Join(words, " "), typed)
			}
			if _, err := grammar(t).Parse(arguments); err != nil {
				t.Errorf("%s: %v", typed, err)
			}
		}
	})
	if commands < 18 {
		t.Errorf("%d commands were looked at", commands)
	}
}

// goldens are the files in which commands stand, and the words before what their sections name.
var goldens = map[string][]string{
	"program.txtar": nil, "undo.txtar": nil, "explain.txtar": nil, "token.txtar": {"token"}, "hold.txtar": {"hold"},
	"journal.txtar": {"journal"}, "forget.txtar": {"journal"}, "check.txtar": nil, "drift.txtar": nil,
	"init.txtar": nil, "replay.txtar": nil, "preview.txtar": nil,
}

// TestCommandsAreGolden: what each command prints stands in a golden: its help, its text, and its JSON where it has any.
func TestCommandsAreGolden(t *testing.T) {
	shown := map[string]bool{} // command and form
	for file, before := range goldens {
		archive, err := txtar.ParseFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range archive.Files {
			arguments := append(slices.Clone(before), strings.Fields(section.Name)...)
			eachCommand(t, func(words []string, n *kong.Node) {
				if len(arguments) < len(words) || !slices.Equal(arguments[:len(words)], words) || len(section.Data) == 0 {
					return
				}
				rest, form := arguments[len(words):], "text"
				if len(rest) > 0 && slices.ContainsFunc(n.Children, func(c *kong.Node) bool { return c.Name == rest[0] }) {
					return
				}
				for _, flag := range []string{"--help", "--json", "--csv"} {
					if slices.Contains(rest, flag) {
						form = flag
					}
				}
				shown[strings.Join(words, " ")+" "+form] = true
			})
		}
	}
	eachCommand(t, func(words []string, n *kong.Node) {
		forms := []string{"--help"}
		if len(n.Children) == 0 {
			forms = append(forms, "text")
		}
		for _, flag := range n.Flags {
			if flag.Name == "json" || flag.Name == "csv" {
				forms = append(forms, "--"+flag.Name)
			}
		}
		for _, form := range forms {
			name := strings.Join(words, " ")
			// What serve prints is its log, and what config prints is held to what it is made from by the tests of package config.
			if !shown[name+" "+form] && !(form == "text" && (name == "serve" || name == "config")) {
				t.Errorf("scimbridge %s: no golden of its %s", name, form)
			}
		}
	})
}

var (
	aPort  = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	aState = regexp.MustCompile(`version=\S+`)
)

// TestProgramPrints holds what the program prints that has no store to testdata/program.txtar.
func TestProgramPrints(t *testing.T) {
	faulty := filepath.Join(t.TempDir(), "faulty.yaml")
	if err := os.WriteFile(faulty, []byte("listen: {adress: x}\nlog: {level: loud}\nresources: [{type: User}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"scimbridge.yaml": configuration(t, "ldap://localhost"), "faulty.yaml": faulty}
	golden(t, "testdata/program.txtar", func(section string) string {
		arguments := strings.Fields(section)
		for i, argument := range arguments {
			if file, is := files[argument]; is {
				arguments[i] = file
			}
		}
		code, stdout, stderr := program(t, nil, arguments...)
		text := stdout + stderr
		if code != exitOK {
			text += fmt.Sprintf("exit code %d\n", code)
		}
		for name, file := range files {
			text = strings.ReplaceAll(text, file, name)
		}
		text = strings.ReplaceAll(text, "scimbridge "+release.Read().String(), "scimbridge VERSION")
		text = aState.ReplaceAllString(aPort.ReplaceAllString(text, "127.0.0.1:PORT"), "version=VERSION")
		ids := map[string]string{}
		return aUUID.ReplaceAllStringFunc(text, func(id string) string {
			if ids[id] == "" {
				ids[id] = fmt.Sprintf("00000000-0000-0000-0000-%012d", len(ids)+1)
			}
			return ids[id]
		})
	})
}
