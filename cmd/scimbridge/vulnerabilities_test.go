package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVulnerabilities: a finding fails, and so does what else is wrong; a database that cannot be asked is told.
func TestVulnerabilities(t *testing.T) {
	for name, c := range map[string]struct {
		says string // govulncheck
		code string
		want int
	}{
		"nothing is found":                    {"No vulnerabilities found.", "0", 0},
		"one is found":                        {"Vulnerability #1: GO-2026-0000", "3", 3},
		"no database":                         {"govulncheck: fetching vulnerabilities: dial tcp: no such host", "1", 0},
		"no packages":                         {"govulncheck: loading packages: no such folder", "1", 1},
		"one is found that is about fetching": {"Vulnerability #1: fetching vulnerabilities: x", "3", 3},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			script := "#!/bin/sh\necho '" + c.says + "' >&2\nexit " + c.code + "\n"
			if err := os.WriteFile(filepath.Join(folder, "go"), []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			check := exec.Command(filepath.Join(root, ".ci", "vulnerabilities"))
			check.Env = append(os.Environ(), "PATH="+folder+string(os.PathListSeparator)+os.Getenv("PATH"))
			var said bytes.Buffer
			check.Stdout, check.Stderr = &said, &said
			_ = check.Run() // the exit code tells
			if got := check.ProcessState.ExitCode(); got != c.want || c.code != "0" && !strings.Contains(said.String(), c.says) {
				t.Errorf("exit code %d, want %d: %s", got, c.want, &said)
			}
		})
	}
}
