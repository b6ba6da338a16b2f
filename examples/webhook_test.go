package examples_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scimbridge/bridge/store/storetest"
	"scimbridge/examples/bridgetest"
)

// webhookKey is a file with a key.
func webhookKey(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "webhook.key")
	if err := os.WriteFile(file, []byte("whsec_"+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// startReceiver has the example of a receiver run as a process of its own; told are the lines that it prints, without the time.
func startReceiver(t testing.TB, keyFile string) (url string, told <-chan string) {
	t.Helper()
	folder := t.TempDir()
	binary := filepath.Join(folder, "webhook")
	if out, err := exec.Command("go", "build", "-o", binary, "./webhook").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	receiver := exec.CommandContext(t.Context(), binary, "-listen", "127.0.0.1:0", "-key", keyFile, "-seen", filepath.Join(folder, "seen"))
	stdout, err := receiver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := receiver.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for scan := bufio.NewScanner(stdout); scan.Scan(); {
			_, line, _ := strings.Cut(scan.Text(), " ")
			lines <- line
		}
		_, _ = io.Copy(io.Discard, stderr)
	}()
	t.Cleanup(func() { // after t.Context has ended it
		<-read
		_ = receiver.Wait()
	})
	return strings.TrimSpace(line[strings.Index(line, "http://"):]), lines
}

// TestWebhook: what is done to users and groups is told to the example's receiver, each once, in order, though the bridge is stopped and
// started again meanwhile.
func TestWebhook(t *testing.T) {
	t.Parallel()
	binary, server, o := bridgetest.Build(t), openLDAP(t), storetest.SQLite(t)
	key := webhookKey(t)
	url, told := startReceiver(t, key)
	env := append(stored(t, o), "SCIMBRIDGE_WEBHOOK_URL="+url, "SCIMBRIDGE_WEBHOOK_KEYFILE="+key)
	p := startProgram(t, binary, server, env...)
	mara := p.user(t, "mara@contoso.example")
	group := p.group(t, "Cooks", mara)
	record := regexp.MustCompile(`, record [0-9]+-[0-9]+$`)
	got := func(n int) (lines []string) {
		t.Helper()
		for range n {
			lines = append(lines, record.ReplaceAllString(<-told, ""))
		}
		slices.SortStableFunc(lines, func(a, b string) int { // of each resource in its order
			return strings.Compare(strings.Fields(a)[3], strings.Fields(b)[3])
		})
		return lines
	}
	want := func(lines []string, wanted ...string) {
		t.Helper()
		if !slices.Equal(lines, wanted) {
			t.Errorf("told were\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(wanted, "\n"))
		}
	}
	const written, by = "resource.written written ", " by token"
	want(got(2),
		written+`Group "Cooks" create [created membersAdded]`+by,
		written+`User "mara@contoso.example" create [created]`+by,
	)
	p.want(t, http.StatusOK, http.MethodPatch, "/Users/"+mara, operations(replace("title", `"cook"`)))
	p.want(t, http.StatusOK, http.MethodPatch, "/Users/"+mara, disable)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p = startProgram(t, binary, server, env...)
	p.want(t, http.StatusNoContent, http.MethodDelete, "/Groups/"+group, "")
	want(got(3),
		written+`Group "Cooks" delete [deleted]`+by,
		written+`User "mara@contoso.example" patch [changed]`+by,
		written+`User "mara@contoso.example" patch [blocked]`+by,
	)
	select {
	case line := <-told:
		t.Errorf("and then %s", line)
	default:
	}
}
