package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test[A-Z]\w*)\(`)
	namedTest    = regexp.MustCompile("`(Test[A-Z]\\w*)`")
)

// TestThreats: each line of the threat model names tests (which are there: TestNamedTests).
func TestThreats(t *testing.T) {
	model, err := os.ReadFile(filepath.Join(root, ".github", "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(model)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.Contains(line, "---") || strings.Contains(line, "| tests |") {
			continue
		}
		lines++
		named := namedTest.FindAllStringSubmatch(cells[3], -1)
		if len(named) == 0 {
			t.Errorf("no test holds it: %s", line)
		}
	}
	if lines < 10 {
		t.Errorf("the threat model has %d lines", lines)
	}
}
