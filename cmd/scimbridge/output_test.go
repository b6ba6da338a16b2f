package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWriteAll: files are written all or none, and over none that is there, unless that is wanted.
func TestWriteAll(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	holds := func(want map[string]string) {
		t.Helper()
		there, err := os.ReadDir(folder)
		if err != nil || len(there) != len(want) {
			t.Errorf("there are %v, want %v (%v)", there, want, err)
		}
		for name, text := range want {
			if got, err := os.ReadFile(at(name)); err != nil || string(got) != text {
				t.Errorf("%s holds %q, want %q (%v)", name, got, text, err)
			}
		}
	}
	if err := os.WriteFile(at("access"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := []output{{at("yaml"), "a"}, {at("access"), "b"}, {at("indexes"), "c"}}
	if err := writeAll(files, false); err == nil {
		t.Error("it was written over")
	}
	holds(map[string]string{"access": "mine"})
	if err := writeAll(files, true); err != nil {
		t.Error(err)
	}
	holds(map[string]string{"yaml": "a", "access": "b", "indexes": "c"})
	if err := writeAll([]output{{at("new"), "a"}, {filepath.Join(folder, "nowhere", "x"), "b"}}, false); err == nil {
		t.Error("a folder that is not there")
	}
	holds(map[string]string{"yaml": "a", "access": "b", "indexes": "c"})
	if err := takeName(at("yaml"), at("access")); err == nil {
		t.Error("a name that somebody took meanwhile was taken over")
	}
}
