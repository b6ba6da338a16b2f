package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples"
	"scimbridge/examples/bridgetest"
)

// site is scimbridge as its users run it, a process in front of a slapd with users.
type site struct {
	server    *dirtest.Server
	proxy     *dirtest.Proxy // between them, where what the bridge asks is counted
	loading   time.Duration  // of the users
	pid       int
	ready     time.Duration    // from its start
	arguments []string         // of scimbench, to measure both
	command   func() *exec.Cmd // as it was started
	directory []string         // those of arguments that name it
}

// serve starts one.
func serve(t testing.TB, users int, counted bool) *site {
	t.Helper()
	s := &site{}
	begun := time.Now()
	s.server = dirtest.OpenLDAP(t, dirtest.Schema(examples.OpenLDAPSchema), dirtest.MaxSize(1<<30+users*8<<10),
		dirtest.Config("index scimExternalId,scimUserName,employeeNumber eq", "index sn,givenName,displayName eq"), // as the example
		dirtest.Overlay("syncprov"), dirtest.Synced(),
		dirtest.WithoutRefint(), // which after each delete looks through the whole directory, beside what is measured next
		dirtest.Entries(func(to io.Writer) error { return writeUsers(to, users) }))
	s.loading = time.Since(begun)
	url := s.server.URL
	if counted {
		s.proxy = dirtest.Counted(t, s.server)
		url = s.proxy.URL
	}

	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	token, password := file("token", strings.Repeat("bench-", 8)), file("password", s.server.Password)
	bridge := exec.Command(bridgetest.Build(t), "serve", "--config", filepath.Join("..", "..", "examples", "openldap", "scimbridge.yaml"))
	bridge.Env = append(os.Environ(),
		"SCIMBRIDGE_LISTEN_ADDRESS=127.0.0.1:0", "SCIMBRIDGE_DIRECTORY_URLS="+url, "SCIMBRIDGE_DIRECTORY_BIND_DN="+s.server.BindDN,
		"SCIMBRIDGE_DIRECTORY_BIND_PASSWORDFILE="+password, "SCIMBRIDGE_ACCESS_TOKENFILE="+token,
		"SCIMBRIDGE_RESOURCES_0_BASE="+s.server.People, "SCIMBRIDGE_RESOURCES_1_BASE="+s.server.Groups,
		"SCIMBRIDGE_LISTEN_REQUESTTIMEOUT=100s") // to find the places of a million users may take longer than the 30 s by default
	env := bridge.Env
	s.command = func() *exec.Cmd {
		bridge := exec.Command(bridge.Path, bridge.Args[1:]...)
		bridge.Env = slices.Clone(env)
		return bridge
	}
	s.start(t, bridge)
	_, base, _ := strings.Cut(s.server.People, ",")
	s.directory = []string{
		"--token-file", token, "--ldap-url", s.server.URL, "--ldap-bind-dn", s.server.BindDN,
		"--ldap-password-file", password, "--ldap-base", base,
	}
	s.arguments = append(s.arguments, s.directory...)
	return s
}

// beside starts another bridge on the same directory, with more in its environment.
func (s *site) beside(t testing.TB, environment ...string) *site {
	t.Helper()
	other := &site{server: s.server, command: s.command, directory: s.directory}
	bridge := s.command()
	bridge.Env = append(bridge.Env, environment...)
	other.start(t, bridge)
	other.arguments = append(other.arguments, s.directory...)
	return other
}

// start has the bridge serve until the test ends. Its address is scimbench's first argument.
func (s *site) start(t testing.TB, bridge *exec.Cmd) {
	t.Helper()
	log, err := bridge.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := bridge.Start(); err != nil {
		t.Fatal(err)
	}
	s.pid = bridge.Process.Pid
	t.Cleanup(func() {
		bridge.Process.Signal(syscall.SIGTERM)
		if err := bridge.Wait(); err != nil {
			t.Errorf("scimbridge: %v", err)
		}
	})
	listening := regexp.MustCompile(`listening\W+url\W+(http[^" ]+)`)
	lines := bufio.NewScanner(log)
	url := ""
	late := time.AfterFunc(2*time.Minute, func() { _ = bridge.Process.Kill() })
	for url == "" && lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			url = found[1]
		}
	}
	late.Stop()
	if url == "" {
		t.Fatal("scimbridge does not listen")
	}
	go io.Copy(io.Discard, log)
	s.arguments = []string{url}
	asks := http.Client{Timeout: time.Minute}
	for {
		answer, err := asks.Get(strings.TrimSuffix(url, "/scim/v2") + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if s.ready = time.Since(begun); answer.StatusCode == http.StatusOK {
			return
		}
		if s.ready > time.Minute {
			t.Fatalf("/readyz: %s", answer.Status)
		}
		time.Sleep(time.Millisecond)
	}
}

// writeUsers writes the LDIF of users.
func writeUsers(to io.Writer, users int) error {
	for i := range users {
		_, err := fmt.Fprintf(to, "dn: uid=user%07d@contoso.example,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\n"+
			"objectClass: scimbridgeUser\nuid: user%07[1]d@contoso.example\ncn: Us%[2]d Er%[3]d\nsn: Er%[3]d\ngivenName: Us%[2]d\n"+
			"displayName: Us%[2]d Er%[3]d\ntitle: Clerk\nmail: user%07[1]d@contoso.example\nuserAccountControl: 512\n\n", i, i%100, i%997)
		if err != nil {
			return err
		}
	}
	return nil
}

// resident is how much memory the bridge has (VmRSS), or had at the most (VmHWM), as a report says it and in octets: 0 where it cannot be
// told.
func (s *site) resident(field string) (text string, octets int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	for line := range strings.Lines(string(status)) {
		if size, ok := strings.CutPrefix(line, field+":"); ok {
			kilo, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(size), " kB"))
			return fmt.Sprintf("%d MB", (kilo<<10+500_000)/1_000_000), kilo << 10
		}
	}
	return "unknown on " + runtime.GOOS, 0
}

// forgetPeak has VmHWM begin anew.
func (s *site) forgetPeak() {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.pid), []byte("5"), 0)
}

// machine describes what all of it runs on.
func (s *site) machine() string {
	return fmt.Sprintf("%s, %d cores, %s, %s, %s", field("/proc/cpuinfo", "model name", runtime.GOARCH), runtime.NumCPU(),
		strings.Trim(field("/etc/os-release", "PRETTY_NAME", runtime.GOOS), `"`), runtime.Version(), s.server.Version())
}

// field is what a file says of a name, or else.
func field(file, name, otherwise string) string {
	text, _ := os.ReadFile(file)
	found := regexp.MustCompile(`(?m)^` + name + `\s*[:=]\s*(.*)$`).FindSubmatch(text)
	if found == nil {
		return otherwise
	}
	return string(found[1])
}
