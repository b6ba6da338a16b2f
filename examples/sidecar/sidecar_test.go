//go:build linux

// Package sidecar_test makes the images and runs the README's commands, with Podman, on base images of this machine's own packages.
package sidecar_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"scimbridge/bridge/directory/dirtest"
	_ "scimbridge/config" // the image has the program, with every room: a change there makes this test's cached result void
	"scimbridge/examples/readmetest"
)

const root = "../.."

// TestTryIt runs the section "Try it", and sees then what becomes of the containers when one of them is started again, or is away.
func TestTryIt(t *testing.T) {
	p := newPodman(t)
	blocks := readmetest.Read(t, "README.md", "Try it")
	if len(blocks) != 6 {
		t.Fatalf("README.md has %d blocks of commands", len(blocks))
	}
	build, start, use, end := blocks[0], blocks[1], blocks[2:5], blocks[5]

	p.building(func() { p.Run(t, ".ci/images\n"+build.Commands) })
	p.Run(t, start.Commands)
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := p.Command("podman logs scimbridge; podman logs openldap").CombinedOutput()
			t.Logf("%s", out)
		}
		p.Run(t, end.Commands)
		if left := p.Run(t, "podman ps --all --quiet; podman volume ls --quiet"); left != "" {
			t.Errorf("what is left: %s", left)
		}
	})
	p.health(t, "openldap", true)
	p.health(t, "scimbridge", true)
	p.Play(t, use)

	journal := p.Run(t, use[2].Commands)
	for _, done := range []string{"created", "blocked"} {
		if !strings.Contains(journal, done) {
			t.Errorf("the journal has no %s:\n%s", done, journal)
		}
	}
	p.Run(t, "podman restart scimbridge")
	if again := p.Run(t, use[2].Commands); again != journal {
		t.Errorf("the journal after the start:\n%s\nbefore:\n%s", again, journal)
	}
	p.health(t, "scimbridge", true)
	p.Run(t, "podman stop openldap")
	p.health(t, "scimbridge", false)
	p.Run(t, "podman exec scimbridge /scimbridge health --live && podman start openldap")
	p.health(t, "scimbridge", true)

	p.image(t)
}

// podman is a reader in a clone of the repository and a network of their own, whose Podman keeps its images, containers and networks apart
// from the machine's.
type podman struct {
	*readmetest.Reader
	files string
}

