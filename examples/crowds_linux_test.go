package examples_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples/bridgetest"
)

const (
	// idlers are connections on which nothing is asked any more, dawdlers those of each kind of client that takes its time.
	idlers, dawdlers = 5_000, 200
	// crowdSize is what the program may hold of them all: some 40 KiB of each, and as much again until it is collected.
	crowdSize = 600 << 20
)

// TestCrowdsOfConnections: beside thousands of connections that are idle, send their requests octet by octet, read no answer or begin no
// request, on both listeners, others are served; and each ends when its time is over, whether it sends anything or not.
func TestCrowdsOfConnections(t *testing.T) {
	t.Parallel()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if need := uint64(idlers + 10*dawdlers); limit.Cur < need { // and so does the program
		t.Fatalf("the test opens %d files at once, and may open %d: ulimit -n", need, limit.Cur)
	}
	p := startProgram(t, bridgetest.Build(t), dirtest.Memory(t), "SCIMBRIDGE_ADMIN_ADDRESS=127.0.0.1:0",
		"SCIMBRIDGE_LISTEN_MAXCONNECTIONS=10000", "SCIMBRIDGE_LISTEN_READTIMEOUT=8s",
		"SCIMBRIDGE_LISTEN_WRITETIMEOUT=8s", "SCIMBRIDGE_LISTEN_IDLETIMEOUT=8s")
	scim, admin := strings.TrimPrefix(strings.TrimSuffix(p.url, "/scim/v2"), "http://"), strings.TrimPrefix(p.Admin, "http://")
	const head = "Host: x\r\nAuthorization: Bearer " + token + "\r\n"
	var c crowds
	c.come(t, idlers, scim, "GET /healthz HTTP/1.1\r\n"+head+"\r\n", "")
	c.come(t, dawdlers, scim, "", "")
	c.come(t, dawdlers, scim, "GET /scim/v2/Schemas HTTP/1.1\r\n"+head+"X: ", "x")
	c.come(t, dawdlers, scim, "POST /scim/v2/Users HTTP/1.1\r\n"+head+"Content-Length: 100000\r\n\r\n{", " ")
	c.come(t, dawdlers, scim, strings.Repeat("GET /scim/v2/Schemas HTTP/1.1\r\n"+head+"\r\n", 100), "unread")
	c.come(t, dawdlers, admin, "GET /healthz HTTP/1.1\r\n"+head+"\r\n", "")
	c.come(t, dawdlers, admin, "GET /healthz HTTP/1.1\r\n"+head+"X: ", "x")
	c.come(t, dawdlers, admin, "", "")
	for n := range 20 {
		if err := p.plainly(fmt.Sprintf("plain%d", n)); err != nil {
			t.Error(err)
		}
		answer, err := http.Get("http://" + admin + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("ready: %s", answer.Status)
		}
	}
	t.Logf("%d connections came, %d are there beside the others' requests; %d MiB at most",
		c.all.Load(), c.all.Load()-c.ended.Load(), p.resident(t, "VmHWM")>>20)
	if size := p.resident(t, "VmHWM"); size > crowdSize {
		t.Errorf("the program held %d MiB", size>>20)
	}
	c.end(t)
	if n := c.early.Load(); n > 0 {
		t.Errorf("%d connections ended before their time", n)
	}
}

// crowds are connections that stay until the server ends them.
type crowds struct {
	all, ended, early atomic.Int64
	open              sync.WaitGroup
}

// come opens connections that send a text, and then another every now and then.
func (c *crowds) come(t *testing.T, n int, address, first, then string) {
	t.Helper()
	for range n {
		begun := time.Now() // before the server's clock begins
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c.all.Add(1)
		c.open.Go(func() {
			_, _ = io.WriteString(conn, first)
			defer c.ended.Add(1)
			defer func() {
				if time.Since(begun) < 7*time.Second {
					c.early.Add(1)
				}
			}()
			defer conn.Close()
			if then == "" {
				_, _ = io.Copy(io.Discard, conn) // until the server ends it
				return
			}
			for { // likewise
				if _, err := io.WriteString(conn, strings.Replace(then, "unread", first, 1)); err != nil {
					return
				}
				time.Sleep(200 * time.Millisecond)
			}
		})
	}
}

// end waits until the server has ended all.
func (c *crowds) end(t *testing.T) {
	t.Helper()
	over := make(chan struct{})
	go func() {
		defer close(over)
		c.open.Wait()
	}()
	select {
	case <-over:
	case <-time.After(time.Minute):
		t.Errorf("%d connections are there still", c.all.Load()-c.ended.Load())
	}
}
