// Package store keeps what is about the bridge itself in a database: one SQLite file, or PostgreSQL where several copies of the bridge
// share it. It opens, migrates and runs transactions; the tables belong to the rooms that use it. It need not be there at the start, and
// may go and come back: whoever uses it is told by an *Error meanwhile.
//
// One SQL text serves both: $1, $2 are placeholders, BYTEA holds octets, BIGINT a time in microseconds since 1970 (see Micros), and
// ON CONFLICT and RETURNING mean the same.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Dialect is a kind of database.
type Dialect string

// What a store may be.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Store is a database. It survives that the database goes and comes back.
type Store struct {
	dialect Dialect
	options Options
	reads   bool // nothing else
	looks   bool // so, and at what keeps another from writing
	makes   bool // the file where it is missing
	log     *slog.Logger
	write   *sql.DB     // SQLite: one connection, so that writers of this process wait in a row
	read    *sql.DB     // the same as write on PostgreSQL
	file    os.FileInfo // SQLite: the file, once it was open
	circuit *gobreaker.CircuitBreaker[struct{}]
	opening
	health
	tasks
	statements
	turns
}

const (
	// readers is how many may read at once; a writer never waits for them.
	readers = 8
	// attempts of a transaction that others overtake.
	attempts = 20
)

// New describes a store, and asks nothing of it: it is opened when it is first used, and where it cannot be, again and again. Its error
// names what is wrong with the options.
func New(o Options, log *slog.Logger) (*Store, error) {
	return describe(o, &Store{makes: true, log: log})
}

// NewExisting is New of a store that is there: a file that is missing is not made.
func NewExisting(o Options, log *slog.Logger) (*Store, error) { return describe(o, &Store{log: log}) }

// NewReader is New of a store that is there, whose tables are as this version of the bridge has them, and that nothing is written to: it
// takes who may read it. Its views end with their callers alone.
func NewReader(o Options) (*Store, error) {
	return describe(o, &Store{reads: true, log: slog.New(slog.DiscardHandler)})
}

func describe(o Options, s *Store) (*Store, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s.options = o.WithDefaults()
	s.begin()
	s.known = map[string]*sql.Stmt{}
	s.circuit = s.breaker()
	connect := s.connectSQLite
	if o.URL != "" {
		connect = s.connectPostgres
	}
	if err := connect(); err != nil {
		return nil, err
	}
	return s, nil
}

// pools opens the connections' pools.
func (s *Store) pools(writer driver.Connector, writers int, reader driver.Connector) {
	s.write = sql.OpenDB(writer)
	s.write.SetMaxOpenConns(writers)
	s.read = s.write
	if reader != nil {
		s.read = sql.OpenDB(reader)
		s.read.SetMaxOpenConns(readers)
	}
	s.keep(readers)
}

// keep is how many idle connections stay.
func (s *Store) keep(idle int) {
	s.write.SetMaxIdleConns(idle)
	s.read.SetMaxIdleConns(idle)
}

// forget ends the idle connections: what they are to need not stand in its place any more.
func (s *Store) forget() {
	s.keep(0)
	s.keep(readers)
}

// Dialect is the kind of the database.
func (s *Store) Dialect() Dialect { return s.dialect }

// Close ends every connection.
func (s *Store) Close() error {
	s.end()
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(s.read.Close(), err)
	}
	return err
}

// Check says whether the store can be written, nil or an *Error.
func (s *Store) Check(ctx context.Context) error {
	return s.Write(ctx, s.writable)
}

// writable is a transaction's.
func (s *Store) writable(ctx context.Context, tx *sql.Tx) error {
	if s.dialect == SQLite { // which begins a transaction on a file that it cannot write all the same
		_, err := tx.ExecContext(ctx, "PRAGMA user_version = 0") // as it is: that it can be written is what matters
		return err
	}
	var readOnly bool
	if err := tx.QueryRowContext(ctx, "SELECT current_setting('transaction_read_only')::boolean").Scan(&readOnly); err != nil {
		return err
	}
	if readOnly {
		return failed(ReadOnly, errors.New("the database takes no writes"))
	}
	return nil
}