// conf is a containers.conf: it asks no more of setrlimit than every machine grants, and has runc, which runs where crun does not (cgroups
// v1 beside v2).
const conf = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
volumes = [%s]
[network]
network_config_dir = "%s/networks"
[engine]
runtime = "runc"
lock_type = "file"
tmp_dir = "%[2]s/tmp"
events_logger = "none"
`

const storage = `[storage]
driver = "overlay"
graphroot = "%s/graph"
runroot = "%[1]s/run"
`

func newPodman(t *testing.T) *podman {
	t.Helper()
	const install = "as root on Debian: apt-get install podman podman-compose runc netavark aardvark-dns iptables " +
		"slapd ldap-utils openssl curl git"
	for _, program := range []string{
		"podman", "podman-compose", "runc", "iptables", "slapd", "ldapwhoami", "openssl", "curl", "git", "dpkg-query", "bash", "go",
	} {
		if _, err := exec.LookPath(program); err != nil {
			dirtest.LeaveOut(t, "The containers", program+" is not installed", install)
		}
	}
	if os.Geteuid() != 0 {
		dirtest.LeaveOut(t, "The containers", "a network and images of the test's own", "run it as root")
	}
	// The image's build downloads every module whole, more than this machine's own builds took, and it has no network.
	if out, err := exec.Command("go", "mod", "download").CombinedOutput(); err != nil {
		t.Fatalf("go mod download: %v\n%s", err, out)
	}
	dirtest.OwnNetwork(t)
	// A bridge of Linux has the lowest hardware address of its ports. It may be another with each container that comes or goes: then the
	// others are to be told, and not to send into the void until they ask again, up to a minute later.
	if err := os.WriteFile("/proc/sys/net/ipv4/conf/all/arp_notify", []byte("1"), 0); err != nil {
		dirtest.LeaveOutHere(t, "The containers", err.Error(), "allow sysctl in a network of its own")
	}
	if err := ownRun(); err != nil {
		dirtest.LeaveOutHere(t, "The containers", err.Error(), "allow mounts")
	}
	files, err := os.MkdirTemp("", "podman")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(files) })
	p := &podman{&readmetest.Reader{Dir: files}, files}
	goes, err := exec.Command("go", "env", "GOROOT", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Fields(string(goes))
	for name, text := range map[string]string{
		"storage.conf":    fmt.Sprintf(storage, files),
		"containers.conf": fmt.Sprintf(conf, "", files),
		"building.conf": fmt.Sprintf(conf, fmt.Sprintf("%q, %q, %q",
			paths[0]+":/usr/local/go:ro", paths[1]+":/go/pkg/mod", paths[2]+":/root/.cache/go-build"), files),
	} {
		if err := os.WriteFile(filepath.Join(files, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.Environ = []string{"CONTAINERS_STORAGE_CONF=" + files + "/storage.conf", "CONTAINERS_CONF=" + files + "/containers.conf"}
	p.tries(t)
	p.Dir = readmetest.Clone(t, root)
	return p
}

// ownRun gives the test's thread, which forks every command, a /run/containers of its own: there Podman's networks have their state,
// wherever its images are.
func ownRun() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("mount", err)
	}
	const run = "/run/containers"
	if err := os.MkdirAll(run, 0o700); err != nil {
		return err
	}
	return os.NewSyscallError("mount", unix.Mount("tmpfs", run, "tmpfs", 0, ""))
}

// tries leaves the test out where Podman can run nothing at all, whatever is installed: in a container without rights, say.
func (p *podman) tries(t *testing.T) {
	t.Helper()
	out, err := p.Command(`set -e
		mkdir -p root/proc root/dev root/sys
		printf 'package main\nfunc main() {}\n' >trivial.go
		CGO_ENABLED=0 go build -o root/trivial trivial.go
		tar -C root -c . | podman import --quiet - localhost/trivial
		podman run --rm localhost/trivial /trivial
		podman rmi localhost/trivial`).CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		dirtest.LeaveOutHere(t, "The containers", "podman runs none here: "+lines[len(lines)-1], "try `podman run` on this machine")
	}
}

// building has what do does find this machine's Go and its caches in the place of the golang image's.
func (p *podman) building(do func()) {
	run := p.Environ
	p.Environ = append(run[:1:1], "CONTAINERS_CONF="+p.files+"/building.conf")
	do()
	p.Environ = run
}

// health waits for a container's health check to succeed, or to fail.
func (p *podman) health(t *testing.T, container string, well bool) {
	t.Helper()
	const patience = time.Minute
	for limit := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		out, err := p.Command("podman healthcheck run " + container).CombinedOutput()
		if (err == nil) == well {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("%s: %v, want well: %v\n%s", container, err, well, out)
		}
	}
}

// image holds the README's size of the image to what it is, and the program to the commit that it was built of.
func (p *podman) image(t *testing.T) {
	t.Helper()
	size, err := strconv.Atoi(strings.TrimSpace(p.Run(t, "podman image inspect --format '{{.Size}}' localhost/scimbridge 2>/dev/null")))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const mb = 1_000_000
	said := regexp.MustCompile(`(\d+) MB`).FindSubmatch(text)
	if want, err := strconv.Atoi(string(said[1])); err != nil || size > (want+3)*mb || size < (want-3)*mb {
		t.Errorf("the image has %d bytes, README.md says %s", size, said[0])
	}
	commit := strings.TrimSpace(p.Run(t, "git rev-parse HEAD"))
	if version := p.Run(t, "podman exec scimbridge /scimbridge version"); !strings.Contains(version, commit) {
		t.Errorf("%s, of %s", version, commit)
	}
}
