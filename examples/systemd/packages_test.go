//go:build linux

// Package systemd_test makes the packages, and looks at what they hold and what systemd says of the unit.
package systemd_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/directory/dirtest"
	_ "scimbridge/config" // the packages have the program, with every room: a change there makes this test's cached result void
	"scimbridge/examples/readmetest"
)

// TestPackages makes the packages as the README says, and installs the Debian one into a folder.
func TestPackages(t *testing.T) {
	for _, program := range []string{"dpkg-deb", "rpm", "systemd-analyze", "systemd-sysusers", "make", "git", "bash", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			dirtest.LeaveOut(t, "The packages", program+" is not installed", "on Debian: apt-get install dpkg rpm systemd make git")
		}
	}
	r := readmetest.Newcomer(t, "../..")
	if out, err := r.Command("go tool -modfile=examples/systemd/nfpm.mod nfpm --version").CombinedOutput(); err != nil {
		dirtest.LeaveOutHere(t, "The packages", "nfpm cannot be had: "+strings.TrimSpace(string(out)), "let Go fetch modules")
	}
	r.Run(t, readmetest.Read(t, "README.md", "The packages")[0].Commands)

	// Debian's has each file, with the folders above it; Red Hat's has the files.
	files := func(list string) []string {
		var names []string
		for name := range strings.Lines(r.Run(t, list)) {
			if name = strings.TrimSpace(name); !strings.HasSuffix(name, "/") && name != "/etc/scimbridge" {
				names = append(names, name)
			}
		}
		return names
	}
	deb := files("dpkg-deb --fsys-tarfile dist/scimbridge_*.deb | tar t | sed 's#^\\.##'")
	if diff := cmp.Diff(deb, files("rpm -qpl dist/scimbridge-*.rpm")); diff != "" {
		t.Errorf("-deb +rpm:\n%s", diff)
	}
	for _, name := range []string{
		"/usr/bin/scimbridge", "/usr/lib/systemd/system/scimbridge.service", "/usr/share/doc/scimbridge/examples/openldap.yaml",
	} {
		if !strings.Contains(strings.Join(deb, "\n")+"\n", name+"\n") {
			t.Errorf("the package lacks %s", name)
		}
	}

	r.Run(t, `dpkg-deb --extract dist/scimbridge_*.deb dist/root && dpkg-deb --control dist/scimbridge_*.deb dist/root/DEBIAN
		sh -n dist/root/DEBIAN/postinst && sh -n dist/root/DEBIAN/prerm
		mkdir dist/root/bin && cp /bin/true dist/root/bin/kill # which the unit names
		systemd-sysusers --root="$PWD/dist/root" scimbridge.conf && grep ^scimbridge: dist/root/etc/passwd
		[ "$(stat -c %a dist/root/etc/scimbridge)" = 750 ]
		for example in dist/root/usr/share/doc/scimbridge/examples/*.yaml; do dist/root/usr/bin/scimbridge check --config $example; done`)
	commit := strings.TrimSpace(r.Run(t, "git rev-parse --short=12 HEAD"))
	version := r.Run(t, "dpkg-deb --field dist/scimbridge_*.deb Version; dist/root/usr/bin/scimbridge version")
	if strings.Count(version, commit) < 2 {
		t.Errorf("of %s:\n%s", commit, version)
	}

	// Units that it names (network-online.target) are not in that folder; what it says of this one counts.
	out, _ := r.Command(`systemd-analyze verify --root="$PWD/dist/root" scimbridge.service 2>&1`).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "scimbridge.service") && !strings.Contains(line, "not found") {
			t.Errorf("systemd-analyze verify: %s", line)
		}
	}
	exposed := regexp.MustCompile(`exposure level for scimbridge.service: ([0-9.]+)`).FindStringSubmatch(
		r.Run(t, "systemd-analyze security --offline=true examples/systemd/scimbridge.service"))
	if level, err := strconv.ParseFloat(exposed[1], 64); err != nil || level > 1.5 {
		t.Errorf("exposure level %v, %v", level, err)
	}
}
