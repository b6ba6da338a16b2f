package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// migrationWait is how long a copy waits for another that migrates.
const migrationWait = time.Minute

var roomName = regexp.MustCompile(`^[a-z]+$`)

// Migrate adds a room and brings its tables up to date at once. Its error is an *Error, or Add's.
func (s *Store) Migrate(ctx context.Context, name string, migrations fs.FS) error {
	if err := s.Add(name, migrations); err != nil {
		return err
	}
	return s.opened(ctx)
}

// room is one that keeps tables in the store.
type room struct {
	name     string
	turn     *turn
	provider *goose.Provider
	uses     []Use
}

// Use is a table of a room's, and what the room does with its rows, in GRANT's words: "SELECT, INSERT".
type Use struct{ Table, Rights string }

func (s *Store) newRoom(name string, migrations fs.FS) (*room, error) {
	if !roomName.MatchString(name) {
		return nil, fmt.Errorf("%q is no name of a room", name)
	}
	if folder, err := fs.Stat(migrations, "migrations"); err == nil && folder.IsDir() {
		if migrations, err = fs.Sub(migrations, "migrations"); err != nil {
			return nil, err
		}
	}
	others, err := s.others(migrations)
	if err != nil {
		return nil, err
	}
	dialect := database.DialectSQLite3
	if s.dialect == Postgres {
		dialect = database.DialectPostgres
	}
	versions, err := database.NewStore(dialect, name+"_version")
	if err != nil {
		return nil, err
	}
	turn := &turn{Store: versions, store: s}
	provider, err := goose.NewProvider(goose.DialectCustom, s.write, migrations,
		goose.WithStore(turn), goose.WithSessionLocker(turn), goose.WithExcludeNames(others), goose.WithDisableGlobalRegistry(true),
		goose.WithIsolateDDL(true)) // no transactions of its own: it all runs within the turn's
	if err != nil {
		return nil, fmt.Errorf("store: the migrations of %s: %w", name, err)
	}
	sources := provider.ListSources()
	turn.newest = sources[len(sources)-1].Version
	return &room{name: name, turn: turn, provider: provider}, nil
}

// migrate brings the room's tables up to date.
func (r *room) migrate(ctx context.Context) error {
	if _, err := r.provider.Up(ctx); err != nil {
		if failed, ok := errors.AsType[*goose.PartialError](err); ok {
			err = fmt.Errorf("%s: %w", failed.Failed.Source.Path, failed.Err)
		}
		return fmt.Errorf("the migrations of %s: %w", r.name, err)
	}
	version, err := r.turn.GetLatestVersion(ctx, r.turn.store.write)
	if err == nil && version > r.turn.newest {
		err = r.newer(version)
	}
	return err
}

// ErrNewer is a store that this bridge does not know what to make of.
var ErrNewer = errors.New("a newer one wrote them")

func (r *room) newer(version int64) error {
	return fmt.Errorf("the tables of %s have version %d, and this bridge knows %d: %w", r.name, version, r.turn.newest, ErrNewer)
}

// standing says whether the room's tables are there, up to date.
func (r *room) standing(ctx context.Context) error {
	version, err := r.version(ctx)
	if err == nil && version < r.turn.newest {
		err = fmt.Errorf("the tables of %s have version %d of %d: start the bridge of this version (serve), which brings them up to date",
			r.name, version, r.turn.newest)
	}
	return err
}

// version is that of the room's tables as they stand, 0 where there are none. Newer ones than this bridge's are a fault.
func (r *room) version(ctx context.Context) (version int64, err error) {
	there, err := r.turn.exists(ctx, r.turn.store.read)
	if err == nil && there {
		version, err = r.turn.GetLatestVersion(ctx, r.turn.store.read)
	}
	if err == nil && version > r.turn.newest {
		err = r.newer(version)
	}
	return version, err
}

// others are the files for the other kind of database.
func (s *Store) others(migrations fs.FS) ([]string, error) {
	other := Postgres
	if s.dialect == Postgres {
		other = SQLite
	}
	return fs.Glob(migrations, fmt.Sprintf("*.%s.sql", other))
}

// turn is one transaction around all migrations of a room, in which nobody else migrates. goose looks at the table of versions before
// that, and would make it: here it is made within.
type turn struct {
	database.Store
	store  *Store
	newest int64 // the version that the tables have afterwards
}

// TableExists keeps goose from making the table.
func (t *turn) TableExists(context.Context, database.DBTxConn) (bool, error) { return true, nil }

// ListMigrations finds none where there is no table.
func (t *turn) ListMigrations(ctx context.Context, db database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	if there, err := t.exists(ctx, db); err != nil || !there {
		return nil, err
	}
	return t.Store.ListMigrations(ctx, db)
}

func (t *turn) exists(ctx context.Context, db database.DBTxConn) (there bool, err error) {
	query := "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = $1"
	if t.store.dialect == Postgres {
		// to_regclass would remember from before the turn that there is none.
		query = "SELECT count(*) > 0 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"
	}
	err = db.QueryRowContext(ctx, query, t.Tablename()).Scan(&there)
	return there, err
}

// advisoryLock is the key of PostgreSQL's lock: "scim" in ASCII.
const advisoryLock = 0x7363696d

// SessionLock waits for the turn, and makes the table of versions.
func (t *turn) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if err := t.begin(ctx, conn); err != nil {
		return err
	}
	there, err := t.exists(ctx, conn)
	if err == nil && !there {
		if err = t.CreateVersionTable(ctx, conn); err == nil {
			err = t.Insert(ctx, conn, database.InsertRequest{Version: 0}) // goose wants it there
		}
	}
	if err != nil {
		t.rollback(ctx, conn)
	}
	return err
}

func (t *turn) begin(ctx context.Context, conn *sql.Conn) error {
	if t.store.dialect == Postgres {
		_, err := conn.ExecContext(ctx, fmt.Sprintf(
			"BEGIN; SET LOCAL lock_timeout = %d; SELECT pg_advisory_xact_lock(%d)", migrationWait.Milliseconds(), advisoryLock))
		if err != nil {
			t.rollback(ctx, conn)
		}
		return err
	}
	return patiently(ctx, func() error {
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		return err
	})
}

// SessionUnlock commits if every migration is there, and else undoes them all: then goose says why.
func (t *turn) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	version, err := t.GetLatestVersion(ctx, conn)
	if err != nil || version < t.newest {
		t.rollback(ctx, conn)
		return nil
	}
	if _, err = conn.ExecContext(ctx, "COMMIT"); err != nil {
		t.rollback(ctx, conn)
	}
	return err
}

// rollback leaves the connection as it was, or throws it away.
func (t *turn) rollback(ctx context.Context, conn *sql.Conn) {
	if _, err := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}
