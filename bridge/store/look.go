package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// Look says what would keep a bridge from opening the store and writing to it, nil or an *Error, and makes, migrates and writes nothing.
// add adds the rooms. A file that is not there, and could be made, is an fs.ErrNotExist.
func Look(ctx context.Context, o Options, add func(*Store) error) error {
	s, err := describe(o, &Store{reads: true, looks: true, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := add(s); err != nil {
		return err
	}
	return s.opened(ctx)
}

// look holds what there is against what a bridge needs: tables that are no newer than it knows, a database that takes writes, the rights to
// the tables that are there, and the right to make what is missing.
func (s *Store) look(ctx context.Context, rooms []*room) error {
	complete := true
	for _, r := range rooms {
		version, err := r.version(ctx)
		if err != nil {
			return err
		}
		complete = complete && version == r.turn.newest
	}
	if s.dialect == SQLite { // whose file may be written, as it was found
		return nil
	}
	return s.attempt(ctx, s.write, s.serializable(), func(ctx context.Context, tx *sql.Tx) error {
		if err := s.writable(ctx, tx); err != nil {
			return err
		}
		if err := entitled(ctx, tx, rooms); err != nil || complete {
			return err
		}
		var may sql.NullBool // NULL: there is no schema of the search path
		if err := tx.QueryRowContext(ctx, "SELECT has_schema_privilege(current_schema(), 'CREATE')").Scan(&may); err != nil {
			return err
		}
		if !may.Bool {
			return errNoSchema
		}
		return nil
	})
}

// entitled asks PostgreSQL whether the role may do with the rooms' tables what they do. Of one that is not there it is not known.
func entitled(ctx context.Context, tx *sql.Tx, rooms []*room) error {
	var tables, rights []string
	for _, r := range rooms {
		for _, use := range r.uses {
			for right := range strings.SplitSeq(use.Rights, ", ") {
				tables, rights = append(tables, use.Table), append(rights, right)
			}
		}
	}
	const lacking = "SELECT string_agg(of_right || ' on ' || of_table, ', ') " +
		"FROM unnest($1::text[], $2::text[]) AS used (of_table, of_right) " +
		"WHERE NOT has_table_privilege(to_regclass(of_table), of_right)"
	var lacks sql.NullString
	if err := tx.QueryRowContext(ctx, lacking, tables, rights).Scan(&lacks); err != nil || !lacks.Valid {
		return err
	}
	return fmt.Errorf("%w: %s", ErrRights, lacks.String)
}

// ErrRights is a store whose tables the role may not use as the bridge does.
var ErrRights = errors.New("the role lacks rights to the tables")

var errNoSchema = errors.New("the role may make no tables: it has no schema with the right CREATE (public is its owner's alone)")

// beside says what keeps files from being made where the file stands, or is to stand.
func beside(path string) error {
	folder := filepath.Dir(path)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return noFolder(path)
	}
	if err := mayWrite(folder); err != nil {
		return &fs.PathError{Op: "write", Path: folder, Err: err}
	}
	return nil
}
