package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestIntentsAreShort: a file that says what a write wants is read in one look, so it stays under 60 lines.
func TestIntentsAreShort(t *testing.T) {
	files, err := filepath.Glob("../../bridge/*.go")
	if err != nil {
		t.Fatal(err)
	}
	intents := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("seen) (draft.Write, error) {")) {
			continue
		}
		intents++
		if lines := bytes.Count(text, []byte("\n")); lines >= 60 {
			t.Errorf("%s has %d lines, want under 60", filepath.Base(file), lines)
		}
	}
	if intents < 4 {
		t.Errorf("found %d intents, want create, replace, patch and delete", intents)
	}
}
