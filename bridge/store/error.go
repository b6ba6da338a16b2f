package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"scimbridge/bridge/reason"
)

// Kind is what is wrong with the store.
type Kind string

// The kinds, all there are.
const (
	Away     Kind = "away"      // it cannot be reached, or does not answer
	Full     Kind = "full"      // there is no space left
	Locked   Kind = "locked"    // others hold it, or overtook the transaction each time
	ReadOnly Kind = "read-only" // it takes no writes
	Other    Kind = "other"     // anything else: a mistake of ours, or a damaged file
)

// Error is what went wrong. Its text is for the operator, and holds no secret.
type Error struct {
	Kind       Kind
	RetryAfter time.Duration // when the next attempt makes sense; 0: none does
	Unknown    bool          // the commit was sent and not answered: it may have been done
	Cause      error

	opening bool // the store could not be opened
	refused bool // nothing was tried: the breaker is open
}

func (e *Error) Error() string {
	text := fmt.Sprintf("store: %s: %v", e.Kind, e.Cause)
	if e.Kind == Other { // which says nothing
		text = fmt.Sprintf("store: %v", e.Cause)
	}
	if e.Unknown {
		text += "; whether it was committed is not known"
	}
	return text
}

func (e *Error) Unwrap() error { return e.Cause }

// OfTheStore says that the store itself fails, whatever was to be read or written: it will do when it is mended.
func (e *Error) OfTheStore() bool { return e.Kind != Other || e.opening || e.refused }

// Reason is what a client and a health check are told.
func (e *Error) Reason() reason.Reason {
	switch e.Kind {
	case Full:
		return reason.StoreFull
	case ReadOnly:
		return reason.StoreReadOnly
	case Away, Locked:
		return reason.StoreAway
	case Other:
	}
	return reason.StoreFailed
}

// patience is how long each kind lasts at least: what takes a person takes half a minute.
var patience = map[Kind]time.Duration{Away: 2 * time.Second, Full: 30 * time.Second, Locked: time.Second, ReadOnly: 30 * time.Second}

// failed is an error of the kind, with its patience.
func failed(kind Kind, cause error) *Error {
	return &Error{Kind: kind, RetryAfter: patience[kind], Cause: cause}
}

func kindOf(err error) Kind {
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Kind
	}
	return ""
}

func isUnknown(err error) bool {
	known, ok := errors.AsType[*Error](err)
	return ok && known.Unknown
}

// explain turns an error of the database into an *Error, and leaves others as they are.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if kind := classify(err); kind != "" {
		return failed(kind, err)
	}
	return err
}

// ended are the errors of a connection that is no more.
var ended = []error{driver.ErrBadConn, sql.ErrConnDone, pgconn.ErrConnClosed, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed}

// classify says what an error of the database means, "" of another.
func classify(err error) Kind {
	if answer, ok := errors.AsType[*sqlite.Error](err); ok {
		return sqliteKind(answer.Code())
	}
	if refused, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		if errors.Is(refused, context.Canceled) {
			return ""
		}
		return Away // nobody there, or the bridge is not let in
	}
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresKind(answer.Code)
	}
	if _, ok := errors.AsType[net.Error](err); ok && !errors.Is(err, context.DeadlineExceeded) {
		return Away
	}
	if slices.ContainsFunc(ended, func(how error) bool { return errors.Is(err, how) }) {
		return Away
	}
	return ""
}

// sqliteKind reads SQLite's result codes (https://sqlite.org/rescode.html).
func sqliteKind(code int) Kind {
	switch code {
	case sqlite3.SQLITE_IOERR_SHMSIZE:
		return Full // the file of the log's index could not grow
	case sqlite3.SQLITE_IOERR_DELETE_NOENT:
		return Locked // another process opened the file for the first time too, and was quicker
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return Locked
	case sqlite3.SQLITE_FULL:
		return Full
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return ReadOnly
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR:
		return Away
	case sqlite3.SQLITE_INTERRUPT:
		return ""
	}
	return Other
}

// postgresKind reads SQLSTATE (PostgreSQL's documentation, appendix A).
func postgresKind(state string) Kind {
	switch state {
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return Locked
	case "53100": // disk_full
		return Full
	case "25006": // read_only_sql_transaction
		return ReadOnly
	case "53300", "57P01", "57P02", "57P03", "57P05", "25P03": // too_many_connections, shutdowns, timeouts of idle sessions
		return Away
	}
	if strings.HasPrefix(state, "08") { // connection_exception
		return Away
	}
	return Other
}

// answered says whether the database itself refused a commit: then nothing of it stands.
func (s *Store) answered(err error) bool {
	if answer, ok := errors.AsType[*sqlite.Error](err); ok {
		return answer.Code()&0xff != sqlite3.SQLITE_IOERR
	}
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresKind(answer.Code) != Away
	}
	return s.dialect == SQLite // the driver rolls back what it gives up
}
