package main_test

import (
	"strings"
	"testing"
)

// TestNamedTests: each test that a page names is there, and each policy that may surprise names a test or an exchange that holds it (that
// links lead somewhere is TestLinks).
func TestNamedTests(t *testing.T) {
	there := map[string]bool{}
	eachGoFile(t, func(name, source string) {
		if strings.HasSuffix(name, "_test.go") {
			for _, found := range testFunction.FindAllStringSubmatch(source, -1) {
				there[found[1]] = true
			}
		}
	})
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
