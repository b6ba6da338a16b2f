package store

import (
	"context"
	"database/sql"
	"sync"
)

// statements are those that SQLite has read, for all transactions that write.
type statements struct {
	reading sync.Mutex
	known   map[string]*sql.Stmt // nil: it is about to be read
}

// Exec is tx.ExecContext in a transaction that writes, for a text that comes again and again (Statement).
func (s *Store) Exec(ctx context.Context, tx *sql.Tx, text string, values ...any) error {
	one, err := s.own(ctx, tx, text)
	switch {
	case err != nil:
	case one != nil:
		_, err = one.ExecContext(ctx, values...)
	default:
		_, err = tx.ExecContext(ctx, text, values...)
	}
	return err
}

// Query is tx.QueryContext as Exec is tx.ExecContext.
func (s *Store) Query(ctx context.Context, tx *sql.Tx, text string, values ...any) (*sql.Rows, error) {
	one, err := s.own(ctx, tx, text)
	switch {
	case err != nil:
		return nil, err
	case one != nil:
		return one.QueryContext(ctx, values...)
	}
	return tx.QueryContext(ctx, text, values...)
}

// QueryRow is tx.QueryRowContext as Exec is tx.ExecContext.
func (s *Store) QueryRow(ctx context.Context, tx *sql.Tx, text string, values ...any) *sql.Row {
	if one, err := s.own(ctx, tx, text); err == nil && one != nil {
		return one.QueryRowContext(ctx, values...)
	}
	return tx.QueryRowContext(ctx, text, values...)
}

// own is nil of PostgreSQL, whose driver keeps what it has prepared by itself.
func (s *Store) own(ctx context.Context, tx *sql.Tx, text string) (*sql.Stmt, error) {
	if s.dialect != SQLite {
		return nil, nil
	}
	return s.Statement(ctx, tx, text)
}

// Statement is a statement for a transaction that writes, and ends with it. SQLite reads a text once for all those to come, and keeps it:
// there must not be many.
func (s *Store) Statement(ctx context.Context, tx *sql.Tx, text string) (*sql.Stmt, error) {
	s.reading.Lock()
	one, asked := s.known[text]
	if !asked && s.dialect == SQLite {
		s.known[text] = nil
	}
	s.reading.Unlock()
	if one != nil {
		return tx.StmtContext(ctx, one), nil
	}
	if !asked && s.dialect == SQLite && !s.start(func(ctx context.Context) { s.keepStatement(ctx, text) }) {
		s.dropStatement(text)
	}
	return tx.PrepareContext(ctx, text)
}

// keepStatement has a text read for the transactions to come. It waits for the one under way, which has the only connection.
func (s *Store) keepStatement(ctx context.Context, text string) {
	one, err := s.write.PrepareContext(ctx, text)
	if err != nil {
		s.dropStatement(text)
		return
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	s.known[text] = one
}

func (s *Store) dropStatement(text string) {
	s.reading.Lock()
	defer s.reading.Unlock()
	delete(s.known, text)
}
