package dirtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// processes are the servers that each test has a process of its own of.
var processes = map[string]func(t testing.TB) *Server{
	"openldap": func(t testing.TB) *Server { return OpenLDAP(t) },
	"389ds":    func(t testing.TB) *Server { return DS389(t) },
}

func TestKillAndRestart(t *testing.T) {
	t.Parallel()
	for name, start := range processes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.Load(t, person("a", ""))
			for how, end := range map[string]func(){"killed": s.Kill, "ended": s.End} {
				end()
				if conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "ldap://")); err == nil {
					conn.Close()
					t.Fatalf("a server that was %s still accepts connections", how)
				}
				s.Restart()
				if s.Entry(t, "uid=a,"+s.People) == nil {
					t.Errorf("what was written before it was %s is gone", how)
				}
			}
		})
	}
}

func TestStopAndCont(t *testing.T) {
	t.Parallel()
	for name, start := range processes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.Stop()
			conn, err := dial(s.URL)
			if err != nil {
				t.Fatal("a stopped server's kernel accepts connections:", err)
			}
			defer conn.Close()
			answer := make(chan error, 1)
			go func() { answer <- conn.Bind(s.BindDN, s.Password) }()
			select {
			case err := <-answer:
				t.Fatal("a stopped server answers:", err)
			case <-time.After(100 * time.Millisecond):
			}
			s.Cont()
			wantResult(t, <-answer, ldap.LDAPResultSuccess)
		})
	}
}

// beside are the servers that run in several test processes at once.
var beside = map[string]func(t testing.TB) *Server{
	"openldap":         processes["openldap"],
	"389ds":            processes["389ds"],
	"active-directory": ActiveDirectory,
}

// TestHelperProcess is the other process of TestProcesses: it starts a server, says where, and hangs until it is killed.
func TestHelperProcess(t *testing.T) {
	kind := os.Getenv("DIRTEST_HELPER")
	if kind == "" {
		return // started by TestProcesses alone
	}
	s := beside[kind](t)
	fmt.Printf("%s %s\n", s.URL, s.process.dir)
	select {}
}

// TestProcesses runs each server beside the same one of another test process, which is then killed: its server must end with it.
func TestProcesses(t *testing.T) {
	t.Parallel()
	for kind, here := range beside {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			own := here(t) // skips where the server is missing
			if kind == "active-directory" && own.domain.network.Load() == nil {
				return // in a container without network namespaces they take turns
			}
			other := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$")
			other.Env = append(os.Environ(), "DIRTEST_HELPER="+kind, "TMPDIR="+t.TempDir())
			out, err := other.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = other.Process.Kill() }) // where the test ends early
			var url, dir string
			if _, err := fmt.Fscanf(out, "%s %s\n", &url, &dir); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Remove(semaphore(dir)) }) // 389's, which nobody else removes
			if url == own.URL {
				t.Fatal("both processes have the same server")
			}
			wantResult(t, own.Bind(t, own.BindDN, own.Password), ldap.LDAPResultSuccess)
			pids := processesIn(t, dir)
			if len(pids) == 0 {
				t.Fatal("the other process's server does not run")
			}
			if err := other.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = other.Wait()
			for len(processesIn(t, dir)) > 0 { // the test's time limit ends this
				time.Sleep(10 * time.Millisecond)
			}
			wantResult(t, own.Bind(t, own.BindDN, own.Password), ldap.LDAPResultSuccess)
		})
	}
}

// processesIn returns the running processes whose working directory is dir, or in it.
func processesIn(t *testing.T, dir string) (pids []string) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target+"/", dir+"/") {
			pids = append(pids, filepath.Base(filepath.Dir(link)))
		}
	}
	return pids
}
