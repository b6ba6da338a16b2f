package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// operation is what makes a file an operation's: it answers a request, or looks for those that do.
var operation = regexp.MustCompile(`(?m)^func (\(b \*Bridge\) [A-Z]\w*\(ctx context\.Context, c Call,|.* look\(.*\) \(s seen, err error\))`)

// TestIntentsAreShort: an operation's file reads as its intent in one look, so it stays under 60 lines.
func TestIntentsAreShort(t *testing.T) {
	files, err := filepath.Glob("../../bridge/*.go")
	if err != nil {
		t.Fatal(err)
	}
	intents := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !operation.Match(text) {
			continue
		}
		intents++
		if lines := bytes.Count(text, []byte("\n")); lines >= 60 {
			t.Errorf("%s has %d lines, want under 60", filepath.Base(file), lines)
		}
	}
	if intents != 11 {
		t.Errorf("found %d intents, want create, get, query, replace, patch, delete, bulk, update, completion, link and undo", intents)
	}
}
