package faults_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// smallDisk is a folder on a file system of its own, of 16 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if told, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16m", "scimbridge-faults", folder).CombinedOutput(); err != nil {
		why := strings.TrimSpace(string(told)) + " " + err.Error()
		dirtest.LeaveOutHere(t, "a full disk", why, "run the tests as root on Linux, who may mount")
	}
	t.Cleanup(func() {
		if told, err := exec.Command("umount", "--lazy", folder).CombinedOutput(); err != nil {
			t.Errorf("%s %v", told, err)
		}
	})
	return folder
}

// fillsDisk leaves no octet of the site's disk.
func (s *site) fillsDisk(t *testing.T) {
	t.Helper()
	ballast, err := os.Create(s.ballast())
	if err != nil {
		t.Fatal(err)
	}
	defer ballast.Close()
	for block := make([]byte, 1<<16); len(block) > 0; {
		if _, err := ballast.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
	s.fillsStore(t)
}

func (s *site) emptiesDisk(t *testing.T) {
	t.Helper()
	if err := os.Remove(s.ballast()); err != nil {
		t.Fatal(err)
	}
}

func (s *site) ballast() string { return filepath.Join(s.disk, "ballast") }
