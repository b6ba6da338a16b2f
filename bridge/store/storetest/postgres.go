package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/store"
)

const (
	// readyLimit is far more than the slowest start on a busy machine takes.
	readyLimit = time.Minute
	owner      = "scimbridge"
	// pgPrograms are where Debian keeps the server's programs, by version.
	pgPrograms = "/usr/lib/postgresql/*/bin"
)

var errMissing = errors.New("PostgreSQL is not installed")

// shared is the server of all tests of this process. It ends with the process: see supervise.
var shared = sync.OnceValues(start)

// PostgresServer is a server that one test alone has, to kill and to start again.
func PostgresServer(t testing.TB) *Server {
	t.Helper()
	server, err := start()
	if err != nil {
		leaveOutOrFail(t, err)
	}
	t.Cleanup(server.end)
	return server
}

func leaveOutOrFail(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errMissing) {
		dirtest.LeaveOut(t, "PostgreSQL", "it is not installed", "apt-get install postgresql")
	}
	t.Fatal(err)
}

// Server is a private PostgreSQL on a socket in its own folder.
type Server struct {
	dir      string
	programs string
	password string
	process  *exec.Cmd
	hold     io.Closer // while it is open the server runs
}

// start makes a server's files and starts it.
func start() (*Server, error) {
	programs := findPostgres()
	if programs == "" {
		return nil, errMissing
	}
	dir, err := os.MkdirTemp("", "scimbridge-pg-") // a socket's path is short
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, programs: programs, password: rand.Text()}
	if err := s.initialize(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.run(); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

func findPostgres() string {
	if program, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(program)
	}
	found, _ := filepath.Glob(filepath.Join(pgPrograms, "postgres"))
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

func (s *Server) initialize() error {
	if err := os.WriteFile(s.PasswordFile(), []byte(s.password+"\n"), 0o600); err != nil {
		return err
	}
	if err := giveAway(s.dir, s.PasswordFile()); err != nil {
		return err
	}
	initdb := exec.Command(filepath.Join(s.programs, "initdb"), "--pgdata", s.data(), "--username", owner, "--pwfile", s.PasswordFile(),
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = s.dir, unprivileged()
	if said, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, said)
	}
	return nil
}

// supervise runs a program for as long as its standard input is open, which ends with the test process in any case, and then removes the
// folder if it is told to. -QUIT ends PostgreSQL and all its processes at once, as a crash does.
const supervise = `"$@" </dev/null & pid=$!
trap '' INT
cat >/dev/null
kill -QUIT $pid; wait $pid
[ -e "$KEEP" ] || rm -rf "$FOLDER"`

func (s *Server) run() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = exec.Command("/bin/sh", "-c", supervise, "sh", filepath.Join(s.programs, "postgres"), "-D", s.data(), "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=100", "-c", "shared_buffers=16MB")
	s.process.Env = append(os.Environ(), "FOLDER="+s.dir, "KEEP="+s.keep())
	s.process.Dir, s.process.Stdout, s.process.Stderr, s.process.SysProcAttr = s.dir, log, log, unprivileged()
	hold, err := s.process.StdinPipe()
	if err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	s.hold = hold
	for until := time.Now().Add(readyLimit); ; time.Sleep(20 * time.Millisecond) {
		conn, err := s.connect()
		if err == nil {
			return conn.Close(context.Background())
		}
		if time.Now().After(until) {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, said)
		}
	}
}

// Kill ends the server at once.
func (s *Server) Kill() {
	if s.hold == nil {
		return
	}
	_ = os.WriteFile(s.keep(), nil, 0o600)
	_ = s.hold.Close()
	_ = s.process.Wait()
	s.hold = nil
}

// Start starts a killed server again.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	_ = os.Remove(s.keep())
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) end() {
	s.Kill()
	_ = os.RemoveAll(s.dir)
}

// Database makes a database.
func (s *Server) Database(t testing.TB) store.Options {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	s.Run(t, "CREATE DATABASE "+name)
	return store.Options{URL: s.url(name), PasswordFile: s.PasswordFile()}
}

// Run runs a statement as the server's owner, in no database of a test's.
func (s *Server) Run(t testing.TB, statement string) {
	t.Helper()
	conn, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

// PasswordFile holds the owner's password.
func (s *Server) PasswordFile() string { return filepath.Join(s.dir, "password") }

// Password is what must show nowhere.
func (s *Server) Password() string { return s.password }

func (s *Server) connect() (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(s.url("postgres"))
	if err != nil {
		return nil, err
	}
	config.Password = s.password
	return pgx.ConnectConfig(context.Background(), config)
}

func (s *Server) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(owner), Path: "/" + database, RawQuery: url.Values{"host": {s.dir}}.Encode()}
	return u.String()
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }
func (s *Server) keep() string { return filepath.Join(s.dir, "keep") }
