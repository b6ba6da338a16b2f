package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// throughFdatasync has SQLite commit by fdatasync, as its builds for Linux do: what was committed is as durable, and does not wait until
// the file's time of change is written too. Where there is none, SQLite stays with what there is.
var throughFdatasync = sync.OnceFunc(func() { _, _ = sqlite.Fdatasync(true) })

// connectSQLite makes the pools; the file is opened when it is needed.
func (s *Store) connectSQLite() error {
	s.dialect = SQLite
	throughFdatasync()
	path, err := filepath.Abs(s.options.File)
	if err != nil {
		return err
	}
	s.options.File = path
	if s.reads {
		reader, err := sqlite.NewConnector(s.dsn("ro", "_pragma=query_only(1)"))
		if err == nil {
			s.pools(reader, readers, nil)
		}
		return err
	}
	writer, err := sqlite.NewConnector(s.dsn("rw", writing+ample+"_txlock=immediate"))
	if err != nil {
		return err
	}
	reader, err := sqlite.NewConnector(s.dsn("rw", writing+"_pragma=query_only(1)"))
	if err != nil {
		return err
	}
	s.pools(&turning{writer, &s.turns}, 1, reader)
	return nil
}

// find makes the file where it is missing, for the bridge's own eyes: SQLite gives its other files the same rights. What was open once
// must be there again: a new one in its place would have forgotten everything.
func (s *Store) find() (os.FileInfo, error) {
	if s.dialect != SQLite || s.file != nil {
		return s.file, s.same()
	}
	path := s.options.File
	if s.makes {
		switch err := create(path); {
		case errors.Is(err, fs.ErrNotExist):
			return nil, unopened(noFolder(path))
		case err != nil && !errors.Is(err, fs.ErrExist):
			return nil, unopened(err)
		}
	}
	if s.looks {
		if err := beside(path); err != nil {
			return nil, unopened(err)
		}
	}
	found, err := os.Stat(path)
	if err != nil {
		return nil, unopened(err)
	}
	if found.IsDir() {
		return nil, &Error{Kind: Other, Cause: fmt.Errorf("%s is a folder", path)}
	}
	op, may := "write", mayWrite
	if s.reads && !s.looks {
		op, may = "read", mayRead
	}
	if err = may(path); err != nil {
		return nil, unopened(&fs.PathError{Op: op, Path: path, Err: err})
	}
	return found, nil
}

func noFolder(path string) error {
	return fmt.Errorf("the folder %s is missing: make it for the bridge's account, or mount it", filepath.Dir(path))
}

var creating sync.Mutex

// create makes the file. It is opened by SQLite alone: whoever closes it drops the locks that the process holds on it. A new one has none,
// and until it is closed no store of the process finds it.
func create(path string) error {
	creating.Lock()
	defer creating.Unlock()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// writing is what whoever writes sets. synchronous=FULL: what was committed outlives a power cut. secure_delete: of what is deleted nothing
// stays in the file.
const writing = "_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=secure_delete(1)&"

// ample is what the one writer sets: a page that is written again and again is taken over into the file once for 16 MB of the log, and 8 MB
// of pages need not be read again.
const ample = "_pragma=wal_autocheckpoint(4000)&_pragma=cache_size(-8000)&"

// dsn names the file and how it is opened.
func (s *Store) dsn(mode, own string) string {
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(s.options.File)}
	return fmt.Sprintf("%s?mode=%s&_pragma=busy_timeout(%d)&%s", &file, mode, s.options.Timeout.Milliseconds(), own)
}

// unopened is what kept the file from being made.
func unopened(err error) error {
	kind := Away
	if errors.Is(err, fs.ErrPermission) || isReadOnly(err) {
		kind = ReadOnly
	}
	return failed(kind, err)
}

// same says whether the file that was opened still stands at its place: what is written to another is lost.
func (s *Store) same() error {
	if s.file == nil {
		return nil
	}
	now, err := os.Stat(s.options.File)
	switch {
	case err != nil:
		return failed(Away, err)
	case !os.SameFile(now, s.file):
		return failed(Away, fmt.Errorf(
			"another file stands at %s than the one that was opened: put it back, or start the bridge again", s.options.File))
	}
	return nil
}

// Scrub has SQLite take what was deleted out of its log too: what a transaction wrote stands there beside the file until it is taken over
// into that. residual: others read what was there before, and it was not done in the time of a transaction. PostgreSQL does it in its own
// time.
func (s *Store) Scrub(ctx context.Context) (residual bool, err error) {
	if s.dialect != SQLite {
		return true, nil
	}
	inTime, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	for {
		var busy, log, taken int
		err := s.write.QueryRowContext(inTime, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &taken)
		if err == nil && busy == 0 {
			return false, nil
		}
		if inTime.Err() != nil || err != nil && kindOf(explain(err)) != Locked {
			return true, ctx.Err()
		}
		wait(inTime, 10*time.Millisecond)
	}
}
