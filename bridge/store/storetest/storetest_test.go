package storetest

import (
	"database/sql"
	"testing"
)

// TestLock: nobody else writes until it is let go.
func TestLock(t *testing.T) {
	o := SQLite(t)
	Open(t, o)
	other, err := sql.Open("sqlite", "file:"+o.File)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	begin := func() error {
		conn, err := other.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err == nil {
			_, err = conn.ExecContext(t.Context(), "ROLLBACK")
		}
		return err
	}
	unlock := Lock(t, o)
	if begin() == nil {
		t.Error("another writes meanwhile")
	}
	unlock()
	if err := begin(); err != nil {
		t.Error(err)
	}
}