// Write runs one transaction, as if no other ran at the same time. It may run do more than once, where others overtook it or the connection
// was lost before the commit, and leaves nothing behind where do fails. Its error is an *Error where it is the database's, else the
// context's or do's own.
func (s *Store) Write(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	err := s.transaction(ctx, s.write, s.serializable(), do)
	s.note(err)
	return err
}

func (s *Store) serializable() sql.TxOptions {
	if s.dialect == SQLite {
		return sql.TxOptions{} // BEGIN IMMEDIATE
	}
	return sql.TxOptions{Isolation: sql.LevelSerializable}
}

// View runs one transaction that only reads, and sees the store as of one moment. Its error is as Write's.
func (s *Store) View(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	err := s.transaction(ctx, s.read, sql.TxOptions{Isolation: s.snapshot(), ReadOnly: true}, do)
	if err != nil { // that a read goes well says nothing of writes
		s.note(err)
	}
	return err
}

func (s *Store) snapshot() sql.IsolationLevel {
	if s.dialect == SQLite {
		return sql.LevelDefault
	}
	return sql.LevelRepeatableRead
}

// Read is for single reads, of a store that is open. Explain turns its errors into the store's.
func (s *Store) Read() *sql.DB { return s.read }

// Explain turns an error of the database into an *Error, and leaves others as they are.
func (s *Store) Explain(err error) error { return explain(err) }

// transaction tries until it is through, the time is over, or the database says no for good.
func (s *Store) transaction(ctx context.Context, db *sql.DB, options sql.TxOptions, do func(context.Context, *sql.Tx) error) error {
	if !s.closed() && ctx.Value(isProbe{}) == nil {
		return s.refusal(gobreaker.ErrOpenState)
	}
	inTime, cancel := context.WithTimeout(ctx, s.options.Timeout)
	if s.reads { // who looks for something among a million records waits for it
		inTime, cancel = context.WithCancel(ctx)
	}
	defer cancel()
	lost := false
	var overtaken error
	for n := 1; ; n++ {
		_, err := s.circuit.Execute(func() (struct{}, error) {
			err := s.opened(inTime)
			if err == nil {
				err = s.attempt(inTime, db, options, do)
			}
			switch {
			case err == nil || isUnknown(err):
			case ctx.Err() != nil: // who called has left
				err = ctx.Err()
			case inTime.Err() != nil && overtaken != nil:
				err = overtaken
			}
			return struct{}{}, err
		})
		if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
			return s.refusal(err)
		}
		known, ours := errors.AsType[*Error](err)
		if !ours || known.Unknown || known.opening || inTime.Err() != nil {
			return err
		}
		switch {
		case known.Kind == Locked && n < attempts:
			overtaken = err
			wait(inTime, time.Duration(rand.Int64N(int64(min(n, 10)*5)*int64(time.Millisecond))))
		case known.Kind == Away && !lost:
			lost = true // a connection from before the database was started again says nothing of it now
		default:
			return err
		}
	}
}

// attempt runs the transaction once.
func (s *Store) attempt(ctx context.Context, db *sql.DB, options sql.TxOptions, do func(context.Context, *sql.Tx) error) error {
	if err := s.same(); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, &options)
	if err != nil {
		return s.late(ctx, err)
	}
	defer tx.Rollback() // after the commit it does nothing
	if err := do(ctx, tx); err != nil {
		return s.late(ctx, err)
	}
	if options.ReadOnly {
		return nil
	}
	if err := s.same(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return s.late(ctx, ctx.Err())
	}
	err = tx.Commit()
	if err == nil || errors.Is(err, sql.ErrTxDone) {
		return s.late(ctx, err)
	}
	known, ours := errors.AsType[*Error](s.late(ctx, err))
	if !ours {
		known = failed(Away, err)
	}
	known.Unknown = !s.answered(err)
	return known
}

// late explains an error, and where our own time was over says what took it.
func (s *Store) late(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	known := explain(err)
	if _, ours := errors.AsType[*Error](known); ours || ctx.Err() == nil || !(errors.Is(err, ctx.Err()) || errors.Is(err, sql.ErrTxDone)) {
		return known
	}
	kind := Away
	if s.dialect == SQLite {
		kind = Locked // nobody but another writer takes that long
	}
	return failed(kind, fmt.Errorf("not done within %v", s.options.Timeout))
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
