package dirtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Lock has a slapadd that got stuck hold the lock of slapd's database: what is read is answered, and changes wait until unlock.
func (s *Server) Lock(t testing.TB) (unlock func()) {
	t.Helper()
	folder := t.TempDir()
	stuck := filepath.Join(folder, "entries.ldif")
	if err := syscall.Mkfifo(stuck, 0o600); err != nil {
		t.Fatal(err)
	}
	entries, err := os.OpenFile(stuck, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { entries.Close() })
	if _, err := fmt.Fprintf(entries, "dn: cn=stuck,%s\nobjectClass: device\ncn: stuck\n\n", s.Suffix); err != nil {
		t.Fatal(err)
	}
	p := &process{
		dir: folder, program: filepath.Join(filepath.Dir(s.own().program), "slapadd"),
		args: []string{"-q", "-v", "-b", s.Suffix, "-f", filepath.Join(s.Folder(), "slapd.conf"), "-l", stuck},
	}
	p.ready = func() error {
		if !strings.Contains(p.log(), "added: ") {
			return errors.New("it has added nothing yet")
		}
		return nil
	}
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p.kill
}
