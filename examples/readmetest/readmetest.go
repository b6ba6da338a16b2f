// Package readmetest runs the commands of a README word for word, as a reader types them into terminals.
package readmetest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Block is a block of commands.
type Block struct {
	Commands string
	Prints   string // what they print, where the README shows it
	shown    bool
}

var fence = regexp.MustCompile("(?ms)^ *```(?:sh|ldif)\n(.*?)^ *```\n(?: *```text\n(.*?)^ *```\n)?")

// Read returns the blocks under a heading of a README ("" for all of it).
func Read(t testing.TB, file, heading string) []Block {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	if heading != "" {
		_, text, _ = strings.Cut(text, "\n## "+heading+"\n")
		text, _, _ = strings.Cut(text, "\n## ")
	}
	var blocks []Block
	for _, found := range fence.FindAllStringSubmatchIndex(text, -1) {
		commands := text[found[2]:found[3]]
		indent := commands[:len(commands)-len(strings.TrimLeft(commands, " "))]
		b := Block{Commands: regexp.MustCompile("(?m)^"+indent).ReplaceAllString(commands, "")}
		if found[4] >= 0 {
			b.Prints, b.shown = text[found[4]:found[5]], true
		}
		blocks = append(blocks, b)
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no commands under %q", file, heading)
	}
	return blocks
}

// Reader types commands.
type Reader struct {
	Dir     string   // where
	Environ []string // besides os.Environ
	// Here, if it is set, puts a test's addresses and folders in the place of the README's.
	Here func(commands string) string
}

// Newcomer is a reader who has just cloned the repository at root, with nothing of her own on the machine but what Go has fetched and
// compiled.
func Newcomer(t testing.TB, root string) Reader {
	t.Helper()
	caches, err := exec.Command("go", "env", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Split(string(caches), "\n")
	home := t.TempDir()
	return Reader{Dir: Clone(t, root), Environ: []string{"HOME=" + home, "GOMODCACHE=" + paths[0], "GOCACHE=" + paths[1]}}
}

// building has Go build as it does for the image, in whichever folder: what one of these tests has compiled the others find.
var building = sync.OnceValue(func() []string {
	flags, err := exec.Command("go", "env", "GOFLAGS").Output()
	if err != nil {
		panic(err)
	}
	return []string{"CGO_ENABLED=0", "GOFLAGS=" + strings.TrimSpace(string(flags)) + " -trimpath"}
})

// Command is a shell that runs commands.
func (r Reader) Command(commands string) *exec.Cmd {
	if r.Here != nil {
		commands = r.Here(commands)
	}
	shell := exec.Command("bash", "-c", commands)
	shell.Dir, shell.Env = r.Dir, append(append(os.Environ(), building()...), r.Environ...)
	return shell
}

// Run runs commands that must succeed, each of them, and returns what they print.
func (r Reader) Run(t testing.TB, commands string) string {
	t.Helper()
	out, err := r.Command("set -e -o pipefail\n" + commands).CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", commands, err, out)
	}
	return string(out)
}

// Play runs blocks in one shell, and holds what each prints to the README.
func (r Reader) Play(t testing.TB, blocks []Block) {
	t.Helper()
	const end = "\x1e"
	script := ""
	for _, b := range blocks {
		script += b.Commands + "printf '" + end + "'\n"
	}
	out, err := r.Command(script).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	printed := strings.Split(string(out), end)
	for i, b := range blocks {
		if i < len(printed) && b.shown {
			// ldapsearch ends an entry with an empty line.
			if diff := cmp.Diff(b.Prints, strings.Replace(printed[i], "\n\n", "\n", 1)); diff != "" {
				t.Errorf("%s(-README +printed):\n%s", b.Commands, diff)
			}
		}
	}
}

// readyWithin is until what is started is ready: it may have to be compiled first.
const readyWithin = 10 * time.Minute

// ending is how long before go test ends it a test gives up to wait, and says for what.
const ending = 30 * time.Second

// Serve runs commands of which the last is a server, in a terminal of its own, until the test ends, and returns when the commands ready
// succeed. How long that takes depends on what else the machine does: a domain is made, and `go run` compiles.
func (r Reader) Serve(t *testing.T, commands, ready string) {
	t.Helper()
	var log bytes.Buffer
	server := r.Command("set -e\n" + commands)
	server.Stdout, server.Stderr = &log, &log
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-server.Process.Pid, syscall.SIGTERM) // it may have ended
		<-ended
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for until := time.Now().Add(readyWithin); r.Command(ready).Run() != nil; {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s\nended: %v", commands, err)
		case <-time.After(50 * time.Millisecond):
		}
		if end, has := t.Deadline(); has && time.Until(end) < ending || time.Now().After(until) {
			t.Fatalf("%s\nis not ready", commands)
		}
	}
}

// Clone clones the repository, with what of it stands in the work tree of root, into a folder of the test's, as a reader has it.
func Clone(t testing.TB, root string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "scimbridge")
	Reader{Dir: root}.Run(t, "git clone --quiet . "+dir+`
		git ls-files -z --deleted | (cd `+dir+` && xargs -0r rm)
		git ls-files -z --modified --others --exclude-standard | while IFS= read -rd '' file; do
			[ ! -e "$file" ] || cp --parents -a "$file" `+dir+`
		done`)
	return dir
}
