package main_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNamedTests: each test that a page names is there, and each policy that may surprise names a test or an exchange that holds it (that
// links lead somewhere is TestLinks).
func TestNamedTests(t *testing.T) {
	there := testsThere(t)
	pages := pages(t)
	for name, text := range pages {
		for _, found := range namedTest.FindAllStringSubmatch(text, -1) {
			if !there[found[1]] {
				t.Errorf("%s: there is no %s", name, found[1])
			}
		}
	}
	const page = "bridge/README.md"
	_, policies, found := strings.Cut(pages[page], "\n## Policies that surprise\n")
	policies, _, ends := strings.Cut(policies, "\n## ")
	if !found || !ends {
		t.Fatalf("%s has no policies", page)
	}
	rows := 0
	for line := range strings.Lines(policies) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		last := strings.TrimSpace(cells[len(cells)-1])
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| **") || strings.HasPrefix(line, "|---") || last == "held by" {
			continue
		}
		rows++
		if !strings.Contains(last, ".txtar)") && !namedTest.MatchString(last) {
			t.Errorf("nothing holds it: %s", line)
		}
	}
	if rows < 20 {
		t.Errorf("%d policies", rows)
	}
}

// testsThere are the names of all tests.
func testsThere(t *testing.T) map[string]bool {
	t.Helper()
	there := map[string]bool{}
	eachGoFile(t, func(name, source string) {
		if strings.HasSuffix(name, "_test.go") {
			for _, found := range testFunction.FindAllStringSubmatch(source, -1) {
				there[found[1]] = true
			}
		}
	})
	return there
}

// playedPages are those whose commands a test of theirs (TestTryIt) runs as they stand.
var playedPages = []string{"examples/openldap/README.md", "examples/active-directory/README.md"}

// ranBy are README's other commands: the test that runs each, or what stands in a test's way.
var ranBy = map[string]string{
	"go run ./cmd/scimbridge demo": "TestProgramPrints", // demo --once
	"make test":                    "it is what runs the tests",
	"export SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=… SCIMBRIDGE_ACCESS_TOKEN=…":                      "the secrets are the reader's",
	"go run ./cmd/scimbridge check --config examples/active-directory/scimbridge.yaml --connect": "TestCheckInADomain",
	"go test ./examples -run TestExchanges/memory -update":                                       "it writes what a test compares",
	"go test ./examples -run TestExchanges/openldap -update":                                     "it writes what a test compares",
}

// TestCommands: each command that README shows is run by a test, or it is known why by none.
func TestCommands(t *testing.T) {
	pages := pages(t)
	played := map[string]bool{}
	for _, name := range playedPages {
		for _, command := range commands(pages[name]) {
			played[command] = true
		}
	}
	shown, there := commands(pages["README.md"]), testsThere(t)
	for _, command := range shown {
		if !played[command] && ranBy[command] == "" {
			t.Errorf("no test runs it: %s", command)
		}
	}
	for command, test := range ranBy {
		if !slices.Contains(shown, command) {
			t.Errorf("README does not show it: %s", command)
		}
		if strings.HasPrefix(test, "Test") && !there[test] {
			t.Errorf("there is no %s", test)
		}
	}
}

// commands are the lines of the page's blocks of commands, without what stands behind them.
func commands(page string) (lines []string) {
	shell := false
	for line := range strings.Lines(page) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "```"):
			shell = line == "```sh"
		case shell && line != "":
			line, _, _ = strings.Cut(line, "   #")
			lines = append(lines, strings.TrimSuffix(strings.TrimSpace(line), " &"))
		}
	}
	return lines
}

// TestPicture: README's picture is well formed, has words for who does not see it, and other colours in the dark.
func TestPicture(t *testing.T) {
	picture, err := os.ReadFile(filepath.Join(root, ".github", "flow.svg"))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	decoder := xml.NewDecoder(bytes.NewReader(picture))
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if element, is := token.(xml.StartElement); is {
			there[element.Name.Local] = true
		}
	}
	if !there["title"] || !there["desc"] || !bytes.Contains(picture, []byte("prefers-color-scheme: dark")) {
		t.Error("the picture lacks title, desc or its colours in the dark")
	}
}
