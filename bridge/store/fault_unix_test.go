//go:build unix

package store_test

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

const nobody = 65534

func init() {
	becomeNobody = func() error {
		if os.Geteuid() != 0 {
			return nil
		}
		return errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody))
	}
}

// TestFileRights: a file or a folder that may not be written is told as that, and used when it may be.
func TestFileRights(t *testing.T) {
	for name, c := range map[string]struct {
		folder, file fs.FileMode // 0: there is no file
	}{
		"a file of others'":           {0o700, 0o400},
		"a file that may not be read": {0o700, 0o200},
		"a folder without the file":   {0o500, 0},
		"a folder with it":            {0o500, 0o600},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := store.Options{File: filepath.Join(t.TempDir(), "store.db")}
			folder := filepath.Dir(o.File)
			if c.file != 0 {
				if err := storetest.Open(t, o).Close(); err != nil {
					t.Fatal(err)
				}
			}
			become := func(folderMode, fileMode fs.FileMode) {
				t.Helper()
				err := os.Chmod(folder, folderMode)
				if err == nil && fileMode != 0 {
					err = os.Chmod(o.File, fileMode)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if os.Geteuid() == 0 {
				err := errors.Join(os.Chmod(filepath.Dir(folder), 0o755), os.Chown(folder, nobody, nobody))
				if c.file != 0 {
					err = errors.Join(err, os.Chown(o.File, nobody, nobody))
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			become(c.folder, c.file)
			child := player(self(t), "tries", o)
			in, err := child.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			tried := func() string {
				t.Helper()
				if _, err := in.Write([]byte("\n")); err != nil || !lines.Scan() {
					t.Fatal(err, lines.Err())
				}
				return lines.Text()
			}
			if got := tried(); got != string(store.ReadOnly) {
				t.Errorf("the store is %s", got)
			}
			become(0o700, min(c.file, 1)*0o600)
			for until := time.Now().Add(time.Minute); tried() != "fine"; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(until) {
					t.Fatal("the store is not found again")
				}
			}
			in.Close()
			if err := child.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}
