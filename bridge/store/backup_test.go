package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"scimbridge/bridge/store/storetest"
)

// TestBackup: what README says of copies of the SQLite file holds.
func TestBackup(t *testing.T) {
	o := storetest.SQLite(t)
	s, err := storetest.Opened(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	shelf(t, s)
	copied := filepath.Join(t.TempDir(), "backup.db")
	another, err := sql.Open("sqlite", o.File) // as the program sqlite3 does
	if err != nil {
		t.Fatal(err)
	}
	defer another.Close()
	if _, err := another.Exec("VACUUM INTO '" + copied + "'"); err != nil {
		t.Fatal(err)
	}
	if err := another.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, s, "INSERT INTO book (title) VALUES ('second')")
	for _, file := range []string{o.File, o.File + "-wal", o.File + "-shm"} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v: others may read it", file, info.Mode())
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	beside, err := filepath.Glob(o.File + "-*")
	if err != nil || len(beside) != 0 {
		t.Errorf("a store that is closed is not one file: there are %q", beside)
	}
	for file, want := range map[string]string{copied: "first", o.File: "first second"} {
		o.File = file
		if got := titles(t, storetest.Open(t, o)); got != want {
			t.Errorf("%s holds %q, want %q", filepath.Base(file), got, want)
		}
	}
}
