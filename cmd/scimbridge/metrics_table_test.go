package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var aLabel = regexp.MustCompile(`([a-z_]+)="`)

// TestMetricsTable holds the table of metrics in bridge/admin/README.md to what the program tells (TestMetrics).
func TestMetricsTable(t *testing.T) {
	told, err := os.ReadFile(filepath.Join("testdata", "metrics.txt"))
	if err != nil {
		t.Fatal(err)
	}
	const head = "| metric | labels | what it is |\n|---|---|---|\n"
	table := head
	name, help, labels := "", "", []string{}
	row := func() {
		if name != "" {
			table += "| `" + name + "` | " + strings.Join(labels, ", ") + " | " + help + " |\n"
		}
	}
	for line := range strings.Lines(string(told)) {
		if text, is := strings.CutPrefix(strings.TrimSpace(line), "# HELP "); is {
			row()
			name, help, _ = strings.Cut(text, " ")
			labels = nil
		}
		if strings.HasPrefix(line, "#") || labels != nil {
			continue
		}
		for _, label := range aLabel.FindAllStringSubmatch(line, -1) {
			if label[1] != "le" {
				labels = append(labels, "`"+label[1]+"`")
			}
		}
	}
	row()
	page := filepath.Join("..", "..", "bridge", "admin", "README.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, there := strings.Cut(string(text), head)
	_, after, ended := strings.Cut(rest, "|\n\n")
	if !there || !ended {
		t.Fatalf("%s has no table of metrics", page)
	}
	want := before + table + "\n" + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
}
