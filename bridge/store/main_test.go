package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// roleVariable has the test program do a part in a test as a process of its own, on the store that the other two name.
const (
	roleVariable = "SCIMBRIDGE_TEST_STORE_ROLE"
	fileVariable = "SCIMBRIDGE_TEST_STORE_FILE"
	urlVariable  = "SCIMBRIDGE_TEST_STORE_URL"
	passVariable = "SCIMBRIDGE_TEST_STORE_PASSWORDFILE"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

//go:embed testdata
var testdata embed.FS

// migrations are a room's, in a folder of testdata.
func migrations(folder string) fs.FS {
	found, err := fs.Sub(testdata, "testdata/"+folder)
	if err != nil {
		panic(err)
	}
	return found
}

// becomeNobody has the process lose root's rights, which no file withstands.
var becomeNobody func() error

func play(role string) error {
	ctx := context.Background()
	o := store.Options{File: os.Getenv(fileVariable), URL: os.Getenv(urlVariable), PasswordFile: os.Getenv(passVariable)}
	if role == "tries" {
		return tries(ctx, o)
	}
	s, err := storetest.Opened(ctx, o)
	if err != nil {
		return err
	}
	defer s.Close()
	switch role {
	case "migrate":
		return s.Migrate(ctx, "shelf", migrations("shelf"))
	case "hold": // a write transaction until our standard input ends
		return s.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if s.Dialect() == store.Postgres {
				if _, err := tx.ExecContext(ctx, "LOCK TABLE book"); err != nil {
					return err
				}
			}
			fmt.Println("held")
			_, err := io.ReadAll(os.Stdin)
			return err
		})
	}
	return errors.New("no such role: " + role)
}

// tries says for each line of our standard input what the store is, which a look says too.
func tries(ctx context.Context, o store.Options) error {
	if err := becomeNobody(); err != nil {
		return err
	}
	s, err := store.New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer s.Close()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		looked := store.Look(ctx, o, func(*store.Store) error { return nil })
		err := s.Check(ctx)
		known, ours := errors.AsType[*store.Error](err)
		told, _ := errors.AsType[*store.Error](looked)
		switch {
		case (err == nil) != (looked == nil || errors.Is(looked, fs.ErrNotExist)), ours && told.Kind != known.Kind:
			fmt.Printf("%v, and %v to a look\n", err, looked)
		case err == nil:
			fmt.Println("fine")
		case ours:
			fmt.Println(known.Kind)
		default:
			return err
		}
	}
	return nil
}

// player is the test program in a role.
func player(program, role string, o store.Options) *exec.Cmd {
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, fileVariable+"="+o.File, urlVariable+"="+o.URL, passVariable+"="+o.PasswordFile)
	return cmd
}

func self(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func write(t *testing.T, s *store.Store, statement string, values ...any) {
	t.Helper()
	if err := s.Write(t.Context(), execute(statement, values...)); err != nil {
		t.Fatal(err)
	}
}

func execute(statement string, values ...any) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement, values...)
		return err
	}
}

// titles are what stands on the shelf.
func titles(t *testing.T, s *store.Store) string {
	t.Helper()
	rows, err := s.Read().QueryContext(t.Context(), "SELECT title FROM book ORDER BY title")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var title string
		if err := rows.Scan(&title); err != nil {
			t.Fatal(err)
		}
		all = append(all, title)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func shelf(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Migrate(t.Context(), "shelf", migrations("shelf")); err != nil {
		t.Fatal(err)
	}
}

// wantKind says what an error must be.
func wantKind(t *testing.T, err error, kind store.Kind) {
	t.Helper()
	known, ok := errors.AsType[*store.Error](err)
	if !ok || known.Kind != kind {
		t.Fatalf("%v, want a store that is %s", err, kind)
	}
	if (known.RetryAfter > 0) != (kind != store.Other) {
		t.Errorf("%v: another attempt after %v", err, known.RetryAfter)
	}
}
